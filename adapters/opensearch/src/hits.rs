//! What a search found.

use crate::connection::{Connection, Request};
use akin_ports::PortResult;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// An answer, of which only the hits matter. Without any, the server may leave them out.
#[derive(Deserialize)]
struct Answer<H> {
    #[serde(default = "Hits::none")]
    hits: Hits<H>,
}

#[derive(Deserialize)]
struct Hits<H> {
    #[serde(default = "Vec::new")]
    hits: Vec<H>,
}

impl<H> Hits<H> {
    fn none() -> Self {
        Self { hits: Vec::new() }
    }
}

impl Connection {
    /// Asks a search, and reads each of its hits.
    pub(crate) async fn hits<H: DeserializeOwned>(&self, request: &Request) -> PortResult<Vec<H>> {
        Ok(self.call::<Answer<H>>(request).await?.hits.hits)
    }
}
