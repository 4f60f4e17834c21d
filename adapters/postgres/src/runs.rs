use crate::database::{Call, Database, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::store::row_limit;
use crate::text::{escape, unescape};
use akin_entities::{Timestamp, Version};
use akin_ports::{
    MAX_RUNS, NewRun, PortResult, RUN_LEASE, Run, RunCounts, RunEnd, RunHolder, RunLog, RunOutcome,
    RunStart, lease_is_valid,
};
use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection};
use std::sync::Arc;
use std::time::Duration;

/// A [`RunLog`] in a table of a [`crate::PostgresEngine`].
#[derive(Clone, Debug)]
pub struct PostgresRuns {
    pub(crate) database: Arc<Database>,
}

/// The server's time in microseconds since 1970.
pub(crate) const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

#[async_trait]
impl RunLog for PostgresRuns {
    async fn begin(&self, run: &NewRun) -> PortResult<RunStart> {
        self.database.call(&BeginRun(run)).await
    }

    async fn renew(&self, version: Version) -> PortResult<bool> {
        self.database.call(&RenewRun(version)).await
    }

    async fn finish(&self, version: Version, end: &RunEnd) -> PortResult<()> {
        self.database.call(&FinishRun { version, end }).await
    }

    async fn last(&self, limit: usize) -> PortResult<Vec<Run>> {
        self.database.call(&ListRuns { limit }).await
    }
}

/// Inserts a run unless another holds the lease, and deletes the oldest.
struct BeginRun<'a>(&'a NewRun);

#[async_trait]
impl Call for BeginRun<'_> {
    type Answer = RunStart;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<RunStart, Failure> {
        let Self(run) = self;
        let mut transaction = connection.begin().await?;
        // Whoever writes in an older version has finished, or will be refused.
        let sql = names.fill("SELECT newest FROM {versions} FOR UPDATE");
        let newest = query(sql).fetch_one(&mut *transaction).await?;
        let last = ListRuns { limit: 1 }.run(&mut transaction, names).await?.pop();
        if let Some(last) = last {
            if last.holder.as_ref().is_some_and(|holder| holder.key == run.holder.key) {
                return Ok(RunStart::Begun(last.version));
            }
            if last.holds_lease && run.gone != Some(last.version) {
                return Ok(RunStart::Held(Box::new(last)));
            }
        }
        let now = query(format!("SELECT {NOW}")).fetch_one(&mut *transaction).await?;
        let now = Timestamp(get(&now, 0)?);
        let version = Version::of_next_run(now, Version(get(&newest, 0)?));
        insert(&mut transaction, names, run, version, now).await?;
        transaction.commit().await?;
        Ok(RunStart::Begun(version))
    }
}

async fn insert(
    transaction: &mut PgConnection,
    names: &Names,
    run: &NewRun,
    version: Version,
    now: Timestamp,
) -> Result<(), Failure> {
    let sql = names.fill("UPDATE {versions} SET run = $1, newest = $2");
    let update = query(sql).bind(version.0).bind(version.last_of_run().0);
    update.execute(&mut *transaction).await?;
    let sql = "INSERT INTO {runs} (version, began, feeds, holder, holder_key, expires)
               VALUES ($1, $2, $3, $4, $5, $2 + $6)";
    let feeds: Vec<_> = run.feeds.iter().map(|feed| escape(feed)).collect();
    let insert = query(names.fill(sql)).bind(version.0).bind(now.0).bind(feeds);
    let insert = insert.bind(escape(&run.holder.name)).bind(escape(&run.holder.key));
    insert.bind(lease()).execute(&mut *transaction).await?;
    let sql = "DELETE FROM {runs} WHERE number <= (
                   SELECT number FROM {runs} ORDER BY number DESC LIMIT 1 OFFSET $1)";
    query(names.fill(sql)).bind(row_limit(MAX_RUNS)).execute(transaction).await?;
    Ok(())
}

/// Returns the length of a lease in microseconds.
fn lease() -> i64 {
    i64::try_from(RUN_LEASE.as_micros()).unwrap_or(i64::MAX)
}

/// Renews the lease of a run, and returns whether it holds it.
struct RenewRun(Version);

