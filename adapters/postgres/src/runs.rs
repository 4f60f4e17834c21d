use crate::database::{Call, Database, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::store::row_limit;
use crate::text::{escape, unescape};
use akin_entities::Timestamp;
use akin_ports::{MAX_RUNS, PortResult, Run, RunCounts, RunEnd, RunLog, RunOutcome};
use async_trait::async_trait;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use std::sync::Arc;
use std::time::Duration;

/// A [`RunLog`] in a table of a [`crate::PostgresEngine`].
#[derive(Clone, Debug)]
pub struct PostgresRuns {
    pub(crate) database: Arc<Database>,
}

#[async_trait]
impl RunLog for PostgresRuns {
    async fn begin(&self, began: Timestamp, feeds: &[String]) -> PortResult<()> {
        self.database.call(&BeginRun { began, feeds }).await
    }

    async fn finish(&self, began: Timestamp, end: &RunEnd) -> PortResult<()> {
        self.database.call(&FinishRun { began, end }).await
    }

    async fn last(&self, limit: usize) -> PortResult<Vec<Run>> {
        self.database.call(&ListRuns { limit }).await
    }
}

/// Inserts a run unless it exists, and deletes the oldest.
struct BeginRun<'a> {
    began: Timestamp,
    feeds: &'a [String],
}

#[async_trait]
impl Call for BeginRun<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        let sql =
            "INSERT INTO {runs} (began, feeds) VALUES ($1, $2) ON CONFLICT (began) DO NOTHING";
        let feeds: Vec<_> = self.feeds.iter().map(|feed| escape(feed)).collect();
        let insert = query(names.fill(sql)).bind(self.began.0).bind(feeds);
        insert.execute(&mut *connection).await?;
        // A separate statement, so that of several concurrent runs the last one sees all.
        let sql = "DELETE FROM {runs} WHERE number <= (
                       SELECT number FROM {runs} ORDER BY number DESC LIMIT 1 OFFSET $1)";
        query(names.fill(sql)).bind(row_limit(MAX_RUNS)).execute(connection).await?;
        Ok(())
    }
}

/// Records how a run ended, unless it has ended.
struct FinishRun<'a> {
    began: Timestamp,
    end: &'a RunEnd,
}

#[async_trait]
impl Call for FinishRun<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        let sql =
            "UPDATE {runs} SET outcome = $2, reason = $3, took = $4, read = $5, inserted = $6,
                       changed = $7, unchanged = $8, removed = $9, quarantined = $10,
                       embedded = $11, updated_fields = $12, failed = $13
                   WHERE began = $1 AND outcome IS NULL";
        let RunEnd { outcome, took, counts } = self.end;
        let (outcome, reason) = outcome.parts();
        let took = i64::try_from(took.as_micros()).unwrap_or(i64::MAX);
        let mut update = query(names.fill(sql)).bind(self.began.0).bind(outcome);
        update = update.bind(reason.map(escape)).bind(took);
        for position in 0..RunCounts::NAMES.len() {
            update = update.bind(counts.map(|counts| counts.values()[position].cast_signed()));
        }
        update.execute(connection).await?;
        Ok(())
    }
}

/// Lists the latest runs, the most recent first.
struct ListRuns {
    limit: usize,
}

#[async_trait]
impl Call for ListRuns {
    type Answer = Vec<Run>;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<Vec<Run>, Failure> {
        let sql = "SELECT began, feeds, outcome, reason, took, read, inserted, changed, unchanged,
                       removed, quarantined, embedded, updated_fields, failed
                   FROM {runs} ORDER BY number DESC LIMIT $1";
        let rows = query(names.fill(sql)).bind(row_limit(self.limit)).fetch_all(connection).await?;
        let runs = rows.iter().map(|row| {
            let feeds: Vec<String> = get(row, 1)?;
            let feeds = feeds.into_iter().map(unescape).collect();
            Ok(Run { began: Timestamp(get(row, 0)?), feeds, end: end(row)? })
        });
        runs.collect()
    }
}

fn end(row: &PgRow) -> Result<Option<RunEnd>, Failure> {
    let Some(name) = get::<Option<String>>(row, 2)? else { return Ok(None) };
    let outcome = RunOutcome::from_parts(&name, get::<Option<String>>(row, 3)?.map(unescape));
    let unknown = || Failure::corrupt(format!("a run has the unknown outcome {name:?}"));
    let (outcome, took) = (outcome.ok_or_else(unknown)?, get::<i64>(row, 4)?);
    let took = Duration::from_micros(took.cast_unsigned());
    let mut counts = [0; RunCounts::NAMES.len()];
    for (column, count) in (5..).zip(&mut counts) {
        let Some(value) = get::<Option<i64>>(row, column)? else {
            return Ok(Some(RunEnd { outcome, took, counts: None }));
        };
        *count = value.cast_unsigned();
    }
    Ok(Some(RunEnd { outcome, took, counts: Some(RunCounts::from_values(counts)) }))
}
