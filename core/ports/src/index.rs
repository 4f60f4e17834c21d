use crate::{Failures, PortResult};
use async_trait::async_trait;
use entities::{
    AnalyzedText, Change, Embedding, Facets, Filter, Fingerprint, ProductId, Similarity,
    Statistics, TextHash, Version,
};
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

/// Finds products by meaning and by words. It holds embeddings of one fingerprint only.
#[async_trait]
pub trait ProductIndex: Debug + Send + Sync {
    /// Keeps each entry, unless the index holds a newer one; of a repeated id the newest counts.
    /// An entry of another fingerprint is a failure; so is one that keeps a meaning which the
    /// index does not know. An index that holds no product takes the fingerprint of the next one.
    async fn upsert(&self, entries: &[IndexEntry]) -> PortResult<Failures>;

    /// Makes each product unfindable, unless the index holds a newer version of it. An older entry
    /// that comes late does not bring it back, even if the index had never seen the product.
    async fn remove(&self, changes: &[Change]) -> PortResult<Failures>;

    /// What the index knows of `ids`.
    async fn known(&self, ids: &[ProductId]) -> PortResult<HashMap<ProductId, Indexed>>;

    /// The union of the `depth` best by words and the `depth` nearest in meaning, in no order
    /// that means anything, each product once. Either part may be absent from the query; an
    /// embedding of another dimension is refused.
    async fn candidates(&self, query: &CandidateQuery) -> PortResult<Vec<Candidate>>;

    /// What the ranking needs to know of the whole catalogue, as of the last refresh; what was
    /// taken does not change.
    async fn statistics(&self) -> PortResult<Arc<dyn Statistics>>;

    /// Which model made its embeddings; `None` while it holds none.
    async fn fingerprint(&self) -> PortResult<Option<Fingerprint>>;

    /// How many products can be found.
    async fn count(&self) -> PortResult<u64>;
}

/// A product as an index keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexEntry {
    /// Which product it stands for.
    pub id: ProductId,
    /// The state of the product.
    pub version: Version,
    /// Where it points in meaning-space.
    pub meaning: Meaning,
    /// Its text as words search it.
    pub text: AnalyzedText,
    /// Its distinct words as they are written, folded but not stemmed, space-joined: what a
    /// misspelt word is repaired from.
    pub words: String,
    /// What filters look at.
    pub facets: Facets,
}

/// What an entry says of a product's meaning.
#[derive(Clone, Debug, PartialEq)]
pub enum Meaning {
    /// The text was embedded.
    Embedded {
        /// Where it points.
        embedding: Embedding,
        /// Which text it was.
        text_hash: TextHash,
        /// Which model did it.
        fingerprint: Fingerprint,
    },
    /// The text is what it was, so the embedding that the index holds stays.
    Kept,
}

/// What an index knows of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indexed {
    /// The state it holds.
    pub version: Version,
    /// The text that was embedded; `None` if the product was removed.
    pub text_hash: Option<TextHash>,
}

/// What to look for.
#[derive(Clone, Debug, PartialEq)]
pub struct CandidateQuery {
    /// Analysed terms; any of them may match. Empty: do not search by words.
    pub terms: Vec<String>,
    /// The query's meaning. `None`: do not search by meaning, and answer without cosines.
    pub embedding: Option<Embedding>,
    /// Which products may be found; applied inside the index, exactly.
    pub filter: Filter,
    /// How many of either part.
    pub depth: usize,
    /// The least cosine of those found by meaning alone.
    pub threshold: Option<Similarity>,
}

/// A product that may answer, with all that scoring needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Which product.
    pub id: ProductId,
    /// Its exact cosine to the query, if the query has a meaning.
    pub cosine: Option<Similarity>,
    /// Its text as words search it.
    pub text: AnalyzedText,
}
