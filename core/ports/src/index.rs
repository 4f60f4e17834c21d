use crate::{ErrorKind, Failures, PortError, PortResult};
use akin_entities::{
    AnalyzedText, Change, Embedding, FacetValues, Filter, Fingerprint, ProductId, Similarity,
    Statistics, TextHash, Version,
};
use async_trait::async_trait;
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
    /// that means anything, each product once. Either part may be absent from the query; a vector
    /// of another model or dimension is refused.
    async fn candidates(&self, query: &CandidateQuery) -> PortResult<Vec<Candidate>>;

    /// The next `limit` entries behind `after` that can be found, in the order of their ids' bytes,
    /// as [`Self::upsert`] takes them: a copy is made of them.
    async fn list(&self, after: Option<&ProductId>, limit: usize) -> PortResult<Vec<IndexEntry>>;

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
    pub meaning: EntryEmbedding,
    /// Its text as words search it.
    pub text: AnalyzedText,
    /// Its distinct words as they are written, folded but not stemmed, space-joined: what a
    /// misspelled word is corrected from.
    pub words: String,
    /// What filters look at.
    pub facets: FacetValues,
}

/// What an entry says of its product's embedding.
#[derive(Clone, Debug, PartialEq)]
pub enum EntryEmbedding {
    /// The text was embedded.
    Computed {
        /// Where it points.
        embedding: Embedding,
        /// Which text it was.
        text_hash: TextHash,
        /// Which model did it.
        fingerprint: Fingerprint,
    },
    /// The text is what it was, so the embedding that the index holds stays.
    Unchanged,
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
    /// Analyzed terms; any of them may match. Empty: do not search by words.
    pub terms: Vec<String>,
    /// The query's meaning. `None`: do not search by meaning, and answer without cosines.
    pub vector: Option<QueryVector>,
    /// Which products may be found; applied inside the index, exactly.
    pub filter: Filter,
    /// How many of either part.
    pub depth: usize,
    /// The least cosine of those found by meaning alone.
    pub threshold: Option<Similarity>,
    /// Whether each candidate is to bring its facets, which cost a little.
    pub with_facets: bool,
}

/// Where a query points in meaning-space.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryVector {
    /// The embedding of its words.
    pub embedding: Embedding,
    /// Which model made it: it points nowhere among the embeddings of another.
    pub fingerprint: Fingerprint,
}

impl QueryVector {
    /// Makes sure that it may be compared with embeddings of `held`: cosines between vectors of
    /// two models mean nothing. `system` is who refuses.
    pub fn check(&self, system: &'static str, held: &Fingerprint) -> PortResult<()> {
        ensure_same_model(system, held, &self.fingerprint)?;
        let (given, wanted) = (self.embedding.as_slice().len(), held.dimension);
        if given == wanted {
            return Ok(());
        }
        let what = format!("it holds embeddings of {wanted} coordinates, not of {given}");
        Err(PortError::new(system, ErrorKind::Refused, what))
    }
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
    /// What filters look at, if the query wants it: what is counted and sorted by.
    /// Boxed: most candidates have none, and are moved often.
    pub facets: Option<Box<FacetValues>>,
}

/// Refuses, in the name of `system`, to mix embeddings by `given` with those by `held`.
pub fn ensure_same_model(
    system: &'static str,
    held: &Fingerprint,
    given: &Fingerprint,
) -> PortResult<()> {
    if held.is_compatible_with(given) {
        return Ok(());
    }
    let what = format!(
        "it holds embeddings of {held}, but texts are embedded by {given}: set AKIN_MODEL to the \
         model that made the index, or ingest into an index of its own"
    );
    Err(PortError::new(system, ErrorKind::Misconfigured, what))
}
