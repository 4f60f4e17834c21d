use crate::{ErrorKind, Failures, IndexIdentity, MatchQuery, Matches, PortError, PortResult};
use akin_entities::{
    Analysis, AnalyzedText, Change, Embedding, FacetValues, Filter, Fingerprint, ProductId,
    Similarity, Statistics, TextHash, Version,
};
use async_trait::async_trait;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

/// Finds products by embedding and by words. It holds embeddings of one fingerprint only.
#[async_trait]
pub trait ProductIndex: Debug + Send + Sync {
    /// Returns its identity, which never changes. An index that was deleted and created again is
    /// another one.
    async fn identity(&self) -> PortResult<IndexIdentity>;

    /// Writes each entry, unless the index holds a newer one; of a repeated id the newest is written.
    /// An entry of another fingerprint is a failure; so is an entry with an unchanged embedding that the
    /// index does not hold. An index without products adopts the fingerprint of the next entry.
    async fn upsert(&self, entries: &[IndexEntry]) -> PortResult<Failures>;

    /// Removes each product, unless the index holds a newer version of it. An older entry that
    /// arrives later does not bring it back, even if the index never held the product.
    async fn remove(&self, changes: &[Change]) -> PortResult<Failures>;

    /// Returns the states of those of `ids` that the index holds or has removed.
    async fn states(&self, ids: &[ProductId]) -> PortResult<HashMap<ProductId, IndexedState>>;

    /// Returns the union of the `depth` best products by words and the `depth` nearest by embedding,
    /// each product once and in no particular order. A query may lack either part; a vector of
    /// another model or dimension is refused.
    async fn candidates(&self, query: &CandidateQuery) -> PortResult<Vec<Candidate>>;

    /// Counts the products that match, counts their facets and lists a page of them, over the whole
    /// catalogue. A page beyond [`MAX_DEPTH`](crate::MAX_DEPTH) is refused.
    async fn matches(&self, query: &MatchQuery) -> PortResult<Matches>;

    /// Counts the products whose names, which are title and brand, hold all of the analyzed terms `all` and
    /// one of `terms`, for each of these, in their order.
    async fn name_counts(&self, all: &[String], terms: &[String]) -> PortResult<Vec<u64>>;

    /// Lists the next `limit` entries after `after` that can be found, in the byte order of their ids,
    /// as [`Self::upsert`] takes them. Copies are made of them.
    async fn list(&self, after: Option<&ProductId>, limit: usize) -> PortResult<Vec<IndexEntry>>;

    /// Returns the statistics of the whole catalogue that the ranking needs, as of the last refresh.
    /// They do not change once returned.
    async fn statistics(&self) -> PortResult<Arc<dyn Statistics>>;

    /// Returns the fingerprint of its embeddings; `None` while it holds none.
    async fn fingerprint(&self) -> PortResult<Option<Fingerprint>>;

    /// Counts the products that can be found.
    async fn count(&self) -> PortResult<u64>;

    /// Returns the analysis of its texts, as it was last set; `None` if it never was. Terms of another
    /// analysis do not meet them.
    async fn analysis(&self) -> PortResult<Option<Analysis>>;

    /// Sets the analysis of its texts, and changes no text.
    async fn set_analysis(&self, analysis: &Analysis) -> PortResult<()>;
}

/// A product as an index holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexEntry {
    /// The product.
    pub id: ProductId,
    /// The version of the product.
    pub version: Version,
    /// The embedding of its text.
    pub embedding: EntryEmbedding,
    /// Its analyzed text.
    pub text: AnalyzedText,
    /// Its distinct words, folded but not stemmed, joined by spaces. Misspelled words are corrected
    /// to them.
    pub words: String,
    /// The values that filters compare.
    pub facets: FacetValues,
}

/// The embedding of an entry, if it changed.
#[derive(Clone, Debug, PartialEq)]
pub enum EntryEmbedding {
    /// The text was embedded.
    Computed {
        /// The embedding.
        embedding: Embedding,
        /// The hash of the text.
        text_hash: TextHash,
        /// The model.
        fingerprint: Fingerprint,
    },
    /// The text did not change: the embedding that the index holds stays.
    Unchanged,
}

/// The state of a product in an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexedState {
    /// The version that the index holds or removed.
    pub version: Version,
    /// The hash of the text that was embedded; `None` if the product was removed.
    pub text_hash: Option<TextHash>,
}

/// A query for candidates.
#[derive(Clone, Debug, PartialEq)]
pub struct CandidateQuery {
    /// The analyzed terms, any of which may match. If empty, words are not searched.
    pub terms: Vec<String>,
    /// The embedding of the query. If `None`, embeddings are not searched and candidates have no
    /// cosines.
    pub vector: Option<QueryVector>,
    /// The products that may be found; applied exactly, inside the index.
    pub filter: Filter,
    /// The number of candidates of either part.
    pub depth: usize,
    /// The minimum cosine of candidates found by embedding alone.
    pub threshold: Option<Similarity>,
    /// True if candidates include their facets, at a small cost.
    pub with_facets: bool,
}

/// The embedding of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryVector {
    /// The embedding.
    pub embedding: Embedding,
    /// The model: embeddings of two models cannot be compared.
    pub fingerprint: Fingerprint,
}

impl QueryVector {
    /// Refuses, in the name of `system`, to compare it with embeddings of another model or dimension.
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

/// A product that may match, with everything that scoring needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The product.
    pub id: ProductId,
    /// Its exact cosine to the query, if the query has an embedding.
    pub cosine: Option<Similarity>,
    /// Its analyzed text.
    pub text: AnalyzedText,
    /// The values to count and sort by, if the query asks for them. Boxed because most candidates have
    /// none and are moved often.
    pub facets: Option<Box<FacetValues>>,
}

/// Refuses, in the name of `system`, to mix embeddings of the models `held` and `given`.
pub fn ensure_same_model(
    system: &'static str,
    held: &Fingerprint,
    given: &Fingerprint,
) -> PortResult<()> {
    if held.is_compatible_with(given) {
        return Ok(());
    }
    let mismatch = ModelMismatch { held: held.clone(), given: given.clone() };
    Err(PortError::new(system, ErrorKind::Misconfigured, mismatch))
}

/// The source of the error of an index that is given embeddings of another model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("it holds embeddings of {held}, but texts are embedded by {given}")]
pub struct ModelMismatch {
    /// The model of the embeddings in the index.
    pub held: Fingerprint,
    /// The model of the embeddings that were given.
    pub given: Fingerprint,
}

/// The source of the error of an index whose texts have another analysis than queries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the texts in the index {index} were analyzed {}, but queries are analyzed as {wanted}",
    .held.as_ref().map_or_else(|| "by an earlier akin".to_owned(), |held| format!("as {held}"))
)]
pub struct AnalysisMismatch {
    /// The name of the index.
    pub index: String,
    /// The analysis of its texts; `None` for one by an akin that named none.
    pub held: Option<Analysis>,
    /// The analysis of queries.
    pub wanted: Analysis,
}
