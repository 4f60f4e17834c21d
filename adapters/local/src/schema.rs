use crate::error;
use akin_ports::{ErrorKind, PortResult};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::Path;

/// `akin` in ASCII: identifies akin's databases in the file header.
const APPLICATION_ID: i32 = 0x616B_696E;

/// The migrations from each version of the schema to the next. Released ones never change.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_products_and_entries.sql"),
    include_str!("../migrations/0002_removed_products.sql"),
    include_str!("../migrations/0003_queue.sql"),
    include_str!("../migrations/0004_runs.sql"),
    include_str!("../migrations/0005_quarantined_texts.sql"),
    include_str!("../migrations/0006_conversion.sql"),
    include_str!("../migrations/0007_versions.sql"),
    include_str!("../migrations/0008_index_transactions.sql"),
    include_str!("../migrations/0009_private_files.sql"),
    include_str!("../migrations/0010_indexes.sql"),
    include_str!("../migrations/0011_repeated_rows.sql"),
    include_str!("../migrations/0012_queue_indexes.sql"),
    include_str!("../migrations/0013_kept_rows.sql"),
    include_str!("../migrations/0014_tags.sql"),
    include_str!("../migrations/0015_details.sql"),
];

/// The first version whose databases were created for their owner alone.
const PRIVATE_SINCE: i64 = 9;

/// The state of a database's schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SchemaState {
    /// It has the tables of this version.
    Current,
    /// It is empty, or of an earlier version.
    Outdated,
}

/// Returns the state of the schema. Another program's file and one of a newer akin are errors.
pub(crate) fn state(database: &mut Connection, file: &Path) -> PortResult<SchemaState> {
    // One snapshot for all reads: another process may be creating the tables.
    let snapshot = database.transaction().map_err(|e| error::sqlite(file, &e))?;
    state_in(&snapshot, file)
}

fn state_in(database: &Transaction<'_>, file: &Path) -> PortResult<SchemaState> {
    let number = |sql: &str| -> PortResult<i64> {
        database.query_row(sql, [], |row| row.get(0)).map_err(|e| error::sqlite(file, &e))
    };
    let version = number("PRAGMA user_version")?;
    let owner = number("PRAGMA application_id")?;
    let blank = version == 0 && owner == 0 && number("SELECT count(*) FROM sqlite_schema")? == 0;
    if blank {
        return Ok(SchemaState::Outdated);
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
        Ok(version) if version == MIGRATIONS.len() => Ok(SchemaState::Current),
        Ok(version) if version < MIGRATIONS.len() => Ok(SchemaState::Outdated),
        _ => Err(error::at(
            file,
            ErrorKind::Misconfigured,
            format!(
                "its schema is version {version}; this akin supports up to {}",
                MIGRATIONS.len()
            ),
            "use the akin that wrote it, or a newer one",
        )),
    }
}

/// Returns whether an earlier akin created the database, with the permissions of the umask.
pub(crate) fn was_readable_by_all(database: &Connection, file: &Path) -> PortResult<bool> {
    let version: i64 = database
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(|e| error::sqlite(file, &e))?;
    Ok((1..PRIVATE_SINCE).contains(&version))
}

/// Migrates `database` to the current schema, in one transaction.
pub(crate) fn migrate(database: &mut Connection, file: &Path) -> PortResult<()> {
    let sqlite = |e: rusqlite::Error| error::sqlite(file, &e);
    let transaction =
        database.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
    // Another process may have migrated it while this one waited for the lock.
    if state_in(&transaction, file)? == SchemaState::Outdated {
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
