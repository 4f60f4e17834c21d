//! Reads and writes whole catalogues, page by page in the order of ids, to copy them between
//! engines.

use crate::entries::{SearchContent, content, fingerprint};
use crate::removal::Tombstones;
use crate::{indexes, rows, versions};
use akin_entities::{Embedding, ProductId, ProductRecord, TextHash, Timestamp, Version};
use akin_ports::{EntryEmbedding, IndexEntry, RemovedProduct};
use rusqlite::{Connection, OptionalExtension, params};

/// Returns the next `limit` products after an id.
pub(crate) fn products(
    connection: &Connection,
    after: Option<&ProductId>,
    limit: i64,
) -> rusqlite::Result<Vec<ProductRecord>> {
    let mut statement = connection.prepare_cached(rows::LIST)?;
    let found = statement.query_map(params![lower_bound(after), limit], |row| {
        rows::record(rows::id(row, rows::ID)?, row)
    })?;
    found.collect()
}

/// Returns the ids of the next `limit` products after an id.
pub(crate) fn ids(
    connection: &Connection,
    after: Option<&ProductId>,
    limit: i64,
) -> rusqlite::Result<Vec<ProductId>> {
    let mut statement = connection.prepare_cached(rows::LIST_IDS)?;
    let found = statement.query_map(params![lower_bound(after), limit], |row| rows::id(row, 0))?;
    found.collect()
}

/// Writes each of `records`, unless the same or a newer version is stored, or was removed in the
/// same or a later version.
pub(crate) fn restore(connection: &Connection, records: &[ProductRecord]) -> rusqlite::Result<()> {
    let mut tombstones = Tombstones::prepare(connection)?;
    let mut find = connection.prepare_cached("SELECT key, version FROM products WHERE id = ?1")?;
    let mut insert_content = connection.prepare_cached(rows::INSERT_CONTENT)?;
    let mut update_content = connection.prepare_cached(rows::UPDATE_CONTENT)?;
    let mut set_created =
        connection.prepare_cached("UPDATE contents SET created = ?2 WHERE key = ?1")?;
    let mut replace = connection.prepare_cached(
        "INSERT OR REPLACE INTO products (id, key, hash, version) VALUES (?1, ?2, ?3, ?4)",
    )?;
    if let Some(newest) = records.iter().map(|record| record.version).max() {
        versions::note(connection, newest)?;
        indexes::note_copies(connection)?;
    }
    for ProductRecord { product, created, version } in records {
        let id = product.id.as_str();
        let existing =
            find.query_row([id], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)));
        let key = match existing.optional()? {
            Some((_, stored)) if stored >= version.0 => continue,
            Some((key, _)) => {
                rows::write_content(&mut update_content, Some(key), *created, product)?;
                set_created.execute([key, created.0])?;
                key
            }
            None => {
                match tombstones.find(&product.id)? {
                    Some(tombstone) if tombstone.removed >= *version => continue,
                    Some(_) => tombstones.delete(&product.id)?,
                    None => {}
                }
                rows::write_content(&mut insert_content, None, *created, product)?;
                connection.last_insert_rowid()
            }
        };
        replace.execute(params![id, key, product.content_hash().to_bytes(), version.0])?;
    }
    Ok(())
}

/// Returns the next `limit` tombstones after an id.
pub(crate) fn removed(
    connection: &Connection,
    after: Option<&ProductId>,
    limit: i64,
) -> rusqlite::Result<Vec<RemovedProduct>> {
    let select = "SELECT id, version, created FROM removed WHERE id > ?1 ORDER BY id LIMIT ?2";
    let mut statement = connection.prepare_cached(select)?;
    let found = statement.query_map(params![lower_bound(after), limit], |row| {
        let (version, created) = (Version(row.get(1)?), Timestamp(row.get(2)?));
        Ok(RemovedProduct { id: rows::id(row, 0)?, version, created })
    })?;
    found.collect()
}

/// Removes each of `removed`, unless it has a newer version or tombstone.
pub(crate) fn restore_removed(
    connection: &Connection,
    removed: &[RemovedProduct],
) -> rusqlite::Result<()> {
    let mut find = connection.prepare_cached("SELECT key, version FROM products WHERE id = ?1")?;
    let mut delete = connection.prepare_cached("DELETE FROM products WHERE id = ?1")?;
    let mut delete_content = connection.prepare_cached("DELETE FROM contents WHERE key = ?1")?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO removed (id, version, created) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, created = excluded.created
             WHERE version < excluded.version",
    )?;
    if let Some(newest) = removed.iter().map(|removed| removed.version).max() {
        versions::note(connection, newest)?;
    }
    for RemovedProduct { id, version, created } in removed {
        let held = find
            .query_row([id.as_str()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
            .optional()?;
        match held {
            Some((_, held)) if held > version.0 => continue,
            Some((key, _)) => {
                delete.execute([id.as_str()])?;
                delete_content.execute([key])?;
            }
            None => {}
        }
        insert.execute(params![id.as_str(), version.0, created.0])?;
    }
    Ok(())
}

/// Returns the next `limit` searchable entries after an id.
pub(crate) fn entries(
    connection: &Connection,
    after: Option<&ProductId>,
    limit: i64,
) -> rusqlite::Result<Vec<IndexEntry>> {
    let Some(fingerprint) = fingerprint(connection)? else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(
        "SELECT id, version, embedding, text, words, main_category, sub_category, brand, price,
             rating, discounted, tags, text_hash
         FROM entries WHERE id > ?1 AND text_hash IS NOT NULL ORDER BY id LIMIT ?2",
    )?;
    let found = statement.query_map(params![lower_bound(after), limit], |row| {
        let SearchContent { embedding, text, words, facets } = content(row)?;
        let embedding = EntryEmbedding::Computed {
            embedding: Embedding::from_stored(embedding).map_err(|e| rows::invalid_value(2, e))?,
            text_hash: TextHash::from_bytes(rows::bytes(row, 12)?),
            fingerprint: fingerprint.clone(),
        };
        let (id, version) = (rows::id(row, 0)?, Version(row.get(1)?));
        Ok(IndexEntry { id, version, embedding, text, words, facets })
    })?;
    found.collect()
}

/// Returns the text that precedes every id after `after`; an id is never blank.
fn lower_bound(after: Option<&ProductId>) -> &str {
    after.map_or("", ProductId::as_str)
}
