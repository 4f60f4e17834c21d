//! Reads documents by id, as last written, whether they are searchable yet or not.

use crate::connection::{Request, RetryPolicy};
use crate::document::StoredEmbedding;
use crate::error::{ServerError, corrupt};
use crate::schema;
use crate::session::{IndexSession, Revision};
use akin_entities::{Fingerprint, ProductId, TextHash};
use akin_ports::{PortError, PortResult};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::HashMap;

/// The number of documents per request.
const PAGE: usize = 500;

#[derive(Deserialize)]
struct MultiGetResponse {
    docs: Vec<FetchedDocument>,
}

/// A document read by its id.
#[derive(Deserialize)]
pub(crate) struct FetchedDocument {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    found: bool,
    #[serde(default, rename = "_version")]
    version: i64,
    #[serde(default, rename = "_seq_no")]
    seq_no: u64,
    #[serde(default, rename = "_primary_term")]
    primary_term: u64,
    #[serde(default, rename = "_source")]
    source: HashMap<String, Box<RawValue>>,
    #[serde(default)]
    error: Value,
}

impl FetchedDocument {
    pub(crate) fn id(&self) -> PortResult<ProductId> {
        product_id(&self.id)
    }

    pub(crate) fn version(&self) -> i64 {
        self.version
    }

    /// Returns the revision, for a conditional write.
    pub(crate) fn revision(&self) -> Revision {
        Revision { sequence: self.seq_no, term: self.primary_term }
    }

    /// Returns the value of `field` if it is a text.
    pub(crate) fn text(&self, field: &str) -> Option<String> {
        serde_json::from_str(self.source.get(field)?.get()).ok()
    }

    /// Takes the embedding, if `model` made it; `None` for a removed product.
    pub(crate) fn take_embedding(&mut self, model: &Fingerprint) -> Option<StoredEmbedding> {
        let fingerprint = self.text("fingerprint").filter(|held| *held == model.to_string())?;
        let field = schema::embedding_field(model.dimension);
        let text_hash = self.text("text_hash")?;
        let embedding = self.source.remove(&field)?;
        Some(StoredEmbedding { field, embedding, text_hash, fingerprint })
    }
}

impl IndexSession {
    /// Returns the existing documents among `ids` with these comma-separated `fields`.
    pub(crate) async fn fetch(
        &self,
        ids: &[&str],
        fields: &str,
        retry: RetryPolicy,
    ) -> PortResult<Vec<FetchedDocument>> {
        let mut fetched = Vec::new();
        for ids in ids.chunks(PAGE) {
            let page = self.fetch_page(ids, fields, retry).await?;
            fetched.extend(page.into_iter().filter(|document| document.found));
        }
        Ok(fetched)
    }

    /// Reads one page. Retries while a shard that is not ready rejects single documents.
    async fn fetch_page(
        &self,
        ids: &[&str],
        fields: &str,
        retry: RetryPolicy,
    ) -> PortResult<Vec<FetchedDocument>> {
        let path = format!("{}/_mget?_source_includes={fields}", self.alias);
        let request = Request::post(path, &json!({"ids": ids})).retry(retry);
        let mut backoff = self.connection.backoff(retry);
        loop {
            let MultiGetResponse { docs } = self.connection.call(&request).await?;
            let refused = docs.iter().find(|document| !document.error.is_null());
            let Some(refused) = refused else { return Ok(docs) };
            let error: PortError = ServerError::for_document(&refused.error).into();
            if !error.is_retryable() || !backoff.wait(None).await {
                return Err(error);
            }
        }
    }
}

/// Parses a document's id as a product id.
pub(crate) fn product_id(id: &str) -> PortResult<ProductId> {
    ProductId::new(id).map_err(|error| corrupt(error.to_string()))
}

/// Parses a text hash from hexadecimal digits.
pub(crate) fn parse_hash(text: &str) -> Option<TextHash> {
    Some(TextHash::from_bytes(u128::from_str_radix(text, 16).ok()?.to_be_bytes()))
}
