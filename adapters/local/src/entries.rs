//! The rows of the index in SQLite, which the search files are derived from.

use crate::rows;
use akin_entities::{
    Analysis, AnalyzedText, FacetValues, Fingerprint, ProductId, Tags, TextHash, Version,
};
use akin_ports::IndexedState;
use flat_index::Stamp;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// A row of the index.
#[derive(Debug)]
pub(crate) struct EntryRow {
    /// The product's id.
    pub(crate) id: ProductId,
    /// The searchable content; `None` if the product was removed.
    pub(crate) content: Option<SearchContent>,
}

/// The searchable content of a product.
#[derive(Debug)]
pub(crate) struct SearchContent {
    pub(crate) embedding: Vec<f32>,
    pub(crate) text: AnalyzedText,
    pub(crate) words: String,
    pub(crate) facets: FacetValues,
}

/// Returns the sequence of the last write; 0 before the first.
pub(crate) fn last_sequence(connection: &Connection) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached("SELECT max(sequence) FROM entries")?;
    let last: Option<i64> = statement.query_row([], |row| row.get(0))?;
    Ok(last.unwrap_or_default().cast_unsigned())
}

/// Returns the state after the last transaction that wrote entries; the default before the first.
pub(crate) fn last_stamp(connection: &Connection) -> rusqlite::Result<Stamp> {
    let last = "SELECT sequence, token FROM index_transactions ORDER BY sequence DESC LIMIT 1";
    let found = connection.prepare_cached(last)?.query_row([], |row| {
        Ok(Stamp {
            sequence: row.get::<_, i64>(0)?.cast_unsigned(),
            token: row.get::<_, i64>(1)?.cast_unsigned(),
        })
    });
    Ok(found.optional()?.unwrap_or_default())
}

/// Returns whether this database was in the state of `stamp`. A base or a snapshot of one that a
/// backup replaced has the same sequence but another token.
pub(crate) fn was_at(connection: &Connection, stamp: Stamp) -> rusqlite::Result<bool> {
    if stamp.sequence == 0 {
        return Ok(true);
    }
    let find = "SELECT token FROM index_transactions WHERE sequence = ?1";
    let token = connection
        .prepare_cached(find)?
        .query_row([stamp.sequence.cast_signed()], |row| row.get::<_, i64>(0));
    Ok(token.optional()?.map(i64::cast_unsigned) == Some(stamp.token))
}

/// Notes that a transaction wrote entries up to `sequence`.
pub(crate) fn note_transaction(connection: &Connection, sequence: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO index_transactions VALUES (?1, random())")?
        .execute([sequence.cast_signed()])
        .map(drop)
}

/// Forgets the transactions before `sequence`, the state of a new base. A snapshot of an earlier
/// state then moves to that base.
pub(crate) fn forget_transactions(connection: &Connection, sequence: u64) -> rusqlite::Result<()> {
    connection
        .execute("DELETE FROM index_transactions WHERE sequence < ?1", [sequence.cast_signed()])
        .map(drop)
}

/// Returns whether the transactions up to `stamp` were forgotten, so that nothing is known of it.
pub(crate) fn is_forgotten(connection: &Connection, stamp: Stamp) -> rusqlite::Result<bool> {
    let oldest = "SELECT min(sequence) FROM index_transactions";
    let oldest: Option<i64> = connection.prepare_cached(oldest)?.query_row([], |row| row.get(0))?;
    Ok(oldest.is_some_and(|oldest| oldest.cast_unsigned() > stamp.sequence))
}

/// Returns the unique identity of this database.
pub(crate) fn identity(connection: &Connection) -> rusqlite::Result<String> {
    let sql = "SELECT value FROM facts WHERE name = 'identity'";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
}

/// Returns the analysis of the texts, as it was last set.
pub(crate) fn analysis(connection: &Connection) -> rusqlite::Result<Option<Analysis>> {
    let name: Option<String> = connection
        .prepare_cached("SELECT value FROM facts WHERE name = 'analysis'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(name.map(Analysis::from_stored))
}

/// Sets the analysis of the texts.
pub(crate) fn set_analysis(connection: &Connection, analysis: &Analysis) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO facts VALUES ('analysis', ?1)")?
        .execute([analysis.as_str()])
        .map(drop)
}

/// Returns the number of searchable products.
pub(crate) fn count(connection: &Connection) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached("SELECT count FROM findable")?;
    Ok(statement.query_row([], |row| row.get::<_, i64>(0))?.cast_unsigned())
}

/// Visits every row after a sequence, oldest first, including removed products, until `visit`
/// breaks.
pub(crate) fn visit_since(
    connection: &Connection,
    after: u64,
    visit: &mut dyn FnMut(EntryRow) -> rusqlite::Result<ControlFlow<()>>,
) -> rusqlite::Result<()> {
    visit_rows(connection, "sequence > ?1 ORDER BY sequence", after, visit)
}

/// Visits every searchable row, in the byte order of ids.
pub(crate) fn visit_searchable(
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
             sub_category, brand, price, rating, discounted, tags
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
    let content = if row.get(1)? { Some(content(row)?) } else { None };
    Ok(EntryRow { id: rows::id(row, 0)?, content })
}

/// Parses columns 2 to 11 of `row`.
pub(crate) fn content(row: &Row<'_>) -> rusqlite::Result<SearchContent> {
    Ok(SearchContent {
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
            tags: Tags::from_stream(&row.get::<_, String>(11)?),
        },
    })
}

/// Returns the versions and text hashes of the indexed products among `ids`.
pub(crate) fn indexed(
    connection: &Connection,
    ids: Vec<ProductId>,
) -> rusqlite::Result<HashMap<ProductId, IndexedState>> {
    let mut statement = connection.prepare_cached(FIND_INDEXED)?;
    let mut found = HashMap::with_capacity(ids.len());
    for id in ids {
        if let Some(indexed) = find_indexed(&mut statement, &id)? {
            found.insert(id, indexed);
        }
    }
    Ok(found)
}

pub(crate) const FIND_INDEXED: &str = "SELECT version, text_hash FROM entries WHERE id = ?1";

pub(crate) fn find_indexed(
    statement: &mut CachedStatement<'_>,
    id: &ProductId,
) -> rusqlite::Result<Option<IndexedState>> {
    let indexed = statement.query_row([id.as_str()], |row| {
        let blob = row.get_ref(1)?.as_blob_or_null().map_err(|e| rows::invalid_value(1, e))?;
        let text_hash = blob.map(|_| rows::bytes(row, 1)).transpose()?;
        Ok(IndexedState {
            version: Version(row.get(0)?),
            text_hash: text_hash.map(TextHash::from_bytes),
        })
    });
    indexed.optional()
}

/// Returns the model of the embeddings; `None` while there are none.
pub(crate) fn fingerprint(connection: &Connection) -> rusqlite::Result<Option<Fingerprint>> {
    if count(connection)? == 0 {
        return Ok(None);
    }
    let text: Option<String> = connection
        .prepare_cached("SELECT value FROM facts WHERE name = 'fingerprint'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let parse = |text: String| {
        Fingerprint::parse(&text)
            .ok_or_else(|| rows::invalid_value(0, format!("fingerprint {text:?}")))
    };
    text.map(parse).transpose()
}
