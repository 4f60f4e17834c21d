//! Removes products, and keeps their tombstones.

use crate::rows;
use akin_entities::{ProductId, Timestamp, Version};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

/// The tombstones of removed products.
pub(crate) struct Tombstones<'a> {
    find: CachedStatement<'a>,
    delete: CachedStatement<'a>,
}

/// The tombstone of a removed product.
pub(crate) struct Tombstone {
    /// The version of the removal.
    pub(crate) removed: Version,
    /// The creation date of the product.
    pub(crate) created: Timestamp,
}

impl<'a> Tombstones<'a> {
    pub(crate) fn prepare(connection: &'a Connection) -> rusqlite::Result<Self> {
        let find = "SELECT version, created FROM removed WHERE id = ?1";
        Ok(Self {
            find: connection.prepare_cached(find)?,
            delete: connection.prepare_cached("DELETE FROM removed WHERE id = ?1")?,
        })
    }

    pub(crate) fn find(&mut self, id: &ProductId) -> rusqlite::Result<Option<Tombstone>> {
        let tombstone = |row: &rusqlite::Row<'_>| {
            Ok(Tombstone { removed: Version(row.get(0)?), created: Timestamp(row.get(1)?) })
        };
        self.find.query_row([id.as_str()], tombstone).optional()
    }

    /// Deletes the tombstone of a product that exists again.
    pub(crate) fn delete(&mut self, id: &ProductId) -> rusqlite::Result<()> {
        self.delete.execute([id.as_str()]).map(drop)
    }
}

/// Removes the products among `ids` whose version is `at` or older, and returns their ids.
pub(crate) fn remove(
    connection: &Connection,
    ids: Vec<ProductId>,
    at: Version,
) -> rusqlite::Result<Vec<ProductId>> {
    let mut find = connection.prepare_cached(
        "SELECT key, created FROM products JOIN contents USING (key)
         WHERE id = ?1 AND version <= ?2",
    )?;
    let mut delete = connection.prepare_cached("DELETE FROM products WHERE id = ?1")?;
    let mut delete_content = connection.prepare_cached("DELETE FROM contents WHERE key = ?1")?;
    let mut insert_tombstone = connection
        .prepare_cached("INSERT INTO removed (id, version, created) VALUES (?1, ?2, ?3)")?;
    let mut outbox = connection.prepare_cached(rows::INSERT_OUTBOX)?;
    let mut removed = Vec::new();
    for id in ids {
        let found = find.query_row(params![id.as_str(), at.0], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        });
        let Some((key, created)) = found.optional()? else { continue };
        delete.execute([id.as_str()])?;
        delete_content.execute([key])?;
        insert_tombstone.execute(params![id.as_str(), at.0, created])?;
        outbox.execute(params![id.as_str(), at.0])?;
        removed.push(id);
    }
    Ok(removed)
}
