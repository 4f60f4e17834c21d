//! Reads the dates of another program's rows, whatever the types of their columns.

use super::columns::attempt;
use crate::database::{get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::runs::NOW;
use sqlx::PgConnection;

/// Converts a text to a time; anything else is no time. It is dropped with the connection.
const FUNCTION: &str = "
    CREATE OR REPLACE FUNCTION pg_temp.akin_time(value text) RETURNS timestamptz
    LANGUAGE plpgsql STABLE AS $$
    BEGIN RETURN value::timestamptz; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$";

/// How to read the two date columns.
pub(super) struct DateColumns {
    /// The columns of a type that is always a time.
    times: Vec<String>,
    /// True if the function for other types exists.
    has_function: bool,
}

impl DateColumns {
    pub(super) async fn read(
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self, Failure> {
        let sql = "SELECT attname::text FROM pg_attribute
                   WHERE attrelid = $1::regclass AND attname IN ('created_date', 'modified_date')
                       AND atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype)";
        let rows = query(sql.to_owned()).bind(names.fill("{products}"));
        let rows = rows.fetch_all(&mut *connection).await?;
        let times = rows.iter().map(|row| get(row, 0)).collect::<Result<Vec<_>, _>>()?;
        let has_function =
            times.len() < 2 && attempt(connection, FUNCTION.to_owned()).await?.is_none();
        Ok(Self { times, has_function })
    }

    /// Returns the SQL for a column's time in microseconds since 1970, not later than now; null if it
    /// has none.
    pub(super) fn micros(&self, column: &str) -> String {
        let time = if self.times.iter().any(|time| time == column) {
            format!("{column}::timestamptz")
        } else if self.has_function {
            format!("pg_temp.akin_time({column}::text)")
        } else {
            return "NULL::bigint".to_owned();
        };
        format!(
            "CASE WHEN isfinite({time})
             THEN least((extract(epoch FROM {time}) * 1000000)::numeric, {NOW})::bigint END"
        )
    }
}
