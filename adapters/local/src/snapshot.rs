use crate::columns;
use crate::entries::{EntryRow, SearchContent};
use akin_entities::{
    AnalyzedText, Fingerprint, ProductId, Similarity, Statistics, TextField, bm25,
};
use akin_ports::{Candidate, CandidateQuery};
use flat_index::{
    Base, DocumentChange, IndexDocument, IndexFileError, Request, Schema, Stamp, TextFieldSchema,
};

/// The searchable products as of one state of the database. Immutable.
#[derive(Debug)]
pub(crate) struct SearchSnapshot {
    fingerprint: Option<Fingerprint>,
    dimension: usize,
    documents: flat_index::Snapshot,
    base: Option<Base>,
    /// The number of documents that were added or removed since the base was built.
    changed: usize,
}

/// Returns the schema of the search files, for embeddings of `dimension` coordinates.
#[expect(clippy::cast_possible_truncation, reason = "both parameters are exact in f32")]
pub(crate) fn schema(dimension: usize) -> Schema {
    Schema {
        dimension,
        text_fields: TextField::ALL
            .map(|field| TextFieldSchema { weight: field.weight(), is_heading: field.is_name() })
            .to_vec(),
        k1: bm25::K1 as f32,
        b: bm25::B as f32,
        keyword_columns: columns::keyword_columns(),
        number_columns: columns::number_columns(),
    }
}

/// Converts a product to a document of the search files.
pub(crate) fn document(id: &ProductId, content: SearchContent) -> IndexDocument {
    let SearchContent { embedding, text, words, facets } = content;
    IndexDocument {
        key: id.as_str().to_owned(),
        vector: embedding,
        text: text.as_stream().to_owned(),
        surface: words,
        keywords: columns::keywords(&facets),
        numbers: columns::numbers(&facets),
        tags: columns::tags(&facets),
    }
}

impl SearchSnapshot {
    /// Creates a snapshot of `base`, or an empty one.
    pub(crate) fn new(
        fingerprint: Option<Fingerprint>,
        base: Option<Base>,
    ) -> Result<Self, IndexFileError> {
        let dimension = fingerprint.as_ref().map_or(0, |fingerprint| fingerprint.dimension);
        let documents = flat_index::Snapshot::new(schema(dimension), base.as_ref())?;
        Ok(Self { fingerprint, dimension, documents, base, changed: 0 })
    }

    /// Returns the model of the embeddings; `None` while there are none.
    pub(crate) fn fingerprint(&self) -> Option<&Fingerprint> {
        self.fingerprint.as_ref()
    }

    /// Returns the base, if there is one.
    pub(crate) fn base(&self) -> Option<&Base> {
        self.base.as_ref()
    }

    /// Returns the number of coordinates of its embeddings.
    pub(crate) fn dimension(&self) -> usize {
        self.dimension
    }

    /// Returns the state of the database that it reflects.
    pub(crate) fn stamp(&self) -> Stamp {
        self.documents.stamp()
    }

    /// Returns the number of documents that were added or removed since the base was built.
    pub(crate) fn changed(&self) -> usize {
        self.changed
    }

    /// Returns the number of searchable products.
    pub(crate) fn len(&self) -> usize {
        self.documents.documents()
    }

    /// Returns the documents.
    pub(crate) fn documents(&self) -> &flat_index::Snapshot {
        &self.documents
    }

    /// Returns this snapshot with `rows`, written on the way to `stamp`, with embeddings of
    /// `fingerprint`.
    pub(crate) fn with(
        &self,
        rows: Vec<EntryRow>,
        stamp: Stamp,
        fingerprint: Option<Fingerprint>,
    ) -> Result<Self, IndexFileError> {
        // A removal from memory leaves nothing to hold.
        let is_held = |row: &&EntryRow| row.content.is_some() || self.base.is_some();
        let changed = self.changed + rows.iter().filter(is_held).count();
        let writes = rows.into_iter().map(|row| match row.content {
            Some(content) => DocumentChange::Upsert(document(&row.id, content)),
            None => DocumentChange::Remove(row.id.as_str().to_owned()),
        });
        let documents = self.documents.apply(stamp, writes)?;
        let (dimension, base) = (self.dimension, self.base.clone());
        Ok(Self { fingerprint, dimension, documents, base, changed })
    }

    /// Answers `query`.
    pub(crate) fn candidates(
        &self,
        query: &CandidateQuery,
    ) -> Result<Vec<Candidate>, IndexFileError> {
        if self.len() == 0 {
            return Ok(Vec::new());
        }
        let terms: Vec<_> = query.terms.iter().map(String::as_str).collect();
        let request = Request {
            terms: &terms,
            vector: query.vector.as_ref().map(|vector| vector.embedding.as_slice()),
            filter: &columns::filter(&query.filter, &self.documents),
            depth: query.depth,
            threshold: query.threshold.map(Similarity::get),
        };
        let found = self.documents.search(&request)?;
        let candidate = |found: flat_index::FoundDocument<'_>| {
            let facets = query.with_facets.then(|| Box::new(columns::facets(&found)));
            // Every key was a product id when it was written.
            let id = ProductId::new(found.key).ok()?;
            let text = AnalyzedText::from_stream(found.text);
            Some(Candidate { id, cosine: found.cosine.map(Similarity::from_cosine), text, facets })
        };
        // Reserves the exact size: growing would move the candidates repeatedly.
        let mut candidates = Vec::with_capacity(found.len());
        candidates.extend(found.into_iter().filter_map(candidate));
        Ok(candidates)
    }
}

impl SearchSnapshot {
    /// See [`akin_ports::ProductIndex::name_counts`].
    pub(crate) fn name_counts(&self, all: &[String], terms: &[String]) -> Vec<u64> {
        fn texts(terms: &[String]) -> Vec<&str> {
            terms.iter().map(String::as_str).collect()
        }
        let counts = self.documents.heading_counts(&texts(all), &texts(terms));
        counts.into_iter().map(|count| count as u64).collect()
    }
}

impl Statistics for SearchSnapshot {
    fn documents(&self) -> u64 {
        self.documents.documents() as u64
    }

    fn document_frequency(&self, term: &str) -> u64 {
        self.documents.document_frequency(term) as u64
    }

    fn average_length(&self, field: TextField) -> f32 {
        self.documents.average_lengths().get(field.position()).copied().unwrap_or_default()
    }

    fn word_frequency(&self, word: &str) -> u64 {
        self.documents.word_frequency(word) as u64
    }

    fn visit_words(&self, initial: char, visit: &mut dyn FnMut(&str, u64)) {
        self.visit_words_from(initial.encode_utf8(&mut [0; 4]), visit);
    }

    fn visit_words_from(&self, beginning: &str, visit: &mut dyn FnMut(&str, u64)) {
        if !beginning.is_empty() {
            self.documents.visit_words(beginning, &mut |word, count| visit(word, count as u64));
        }
    }

    fn visit_terms(&self, beginning: &str, visit: &mut dyn FnMut(&str, u64)) {
        if !beginning.is_empty() {
            self.documents.visit_terms(beginning, &mut |term, count| visit(term, count as u64));
        }
    }
}
