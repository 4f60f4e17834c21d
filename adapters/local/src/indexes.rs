//! The indexes that changes are owed to.

use crate::versions::{self, Admitted};
use akin_entities::Timestamp;
use akin_ports::{IndexContent, IndexDebt, IndexIdentity, NewIndex, RegisteredIndex, StoreHistory};
use rusqlite::{Connection, OptionalExtension, params};

/// Returns the registered indexes, by name.
pub(crate) fn list(connection: &Connection) -> rusqlite::Result<Vec<RegisteredIndex>> {
    let select = "SELECT name, key, since FROM indexes WHERE key IS NOT NULL ORDER BY name";
    let mut select = connection.prepare_cached(select)?;
    let rows = select.query_map([], |row| {
        let identity = IndexIdentity { name: row.get(0)?, key: row.get(1)? };
        Ok(RegisteredIndex { identity, since: Timestamp(row.get(2)?) })
    })?;
    rows.collect()
}

/// Registers those of `indexes` that are not registered, and adds what they are owed to the outbox.
pub(crate) fn register(
    connection: &Connection,
    indexes: &[NewIndex],
    since: Timestamp,
) -> rusqlite::Result<Admitted<()>> {
    let history = history(connection)?;
    let mut debt = IndexDebt::Nothing;
    for NewIndex { identity: IndexIdentity { name, key }, content } in indexes {
        if let IndexContent::Complete(at) = content
            && let Err(overtaken) = versions::admit(connection, *at)?
        {
            return Ok(Err(overtaken));
        }
        let select = "SELECT key FROM indexes WHERE name = ?1";
        let held = connection.query_row(select, [name], |row| row.get(0)).optional()?;
        if held.flatten().as_ref() != Some(key) {
            let insert = "INSERT OR REPLACE INTO indexes (name, key, since) VALUES (?1, ?2, ?3)";
            connection.execute(insert, params![name, key, since.0])?;
            debt = debt.max(content.debt(history));
        }
    }
    owe(connection, debt)?;
    Ok(Ok(()))
}

fn history(connection: &Connection) -> rusqlite::Result<StoreHistory> {
    let count = |sql: &str| -> rusqlite::Result<u64> {
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
    };
    if count("SELECT count(*) FROM indexes WHERE name <> ''")? > 0 {
        return Ok(StoreHistory::Registered);
    }
    if count("SELECT count(*) FROM indexes")? == 0 {
        return Ok(StoreHistory::New);
    }
    let settled = "SELECT count(*) FROM products WHERE id NOT IN (SELECT id FROM outbox)";
    Ok(StoreHistory::Unregistered { settled: count(settled)? })
}

/// Adds what is owed to the outbox, behind what waits there, which gets new sequences.
fn owe(connection: &Connection, debt: IndexDebt) -> rusqlite::Result<()> {
    if debt == IndexDebt::Nothing {
        return Ok(());
    }
    connection.execute(
        "INSERT OR REPLACE INTO outbox (id, version)
         SELECT id, version FROM outbox ORDER BY sequence",
        [],
    )?;
    connection.execute(
        "INSERT OR IGNORE INTO outbox (id, version) SELECT id, version FROM products",
        [],
    )?;
    if debt == IndexDebt::ProductsAndRemovals {
        connection.execute(
            "INSERT OR IGNORE INTO outbox (id, version) SELECT id, version FROM removed",
            [],
        )?;
    }
    Ok(())
}

/// Ends a registration, and returns whether there was one.
pub(crate) fn forget(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let update = "UPDATE indexes SET key = NULL WHERE name = ?1 AND key IS NOT NULL";
    Ok(connection.execute(update, [name])? > 0)
}

/// Notes that products were written that no index was registered for, unless one was before.
pub(crate) fn note_copies(connection: &Connection) -> rusqlite::Result<()> {
    let insert = "INSERT OR IGNORE INTO indexes (name, since) VALUES ('', 0)";
    connection.prepare_cached(insert)?.execute([]).map(drop)
}
