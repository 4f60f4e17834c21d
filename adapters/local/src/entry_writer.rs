//! Writes entries. The caller commits the transaction.

use crate::entries::{
    FIND_INDEXED, count, find_indexed, fingerprint, last_sequence, note_transaction,
};
use crate::{error, rows};
use akin_entities::{
    AnalyzedText, Change, Embedding, FacetValues, Fingerprint, ProductId, Version, newest_of_each,
};
use akin_ports::{EntryEmbedding, ErrorKind, Failures, IndexEntry, PortError};
use rusqlite::{CachedStatement, Connection, params};
use std::path::Path;

/// Writes entries within one transaction.
pub(crate) struct EntryWriter<'a> {
    file: &'a Path,
    connection: &'a Connection,
    find: CachedStatement<'a>,
    insert: CachedStatement<'a>,
    update: CachedStatement<'a>,
    first_sequence: u64,
    sequence: u64,
    count: u64,
    fingerprint: Option<Fingerprint>,
    failures: Failures,
}

impl<'a> EntryWriter<'a> {
    /// Reads the state of the index. The transaction on `connection` must be a write transaction.
    pub(crate) fn new(connection: &'a Connection, file: &'a Path) -> rusqlite::Result<Self> {
        let insert = "
            INSERT INTO entries (sequence, id, version, text_hash, embedding, text, words,
                main_category, sub_category, brand, price, rating, discounted, tags)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
        let update = "
            UPDATE entries SET sequence = ?1, version = ?3,
                text_hash = CASE ?15 WHEN 1 THEN text_hash ELSE ?4 END,
                embedding = CASE ?15 WHEN 1 THEN embedding ELSE ?5 END,
                text = ?6, words = ?7, main_category = ?8, sub_category = ?9, brand = ?10,
                price = ?11, rating = ?12, discounted = ?13, tags = ?14
            WHERE id = ?2";
        let sequence = last_sequence(connection)?;
        Ok(Self {
            file,
            connection,
            find: connection.prepare_cached(FIND_INDEXED)?,
            insert: connection.prepare_cached(insert)?,
            update: connection.prepare_cached(update)?,
            first_sequence: sequence,
            sequence,
            count: count(connection)?,
            fingerprint: fingerprint(connection)?,
            failures: Failures::new(),
        })
    }

    /// Writes the newest entry of each product, unless a newer version is stored.
    pub(crate) fn upsert_all(&mut self, entries: &[IndexEntry]) -> rusqlite::Result<()> {
        for entry in newest_of_each(entries, |entry| (&entry.id, entry.version)) {
            self.upsert(entry)?;
        }
        Ok(())
    }

    /// Writes `entry`, unless a newer version is stored.
    fn upsert(&mut self, entry: &IndexEntry) -> rusqlite::Result<()> {
        let existing = find_indexed(&mut self.find, &entry.id)?;
        if existing.is_some_and(|existing| existing.version > entry.version) {
            return Ok(());
        }
        let is_searchable = existing.is_some_and(|existing| existing.text_hash.is_some());
        let failure = match &entry.embedding {
            EntryEmbedding::Unchanged if is_searchable => None,
            EntryEmbedding::Unchanged => Some(self.missing_embedding()),
            EntryEmbedding::Computed { embedding, fingerprint, .. } => {
                self.check_model(embedding, fingerprint)?
            }
        };
        if let Some(failure) = failure {
            self.failures.insert(entry.id.clone(), failure);
            return Ok(());
        }
        self.write(&entry.id, entry.version, Some(entry), existing.is_some())?;
        self.count += u64::from(!is_searchable);
        Ok(())
    }

    /// Makes a product unsearchable, unless a newer version is stored.
    pub(crate) fn remove(&mut self, change: &Change) -> rusqlite::Result<()> {
        let existing = find_indexed(&mut self.find, &change.id)?;
        if existing.is_some_and(|existing| existing.version > change.version) {
            return Ok(());
        }
        self.write(&change.id, change.version, None, existing.is_some())?;
        let is_searchable = existing.is_some_and(|existing| existing.text_hash.is_some());
        self.count = self.count.saturating_sub(is_searchable.into());
        Ok(())
    }

    /// Updates the count of products. Returns the failures and the last sequence.
    pub(crate) fn finish(self) -> rusqlite::Result<(Failures, u64)> {
        self.connection
            .prepare_cached("UPDATE findable SET count = ?1")?
            .execute([self.count.cast_signed()])?;
        if self.sequence > self.first_sequence {
            note_transaction(self.connection, self.sequence)?;
        }
        Ok((self.failures, self.sequence))
    }

    fn write(
        &mut self,
        id: &ProductId,
        version: Version,
        entry: Option<&IndexEntry>,
        exists: bool,
    ) -> rusqlite::Result<()> {
        self.sequence += 1;
        let empty = (AnalyzedText::default(), String::new(), FacetValues::default());
        let (text, words, facets) = entry.map_or((&empty.0, &empty.1, &empty.2), |entry| {
            (&entry.text, &entry.words, &entry.facets)
        });
        let source = entry.map(|entry| &entry.embedding);
        let (hash, embedding) = match source {
            Some(EntryEmbedding::Computed { embedding, text_hash, .. }) => {
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
            facets.tags.to_stream(),
            source == Some(&EntryEmbedding::Unchanged),
        ];
        let statement = if exists { &mut self.update } else { &mut self.insert };
        let values = if exists { values } else { &values[..14] };
        statement.execute(values).map(|_| ())
    }

    /// Returns why an embedding cannot be stored. The first embedding sets the model of an empty
    /// index.
    fn check_model(
        &mut self,
        embedding: &Embedding,
        given: &Fingerprint,
    ) -> rusqlite::Result<Option<PortError>> {
        let dimension = embedding.as_slice().len();
        if dimension != given.dimension {
            let what = format!("an embedding of {dimension} coordinates claims to be of {given}");
            return Ok(Some(self.refused(what, "check the model")));
        }
        match &self.fingerprint {
            Some(held) if held.is_compatible_with(given) => Ok(None),
            Some(held) => {
                let what = format!("it holds embeddings of {held}, not of {given}");
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

    fn missing_embedding(&self) -> PortError {
        self.refused("it holds no embedding of this product".to_owned(), "embed the product")
    }

    fn refused(&self, what: String, remedy: &'static str) -> PortError {
        error::at(self.file, ErrorKind::Refused, what, remedy)
    }
}
