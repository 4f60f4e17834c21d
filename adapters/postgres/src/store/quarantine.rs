use super::row_limit;
use super::versions::admit_write;
use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::text::{escape, unescape};
use akin_entities::{Timestamp, Version, hash_parts};
use akin_ports::{FeedRow, QuarantinedRow, RefusedRow};
use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection};
use std::collections::{BTreeMap, HashMap};

/// Stores the refused rows of a feed.
pub(crate) struct QuarantineRows<'a> {
    pub(crate) feed: &'a str,
    pub(crate) rows: &'a [RefusedRow],
    pub(crate) at: Timestamp,
}

/// Stores rows of another store, except where a row is held that was refused at that time or later.
pub(crate) struct RestoreQuarantine<'a>(pub(crate) &'a [QuarantinedRow]);

const KEEP: &str = "
    INSERT INTO {quarantine} AS held (place, feed, line, field, value, reason, at, texts, kept)
    SELECT place, feed, line, field, value, reason, at, texts::json, kept
    FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[],
        $7::bigint[], $8::text[], $9::boolean[])
        AS row(place, feed, line, field, value, reason, at, texts, kept)
    ORDER BY place
    ON CONFLICT (place) DO UPDATE SET value = excluded.value, reason = excluded.reason,
        at = excluded.at, texts = excluded.texts, kept = excluded.kept";

/// Added to [`KEEP`]: the row that was refused last stays.
const UNLESS_LATER: &str = " WHERE excluded.at > held.at";

/// Rows as the statement takes them: each place once.
#[derive(Default)]
struct Columns {
    places: Vec<Vec<u8>>,
    feeds: Vec<String>,
    lines: Vec<i64>,
    fields: Vec<String>,
    values: Vec<String>,
    reasons: Vec<String>,
    times: Vec<i64>,
    texts: Vec<Option<String>>,
    kept: Vec<bool>,
}

impl Columns {
    /// Collects `rows`, each with its feed and time. Of a line's field that is repeated, the last counts.
    fn collect<'a>(
        rows: impl Iterator<Item = (&'a str, &'a RefusedRow, Timestamp)>,
    ) -> Result<Self, Failure> {
        let place =
            |feed: &str, row: &RefusedRow| hash_parts([feed, &row.line.to_string(), &row.field]);
        let last: HashMap<_, _> =
            rows.map(|(feed, row, at)| (place(feed, row), (feed, row, at))).collect();
        let mut columns = Self::default();
        for (place, (feed, row, at)) in last {
            columns.places.push(place.to_vec());
            columns.feeds.push(escape(feed).into_owned());
            columns.lines.push(row.line.cast_signed());
            columns.fields.push(escape(&row.field).into_owned());
            columns.values.push(escape(&row.value).into_owned());
            columns.reasons.push(escape(&row.reason).into_owned());
            columns.times.push(at.0);
            columns.texts.push(row.row.as_deref().map(to_json).transpose()?);
            columns.kept.push(row.is_kept);
        }
        Ok(columns)
    }

    async fn write(self, connection: &mut PgConnection, sql: String) -> Result<(), Failure> {
        let Self { places, feeds, lines, fields, values, reasons, times, texts, kept } = self;
        let insert = query(sql).bind(places).bind(feeds).bind(lines).bind(fields);
        let insert = insert.bind(values).bind(reasons).bind(times).bind(texts).bind(kept);
        insert.execute(connection).await?;
        Ok(())
    }
}

#[async_trait]
impl Call for QuarantineRows<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        let columns = Columns::collect(self.rows.iter().map(|row| (self.feed, row, self.at)))?;
        let mut transaction = connection.begin().await?;
        admit_write(&mut transaction, names, Version(self.at.0)).await?;
        columns.write(&mut transaction, names.fill(KEEP)).await?;
        Ok(transaction.commit().await?)
    }
}

#[async_trait]
impl Call for RestoreQuarantine<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        let Self(rows) = self;
        let rows = rows.iter().map(|QuarantinedRow { feed, row, at }| (&**feed, row, *at));
        let sql = names.fill(KEEP) + UNLESS_LATER;
        Columns::collect(rows)?.write(connection, sql).await
    }
}

/// Serializes the texts of a row by the names of their columns. JSON escapes NUL, which Postgres
/// does not store.
fn to_json(row: &FeedRow) -> Result<String, Failure> {
    let texts: BTreeMap<_, _> = row.named_texts().collect();
    serde_json::to_string(&texts).map_err(|error| Failure::corrupt(error.to_string()))
}

/// Deletes rows of a feed that were refused before a time.
pub(crate) struct ReleaseQuarantine<'a> {
    pub(crate) feed: &'a str,
    pub(crate) before: Timestamp,
}

#[async_trait]
impl Call for ReleaseQuarantine<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        let sql = names.fill("DELETE FROM {quarantine} WHERE feed = $1 AND at < $2");
        let mut transaction = connection.begin().await?;
        admit_write(&mut transaction, names, Version(self.before.0)).await?;
        let delete = query(sql).bind(escape(self.feed)).bind(self.before.0);
        delete.execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }
}

/// Deletes rows of a feed that were refused at a time or before; the answer is their number.
pub(crate) struct ClearQuarantine<'a> {
    pub(crate) feed: &'a str,
    pub(crate) until: Timestamp,
}

#[async_trait]
impl Call for ClearQuarantine<'_> {
    type Answer = u64;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<u64, Failure> {
        let sql = names.fill("DELETE FROM {quarantine} WHERE feed = $1 AND at <= $2");
        let delete = query(sql).bind(escape(self.feed)).bind(self.until.0);
        Ok(delete.execute(connection).await?.rows_affected())
    }
}

/// Lists the next rows in quarantine, by feed, line and field.
pub(crate) struct ListQuarantine<'a> {
    pub(crate) after: Option<&'a QuarantinedRow>,
    pub(crate) limit: usize,
}

#[async_trait]
impl Call for ListQuarantine<'_> {
    type Answer = Vec<QuarantinedRow>;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure> {
        let sql = "SELECT feed, line, field, value, reason, at, texts::text, kept FROM {quarantine}
                   WHERE (feed, line, field) > ($1, $2, $3)
                   ORDER BY feed, line, field LIMIT $4";
        let (feed, line, field) = self.after.map_or(("", i64::MIN, ""), |after| {
            (&*after.feed, after.row.line.cast_signed(), &*after.row.field)
        });
        let rows = query(names.fill(sql))
            .bind(escape(feed))
            .bind(line)
            .bind(escape(field))
            .bind(row_limit(self.limit))
            .fetch_all(connection)
            .await?;
        rows.iter().map(quarantined).collect()
    }
}

fn quarantined(row: &PgRow) -> Result<QuarantinedRow, Failure> {
    let text = |at: usize| get::<String>(row, at).map(unescape);
    let line = get::<i64>(row, 1)?.cast_unsigned();
    let texts: Option<String> = get(row, 6)?;
    let refused = RefusedRow {
        line,
        is_kept: get(row, 7)?,
        field: text(2)?,
        value: text(3)?,
        reason: text(4)?,
        row: texts.map(|texts| from_json(line, &texts)).transpose()?.map(Box::new),
    };
    Ok(QuarantinedRow { feed: text(0)?, row: refused, at: Timestamp(get(row, 5)?) })
}

fn from_json(line: u64, texts: &str) -> Result<FeedRow, Failure> {
    let texts: Result<BTreeMap<String, String>, _> = serde_json::from_str(texts);
    let texts = texts.map_err(|error| Failure::corrupt(error.to_string()))?;
    Ok(FeedRow::from_texts(line, texts))
}
