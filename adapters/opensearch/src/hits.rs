//! Parses the hits of a search.

use crate::connection::{Connection, Request};
use akin_ports::PortResult;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A search response, without all but its hits. The server may omit an empty list.
#[derive(Deserialize)]
struct SearchResponse<H> {
    #[serde(default = "SearchHits::empty")]
    hits: SearchHits<H>,
}

#[derive(Deserialize)]
struct SearchHits<H> {
    #[serde(default = "Vec::new")]
    hits: Vec<H>,
}

impl<H> SearchHits<H> {
    fn empty() -> Self {
        Self { hits: Vec::new() }
    }
}

impl Connection {
    /// Runs a search and parses its hits.
    pub(crate) async fn hits<H: DeserializeOwned>(&self, request: &Request) -> PortResult<Vec<H>> {
        Ok(self.call::<SearchResponse<H>>(request).await?.hits.hits)
    }
}
