use super::row_limit;
use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::text::{escape, unescape};
use async_trait::async_trait;
use entities::{ContentHash, Version};
use ports::{QuarantinedRow, RefusedRow};
use sqlx::PgConnection;
use std::collections::HashMap;

/// Keeps rows of a feed that were refused.
pub(crate) struct Quarantine<'a> {
    pub(crate) feed: &'a str,
    pub(crate) rows: &'a [RefusedRow],
    pub(crate) at: Version,
}

const KEEP: &str = "
    INSERT INTO {quarantine} (place, feed, line, field, value, reason, at)
    SELECT place, $2, line, field, value, reason, $7
    FROM unnest($1::bytea[], $3::bigint[], $4::text[], $5::text[], $6::text[])
        AS row(place, line, field, value, reason)
    ORDER BY place
    ON CONFLICT (place) DO UPDATE
    SET value = excluded.value, reason = excluded.reason, at = excluded.at";

#[async_trait]
impl Call for Quarantine<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        let place = |row: &RefusedRow| {
            ContentHash::of([self.feed, &row.line.to_string(), &row.field]).to_bytes()
        };
        // A field of a line that a batch names twice is kept once, as it was named last.
        let last: HashMap<_, _> = self.rows.iter().map(|row| (place(row), row)).collect();
        let column = |text: fn(&RefusedRow) -> &str| -> Vec<_> {
            last.values().map(|row| escape(text(row))).collect()
        };
        query(names.fill(KEEP))
            .bind(last.keys().map(|place| place.to_vec()).collect::<Vec<_>>())
            .bind(escape(self.feed))
            .bind(last.values().map(|row| row.line.cast_signed()).collect::<Vec<_>>())
            .bind(column(|row| &row.field))
            .bind(column(|row| &row.value))
            .bind(column(|row| &row.reason))
            .bind(self.at.0)
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// Forgets what was refused of a feed before a time.
pub(crate) struct ReleaseQuarantine<'a> {
    pub(crate) feed: &'a str,
    pub(crate) before: Version,
}

#[async_trait]
impl Call for ReleaseQuarantine<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        let sql = names.fill("DELETE FROM {quarantine} WHERE feed = $1 AND at < $2");
        query(sql).bind(escape(self.feed)).bind(self.before.0).execute(connection).await?;
        Ok(())
    }
}

/// The rows in quarantine, by feed and line.
pub(crate) struct ListQuarantine {
    pub(crate) limit: usize,
}

#[async_trait]
impl Call for ListQuarantine {
    type Answer = Vec<QuarantinedRow>;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure> {
        let sql = "SELECT feed, line, field, value, reason, at FROM {quarantine}
                   ORDER BY feed, line, field LIMIT $1";
        let rows = query(names.fill(sql)).bind(row_limit(self.limit)).fetch_all(connection).await?;
        let kept = rows.iter().map(|row| {
            let text = |at: usize| get::<String>(row, at).map(unescape);
            let line: i64 = get(row, 1)?;
            let refused = RefusedRow {
                line: line.cast_unsigned(),
                field: text(2)?,
                value: text(3)?,
                reason: text(4)?,
            };
            Ok(QuarantinedRow { feed: text(0)?, row: refused, at: Version(get(row, 5)?) })
        });
        kept.collect()
    }
}
