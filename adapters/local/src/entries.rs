//! The index as SQLite keeps it: what everything that searches is derived from.

use crate::rows;
use akin_entities::{AnalyzedText, FacetValues, Fingerprint, ProductId, TextHash, Version};
use akin_ports::IndexedState;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// A row of the index: what became of a product.
#[derive(Debug)]
pub(crate) struct EntryRow {
    /// Of which product.
    pub(crate) id: ProductId,
    /// What can be found of it; `None` if it was removed.
    pub(crate) findable: Option<Findable>,
}

/// What can be found of a product.
#[derive(Debug)]
pub(crate) struct Findable {
    pub(crate) embedding: Vec<f32>,
    pub(crate) text: AnalyzedText,
    pub(crate) words: String,
    pub(crate) facets: FacetValues,
}

/// The sequence of the last write; 0 before the first.
pub(crate) fn last_sequence(connection: &Connection) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached("SELECT max(sequence) FROM entries")?;
    let last: Option<i64> = statement.query_row([], |row| row.get(0))?;
    Ok(last.unwrap_or_default().cast_unsigned())
}

/// Tells this database from every other.
pub(crate) fn identity(connection: &Connection) -> rusqlite::Result<String> {
    let sql = "SELECT value FROM facts WHERE name = 'identity'";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
}

/// How many products can be found.
pub(crate) fn count(connection: &Connection) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached("SELECT count FROM findable")?;
    Ok(statement.query_row([], |row| row.get::<_, i64>(0))?.cast_unsigned())
}

/// Visits every row behind `after`, oldest first, until told to stop. A removed product is a row,
/// too.
pub(crate) fn visit_since(
    connection: &Connection,
    after: u64,
    visit: &mut dyn FnMut(EntryRow) -> rusqlite::Result<ControlFlow<()>>,
) -> rusqlite::Result<()> {
    visit_rows(connection, "sequence > ?1 ORDER BY sequence", after, visit)
}

/// Visits every row that can be found, in the order of the ids' bytes.
pub(crate) fn visit_findable(
    connection: &Connection,
    visit: &mut dyn FnMut(EntryRow) -> rusqlite::Result<ControlFlow<()>>,
) -> rusqlite::Result<()> {
    visit_rows(connection, "sequence > ?1 AND text_hash IS NOT NULL ORDER BY id", 0, visit)
}

fn visit_rows(
    connection: &Connection,
    which: &str,
    after: u64,
    visit: &mut dyn FnMut(EntryRow) -> rusqlite::Result<ControlFlow<()>>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, text_hash IS NOT NULL, embedding, text, words, main_category,
             sub_category, brand, price, rating, discounted
         FROM entries WHERE {which}"
    ))?;
    let mut rows = statement.query([after.cast_signed()])?;
    while let Some(row) = rows.next()? {
        if visit(entry_row(row)?)?.is_break() {
            break;
        }
    }
    Ok(())
}

fn entry_row(row: &Row<'_>) -> rusqlite::Result<EntryRow> {
    let findable = if row.get(1)? { Some(findable(row)?) } else { None };
    Ok(EntryRow { id: rows::id(row, 0)?, findable })
}

/// What columns 2 to 10 of `row` say.
pub(crate) fn findable(row: &Row<'_>) -> rusqlite::Result<Findable> {
    Ok(Findable {
        embedding: rows::floats(row, 2)?,
        text: AnalyzedText::from_stream(row.get::<_, String>(3)?),
        words: row.get(4)?,
        facets: FacetValues {
            main_category: row.get(5)?,
            sub_category: row.get(6)?,
            brand: row.get(7)?,
            price: row.get(8)?,
            rating: row.get(9)?,
            discounted: row.get(10)?,
        },
    })
}

/// What the index knows of `ids`.
pub(crate) fn known(
    connection: &Connection,
    ids: Vec<ProductId>,
) -> rusqlite::Result<HashMap<ProductId, IndexedState>> {
    let mut statement = connection.prepare_cached(KNOWN)?;
    let mut found = HashMap::with_capacity(ids.len());
    for id in ids {
        if let Some(indexed) = known_one(&mut statement, &id)? {
            found.insert(id, indexed);
        }
    }
    Ok(found)
}

pub(crate) const KNOWN: &str = "SELECT version, text_hash FROM entries WHERE id = ?1";

pub(crate) fn known_one(
    statement: &mut CachedStatement<'_>,
    id: &ProductId,
) -> rusqlite::Result<Option<IndexedState>> {
    let indexed = statement.query_row([id.as_str()], |row| {
        let removed = row.get_ref(1)?.as_blob_or_null().map_err(|e| rows::cannot_be(1, e))?;
        let text_hash = removed.map(|_| rows::bytes(row, 1)).transpose()?;
        Ok(IndexedState {
            version: Version(row.get(0)?),
            text_hash: text_hash.map(TextHash::from_bytes),
        })
    });
    indexed.optional()
}

/// Which model made the embeddings; `None` while there are none.
pub(crate) fn fingerprint(connection: &Connection) -> rusqlite::Result<Option<Fingerprint>> {
    if count(connection)? == 0 {
        return Ok(None);
    }
    let text: Option<String> = connection
        .prepare_cached("SELECT value FROM facts WHERE name = 'fingerprint'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let parse = |text: String| {
        Fingerprint::parse(&text).ok_or_else(|| rows::cannot_be(0, format!("fingerprint {text:?}")))
    };
    text.map(parse).transpose()
}
