use crate::Facet;
use akin_entities::{ProductRecord, Similarity};
use akin_ports::PortError;
use akin_ranking::Correction;
use std::collections::BTreeMap;
use std::time::Duration;

/// The number of found products that have a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetCount {
    /// The value.
    pub value: String,
    /// The number of products.
    pub count: usize,
}

/// A product that was found, with its scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The product.
    pub record: ProductRecord,
    /// The score that orders hits; larger is better.
    pub score: f32,
    /// The cosine to the query; `None` in lexical mode.
    pub similarity: Option<Similarity>,
    /// The part of the score that comes from words.
    pub text_score: f32,
}

/// The answer to a search.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchAnswer {
    /// The hits of the requested page.
    pub hits: Vec<Hit>,
    /// The number of products found.
    pub total: usize,
    /// True if the best hits are a good answer to the query.
    pub good: bool,
    /// Words that the catalogue lacks, and the words searched for instead.
    pub corrections: Vec<Correction>,
    /// The requested facet counts, the most frequent value first.
    pub facets: BTreeMap<Facet, Vec<FacetCount>>,
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
    /// The products that were found could not be fetched.
    #[error("the products were not fetched")]
    Fetch(#[source] PortError),
}

impl SearchError {
    /// Returns the error of the port.
    pub fn source_error(&self) -> &PortError {
        match self {
            Self::Embedding(error) | Self::Index(error) | Self::Fetch(error) => error,
        }
    }
}

impl From<SearchError> for PortError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Embedding(error)
            | SearchError::Index(error)
            | SearchError::Fetch(error) => error,
        }
    }
}
