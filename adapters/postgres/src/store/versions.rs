//! The versions that the store has given out, by which it refuses the writes of overtaken runs.

use crate::database::{get, query};
use crate::error::{Failure, SYSTEM};
use crate::names::Names;
use crate::text::unescape;
use akin_entities::{Timestamp, Version};
use akin_ports::{ErrorKind, PortError, RunOvertaken};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

/// Refuses work in the version `at` if a newer run has begun.
pub(crate) async fn admit(
    connection: &mut PgConnection,
    names: &Names,
    at: Version,
) -> Result<(), Failure> {
    let sql = names.fill("SELECT run FROM {versions}");
    let row = query(sql).fetch_one(&mut *connection).await?;
    check(connection, names, at, &row).await
}

/// Refuses a write in the version `at` if a newer run has begun, and notes the version. Until this
/// transaction ends, none begins.
pub(crate) async fn admit_write(
    transaction: &mut PgConnection,
    names: &Names,
    at: Version,
) -> Result<(), Failure> {
    // Runs know that their versions are noted. A shared lock that is turned into another deadlocks.
    let sql = names.fill("SELECT newest >= $1 FROM {versions}");
    let row = query(sql).bind(at.0).fetch_one(&mut *transaction).await?;
    let is_noted: bool = get(&row, 0)?;
    let row = if is_noted {
        let sql = names.fill("SELECT run FROM {versions} FOR SHARE");
        query(sql).fetch_one(&mut *transaction).await?
    } else {
        let sql = "UPDATE {versions} SET newest = greatest(newest, $1) RETURNING run";
        query(names.fill(sql)).bind(at.0).fetch_one(&mut *transaction).await?
    };
    check(transaction, names, at, &row).await
}

/// Notes that the store holds the version `at`.
pub(crate) async fn note(
    transaction: &mut PgConnection,
    names: &Names,
    at: Version,
) -> Result<(), Failure> {
    let sql = names.fill("UPDATE {versions} SET newest = $1 WHERE newest < $1");
    query(sql).bind(at.0).execute(transaction).await?;
    Ok(())
}

async fn check(
    connection: &mut PgConnection,
    names: &Names,
    at: Version,
    row: &PgRow,
) -> Result<(), Failure> {
    let fence: Option<i64> = get(row, 0)?;
    if fence.is_none_or(|fence| fence <= at.0) {
        return Ok(());
    }
    let sql = names.fill("SELECT holder, began FROM {runs} WHERE version = $1");
    let newer = query(sql).bind(fence).fetch_optional(connection).await?;
    let mut overtaken = RunOvertaken { holder: None, since: None };
    if let Some(row) = newer {
        overtaken.holder = get::<Option<String>>(&row, 0)?.map(unescape);
        overtaken.since = Some(Timestamp(get(&row, 1)?));
    }
    Err(Failure::Port(PortError::new(SYSTEM, ErrorKind::Overtaken, overtaken)))
}
