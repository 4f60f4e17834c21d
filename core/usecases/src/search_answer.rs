use crate::Explanation;
use akin_entities::{FacetField, ProductRecord, Similarity};
use akin_ports::{ErrorKind, MAX_DEPTH, NumberCounts, PortError, Relation};
use akin_ranking::Correction;
use std::collections::BTreeMap;
use std::time::Duration;

/// The number of found products that have a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetCount {
    /// The value, in its most frequent spelling, of equally frequent ones the first.
    pub value: String,
    /// The number of products.
    pub count: usize,
}

/// The counts of a field over all products found.
#[derive(Clone, Debug, PartialEq)]
pub enum FacetAnswer {
    /// The number of products with each value, the most frequent first, ties by value. Values that
    /// differ in case and marks only are one.
    Values(Vec<FacetCount>),
    /// The distribution of the numbers; `None` if no product has one.
    Numbers(Option<NumberCounts>),
}

/// A product that was found, with its scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The product.
    pub record: ProductRecord,
    /// The score that orders hits by relevance; larger is better. `None` of a product that was found in
    /// another way than as a candidate: browsing, in another order, or on a page after all candidates.
    pub score: Option<f32>,
    /// The cosine to the query; `None` in lexical mode, and without a score.
    pub similarity: Option<Similarity>,
    /// The part of the score that comes from words.
    pub text_score: Option<f32>,
    /// Why it is a hit, if that was asked for.
    pub explanation: Option<Box<Explanation>>,
}

/// The answer to a search.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchAnswer {
    /// The hits of the requested page.
    pub hits: Vec<Hit>,
    /// The number of products found: those that fit, or all when browsing.
    pub total: usize,
    /// Whether total and facets are exact.
    pub relation: Relation,
    /// True if the first hit by relevance fits the query.
    pub good: bool,
    /// True if nothing fits, so that the hits are what comes closest. They are in no count.
    pub closest: bool,
    /// Words that the catalogue lacks, and the words searched for instead.
    pub corrections: Vec<Correction>,
    /// The requested counts.
    pub facets: BTreeMap<FacetField, FacetAnswer>,
    /// The time that each step took.
    pub timings: Timings,
}

/// The time that each step of a search took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Embedding the query.
    pub embed: Duration,
    /// Finding the candidates.
    pub candidates: Duration,
    /// Scoring and ordering them.
    pub rank: Duration,
    /// Counting and listing all products that fit.
    pub matches: Duration,
    /// Fetching the products.
    pub fetch: Duration,
}

/// The step of a search that failed.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The query could not be embedded.
    #[error("the query was not embedded")]
    Embedding(#[source] PortError),
    /// The index did not answer.
    #[error("the index did not answer")]
    Index(#[source] PortError),
    /// The page is beyond the products that can be listed.
    #[error(
        "hits can be listed up to number {MAX_DEPTH}: ask for an earlier page, or narrow the search"
    )]
    TooDeep,
    /// The products that were found could not be fetched.
    #[error("the products were not fetched")]
    Fetch(#[source] PortError),
}

impl SearchError {
    /// Returns the error of the port, if a port failed.
    pub fn source_error(&self) -> Option<&PortError> {
        match self {
            Self::Embedding(error) | Self::Index(error) | Self::Fetch(error) => Some(error),
            Self::TooDeep => None,
        }
    }
}

impl From<SearchError> for PortError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Embedding(error)
            | SearchError::Index(error)
            | SearchError::Fetch(error) => error,
            SearchError::TooDeep => Self::new("search", ErrorKind::Refused, error.to_string()),
        }
    }
}
