//! The index as SQLite keeps it: what everything that searches is derived from.

use crate::{error, rows};
use entities::{
    AnalyzedText, Change, Embedding, Facets, Fingerprint, ProductId, TextHash, Version,
};
use ports::{ErrorKind, Failures, IndexEntry, Indexed, Meaning, PortError};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

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
    pub(crate) facets: Facets,
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

fn findable(row: &Row<'_>) -> rusqlite::Result<Findable> {
    Ok(Findable {
        embedding: rows::floats(row, 2)?,
        text: AnalyzedText::from_stream(row.get(3)?),
        words: row.get(4)?,
        facets: Facets {
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
) -> rusqlite::Result<HashMap<ProductId, Indexed>> {
    let mut statement = connection.prepare_cached(KNOWN)?;
    let mut found = HashMap::with_capacity(ids.len());
    for id in ids {
        if let Some(indexed) = known_one(&mut statement, &id)? {
            found.insert(id, indexed);
        }
    }
    Ok(found)
}

const KNOWN: &str = "SELECT version, text_hash FROM entries WHERE id = ?1";

fn known_one(
    statement: &mut CachedStatement<'_>,
    id: &ProductId,
) -> rusqlite::Result<Option<Indexed>> {
    let indexed = statement.query_row([id.as_str()], |row| {
        let removed = row.get_ref(1)?.as_blob_or_null().map_err(|e| rows::cannot_be(1, e))?;
        let text_hash = removed.map(|_| rows::bytes(row, 1)).transpose()?;
        Ok(Indexed {
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

/// Writes to the index within one transaction.
pub(crate) struct Writer<'a> {
    file: &'a Path,
    connection: &'a Connection,
    known: CachedStatement<'a>,
    insert: CachedStatement<'a>,
    update: CachedStatement<'a>,
    sequence: u64,
    count: u64,
    fingerprint: Option<Fingerprint>,
    /// With the version that failed: an older one that succeeds makes up for nothing.
    failures: HashMap<ProductId, (Version, PortError)>,
}

impl<'a> Writer<'a> {
    /// Reads where the index stands. The transaction on `connection` must be one that writes.
    pub(crate) fn new(connection: &'a Connection, file: &'a Path) -> rusqlite::Result<Self> {
        let insert = "
            INSERT INTO entries (sequence, id, version, text_hash, embedding, text, words,
                main_category, sub_category, brand, price, rating, discounted)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        let update = "
            UPDATE entries SET sequence = ?1, version = ?3,
                text_hash = CASE ?14 WHEN 1 THEN text_hash ELSE ?4 END,
                embedding = CASE ?14 WHEN 1 THEN embedding ELSE ?5 END,
                text = ?6, words = ?7, main_category = ?8, sub_category = ?9, brand = ?10,
                price = ?11, rating = ?12, discounted = ?13
            WHERE id = ?2";
        Ok(Self {
            file,
            connection,
            known: connection.prepare_cached(KNOWN)?,
            insert: connection.prepare_cached(insert)?,
            update: connection.prepare_cached(update)?,
            sequence: last_sequence(connection)?,
            count: count(connection)?,
            fingerprint: fingerprint(connection)?,
            failures: HashMap::new(),
        })
    }

    /// Keeps `entry`, unless a newer one is there.
    pub(crate) fn upsert(&mut self, entry: &IndexEntry) -> rusqlite::Result<()> {
        let known = known_one(&mut self.known, &entry.id)?;
        if known.is_some_and(|known| known.version > entry.version) {
            return Ok(());
        }
        let findable = known.is_some_and(|known| known.text_hash.is_some());
        let failure = match &entry.meaning {
            Meaning::Kept if findable => None,
            Meaning::Kept => Some(self.unknown_meaning()),
            Meaning::Embedded { embedding, fingerprint, .. } => {
                self.refuse_or_adopt(embedding, fingerprint)?
            }
        };
        if let Some(failure) = failure {
            if !self.failed_newer(entry) {
                self.failures.insert(entry.id.clone(), (entry.version, failure));
            }
            return Ok(());
        }
        if !self.failed_newer(entry) {
            self.failures.remove(&entry.id);
        }
        self.write(&entry.id, entry.version, Some(entry), known.is_some())?;
        self.count += u64::from(!findable);
        Ok(())
    }

    fn failed_newer(&self, entry: &IndexEntry) -> bool {
        self.failures.get(&entry.id).is_some_and(|(version, _)| *version > entry.version)
    }

    /// Makes a product unfindable, unless a newer one is there.
    pub(crate) fn remove(&mut self, change: &Change) -> rusqlite::Result<()> {
        let known = known_one(&mut self.known, &change.id)?;
        if known.is_some_and(|known| known.version > change.version) {
            return Ok(());
        }
        self.write(&change.id, change.version, None, known.is_some())?;
        let findable = known.is_some_and(|known| known.text_hash.is_some());
        self.count = self.count.saturating_sub(findable.into());
        Ok(())
    }

    /// Writes what belongs to the index as a whole; says which entries failed and what the last
    /// sequence is.
    pub(crate) fn finish(self) -> rusqlite::Result<(Failures, u64)> {
        self.connection
            .prepare_cached("UPDATE findable SET count = ?1")?
            .execute([self.count.cast_signed()])?;
        let failures = self.failures.into_iter().map(|(id, (_, failure))| (id, failure));
        Ok((failures.collect(), self.sequence))
    }

    fn write(
        &mut self,
        id: &ProductId,
        version: Version,
        entry: Option<&IndexEntry>,
        known: bool,
    ) -> rusqlite::Result<()> {
        self.sequence += 1;
        let nothing = (AnalyzedText::default(), String::new(), Facets::default());
        let (text, words, facets) = entry.map_or((&nothing.0, &nothing.1, &nothing.2), |entry| {
            (&entry.text, &entry.words, &entry.facets)
        });
        let meaning = entry.map(|entry| &entry.meaning);
        let (hash, embedding) = match meaning {
            Some(Meaning::Embedded { embedding, text_hash, .. }) => {
                (Some(text_hash.to_bytes()), Some(rows::blob(embedding.as_slice())))
            }
            _ => (None, None),
        };
        let values = params![
            self.sequence.cast_signed(),
            id.as_str(),
            version.0,
            hash,
            embedding,
            text.as_stream(),
            words,
            facets.main_category,
            facets.sub_category,
            facets.brand,
            facets.price,
            facets.rating,
            facets.discounted,
            meaning == Some(&Meaning::Kept),
        ];
        let statement = if known { &mut self.update } else { &mut self.insert };
        let values = if known { values } else { &values[..13] };
        statement.execute(values).map(|_| ())
    }

    /// Why an embedding cannot be kept. The first one decides which model's the index holds.
    fn refuse_or_adopt(
        &mut self,
        embedding: &Embedding,
        given: &Fingerprint,
    ) -> rusqlite::Result<Option<PortError>> {
        let dimension = embedding.as_slice().len();
        if dimension != given.dimension {
            let what = format!("an embedding of {dimension} coordinates calls itself {given}");
            return Ok(Some(self.refused(what, "check the model")));
        }
        match &self.fingerprint {
            Some(held) if held.is_compatible_with(given) => Ok(None),
            Some(held) => {
                let what = format!("it holds embeddings of {held}, and this one is of {given}");
                let remedy =
                    "use the model of the index, or ingest into another folder with --data";
                Ok(Some(self.refused(what, remedy)))
            }
            None => {
                self.connection
                    .prepare_cached("INSERT OR REPLACE INTO facts VALUES ('fingerprint', ?1)")?
                    .execute([given.to_string()])?;
                self.fingerprint = Some(given.clone());
                Ok(None)
            }
        }
    }

    fn unknown_meaning(&self) -> PortError {
        self.refused("it knows no embedding of this product".to_owned(), "embed the product")
    }

    fn refused(&self, what: String, remedy: &'static str) -> PortError {
        error::at(self.file, ErrorKind::Refused, what, remedy)
    }
}
