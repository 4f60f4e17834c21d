use crate::error;
use akin_ports::{ErrorKind, PortResult};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::Path;

/// `akin` in ASCII: says in the file's header whose it is.
const APPLICATION_ID: i32 = 0x616B_696E;

/// What makes each version of the schema out of the one before. Released ones never change.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_products_and_entries.sql"),
    include_str!("../migrations/0002_removed_products.sql"),
    include_str!("../migrations/0003_queue.sql"),
    include_str!("../migrations/0004_runs.sql"),
    include_str!("../migrations/0005_quarantined_texts.sql"),
    include_str!("../migrations/0006_conversion.sql"),
];

/// Where a database stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has the tables that this version works with.
    Current,
    /// It is empty, or of an earlier version.
    Behind,
}

/// How far `database` is; refuses another program's file, and one of a newer akin.
pub(crate) fn standing(database: &mut Connection, file: &Path) -> PortResult<Standing> {
    // One snapshot for all that is read: another process may be making the tables right now.
    let snapshot = database.transaction().map_err(|e| error::sqlite(file, &e))?;
    standing_in(&snapshot, file)
}

fn standing_in(database: &Transaction<'_>, file: &Path) -> PortResult<Standing> {
    let number = |sql: &str| -> PortResult<i64> {
        database.query_row(sql, [], |row| row.get(0)).map_err(|e| error::sqlite(file, &e))
    };
    let version = number("PRAGMA user_version")?;
    let owner = number("PRAGMA application_id")?;
    let blank = version == 0 && owner == 0 && number("SELECT count(*) FROM sqlite_schema")? == 0;
    if blank {
        return Ok(Standing::Behind);
    }
    if owner != i64::from(APPLICATION_ID) {
        return Err(error::at(
            file,
            ErrorKind::Misconfigured,
            "this database belongs to another program",
            "choose another folder with --data",
        ));
    }
    match usize::try_from(version) {
        Ok(version) if version == MIGRATIONS.len() => Ok(Standing::Current),
        Ok(version) if version < MIGRATIONS.len() => Ok(Standing::Behind),
        _ => Err(error::at(
            file,
            ErrorKind::Misconfigured,
            format!("its schema is version {version}, this akin knows up to {}", MIGRATIONS.len()),
            "use the akin that wrote it or a newer one",
        )),
    }
}

/// Brings `database` to the current schema, in one transaction.
pub(crate) fn migrate(database: &mut Connection, file: &Path) -> PortResult<()> {
    let sqlite = |e: rusqlite::Error| error::sqlite(file, &e);
    let transaction =
        database.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
    // Another process may have done it while this one waited for the lock.
    if standing_in(&transaction, file)? == Standing::Behind {
        let done: u16 =
            transaction.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(sqlite)?;
        for (version, migration) in (1_u16..).zip(MIGRATIONS).skip(done.into()) {
            transaction.execute_batch(migration).map_err(sqlite)?;
            transaction.pragma_update(None, "user_version", version).map_err(sqlite)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(sqlite)?;
    }
    transaction.commit().map_err(sqlite)
}
