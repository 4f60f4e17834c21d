//! Products that go, and what is remembered of them.

use crate::rows;
use akin_entities::{ProductId, Timestamp, Version};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

/// What is remembered of removed products.
pub(crate) struct Tombstones<'a> {
    find: CachedStatement<'a>,
    forget: CachedStatement<'a>,
}

/// What is remembered of one.
pub(crate) struct Tombstone {
    /// When it was removed.
    pub(crate) removed: Version,
    /// When it was created first.
    pub(crate) created: Timestamp,
}

impl<'a> Tombstones<'a> {
    pub(crate) fn prepare(connection: &'a Connection) -> rusqlite::Result<Self> {
        let find = "SELECT version, created FROM removed WHERE id = ?1";
        Ok(Self {
            find: connection.prepare_cached(find)?,
            forget: connection.prepare_cached("DELETE FROM removed WHERE id = ?1")?,
        })
    }

    pub(crate) fn find(&mut self, id: &ProductId) -> rusqlite::Result<Option<Tombstone>> {
        let tombstone = |row: &rusqlite::Row<'_>| {
            Ok(Tombstone { removed: Version(row.get(0)?), created: Timestamp(row.get(1)?) })
        };
        self.find.query_row([id.as_str()], tombstone).optional()
    }

    /// The product is there again.
    pub(crate) fn forget(&mut self, id: &ProductId) -> rusqlite::Result<()> {
        self.forget.execute([id.as_str()]).map(drop)
    }
}

/// Removes the products `ids` that are held in the version `at` or an older one; answers with them.
pub(crate) fn remove(
    connection: &Connection,
    ids: Vec<ProductId>,
    at: Version,
) -> rusqlite::Result<Vec<ProductId>> {
    let mut held = connection.prepare_cached(
        "SELECT key, created FROM products JOIN contents USING (key)
         WHERE id = ?1 AND version <= ?2",
    )?;
    let mut forget = connection.prepare_cached("DELETE FROM products WHERE id = ?1")?;
    let mut forget_content = connection.prepare_cached("DELETE FROM contents WHERE key = ?1")?;
    let mut remember = connection
        .prepare_cached("INSERT INTO removed (id, version, created) VALUES (?1, ?2, ?3)")?;
    let mut announce = connection.prepare_cached(rows::ANNOUNCE)?;
    let mut removed = Vec::new();
    for id in ids {
        let found = held.query_row(params![id.as_str(), at.0], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        });
        let Some((key, created)) = found.optional()? else { continue };
        forget.execute([id.as_str()])?;
        forget_content.execute([key])?;
        remember.execute(params![id.as_str(), at.0, created])?;
        announce.execute(params![id.as_str(), at.0])?;
        removed.push(id);
    }
    Ok(removed)
}