#[async_trait]
impl Call for RenewRun {
    type Answer = bool;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<bool, Failure> {
        let sql = format!(
            "UPDATE {{runs}} SET expires = {NOW} + $2 WHERE version = $1 AND outcome IS NULL
                 AND number = (SELECT max(number) FROM {{runs}})"
        );
        let renew = query(names.fill(&sql)).bind(self.0.0).bind(lease());
        Ok(renew.execute(connection).await?.rows_affected() > 0)
    }
}

/// Records how a run ended, unless it has ended.
struct FinishRun<'a> {
    version: Version,
    end: &'a RunEnd,
}

#[async_trait]
impl Call for FinishRun<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        let sql =
            "UPDATE {runs} SET outcome = $2, reason = $3, took = $4, read = $5, inserted = $6,
                       changed = $7, unchanged = $8, held_newer = $9, repeated = $10,
                       removed = $11, quarantined = $12, blanked = $13, embedded = $14,
                       updated_fields = $15, failed = $16
                   WHERE version = $1 AND outcome IS NULL";
        let RunEnd { outcome, took, counts } = self.end;
        let (outcome, reason) = outcome.parts();
        let took = i64::try_from(took.as_micros()).unwrap_or(i64::MAX);
        let mut update = query(names.fill(sql)).bind(self.version.0).bind(outcome);
        update = update.bind(reason.map(escape)).bind(took);
        for position in 0..RunCounts::NAMES.len() {
            update = update.bind(counts.map(|counts| counts.values()[position].cast_signed()));
        }
        update.execute(connection).await?;
        Ok(())
    }
}

/// Lists the latest runs, the most recent first. Only the last may hold a lease.
struct ListRuns {
    limit: usize,
}

#[async_trait]
impl Call for ListRuns {
    type Answer = Vec<Run>;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<Vec<Run>, Failure> {
        let sql = format!(
            "SELECT version, began, feeds, holder, holder_key, expires, {NOW}, outcome, reason,
                 took, read, inserted, changed, unchanged, held_newer, repeated, removed,
                 quarantined, blanked, embedded, updated_fields, failed
             FROM {{runs}} ORDER BY number DESC LIMIT $1"
        );
        let rows =
            query(names.fill(&sql)).bind(row_limit(self.limit)).fetch_all(connection).await?;
        let mut runs = rows.iter().map(run).collect::<Result<Vec<_>, _>>()?;
        runs.iter_mut().skip(1).for_each(|run| run.holds_lease = false);
        Ok(runs)
    }
}

fn run(row: &PgRow) -> Result<Run, Failure> {
    let feeds: Vec<String> = get(row, 2)?;
    let (name, key): (Option<String>, Option<String>) = (get(row, 3)?, get(row, 4)?);
    let holder = name.zip(key);
    let holder = holder.map(|(name, key)| RunHolder { name: unescape(name), key: unescape(key) });
    let (expires, now): (Option<i64>, i64) = (get(row, 5)?, get(row, 6)?);
    let end = end(row)?;
    let holds_lease = end.is_none()
        && expires.is_some_and(|expires| lease_is_valid(Timestamp(expires), Timestamp(now)));
    Ok(Run {
        version: Version(get(row, 0)?),
        began: Timestamp(get(row, 1)?),
        holder,
        feeds: feeds.into_iter().map(unescape).collect(),
        holds_lease,
        end,
    })
}

fn end(row: &PgRow) -> Result<Option<RunEnd>, Failure> {
    let Some(name) = get::<Option<String>>(row, 7)? else { return Ok(None) };
    let outcome = RunOutcome::from_parts(&name, get::<Option<String>>(row, 8)?.map(unescape));
    let unknown = || Failure::corrupt(format!("a run has the unknown outcome {name:?}"));
    let (outcome, took) = (outcome.ok_or_else(unknown)?, get::<i64>(row, 9)?);
    let took = Duration::from_micros(took.cast_unsigned());
    let mut counts = [0; RunCounts::NAMES.len()];
    for (column, count) in (10..).zip(&mut counts) {
        let Some(value) = get::<Option<i64>>(row, column)? else {
            return Ok(Some(RunEnd { outcome, took, counts: None }));
        };
        *count = value.cast_unsigned();
    }
    Ok(Some(RunEnd { outcome, took, counts: Some(RunCounts::from_values(counts)) }))
}
