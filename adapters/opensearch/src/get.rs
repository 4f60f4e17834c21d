//! Documents by their ids: as they were written last, whether searches see them or not.

use crate::connection::{Request, Urgency};
use crate::document::EntryEmbedding;
use crate::error::{ServerError, corrupt};
use crate::index::Engine;
use crate::schema;
use akin_entities::{Fingerprint, ProductId, TextHash};
use akin_ports::{PortError, PortResult};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::HashMap;

/// How many documents are fetched at a time.
const PAGE: usize = 500;

#[derive(Deserialize)]
struct Answer {
    docs: Vec<Fetched>,
}

/// A document.
#[derive(Deserialize)]
pub(crate) struct Fetched {
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

impl Fetched {
    pub(crate) fn id(&self) -> PortResult<ProductId> {
        product_id(&self.id)
    }

    pub(crate) fn version(&self) -> i64 {
        self.version
    }

    /// Which writing of the document it is.
    pub(crate) fn place(&self) -> (u64, u64) {
        (self.seq_no, self.primary_term)
    }

    /// What `field` holds, if that is a text.
    pub(crate) fn text(&self, field: &str) -> Option<String> {
        serde_json::from_str(self.source.get(field)?.get()).ok()
    }

    /// The meaning it holds, if `model` made it; none if the product was removed.
    pub(crate) fn meaning(&mut self, model: &Fingerprint) -> Option<EntryEmbedding> {
        let fingerprint = self.text("fingerprint").filter(|held| *held == model.to_string())?;
        let field = schema::embedding_field(model.dimension);
        let text_hash = self.text("text_hash")?;
        let embedding = self.source.remove(&field)?;
        Some(EntryEmbedding { field, embedding, text_hash, fingerprint })
    }
}

impl Engine {
    /// The documents of `ids` that exist, with these `fields`, separated by commas.
    pub(crate) async fn fetch(
        &self,
        ids: &[&str],
        fields: &str,
        urgency: Urgency,
    ) -> PortResult<Vec<Fetched>> {
        let mut fetched = Vec::new();
        for ids in ids.chunks(PAGE) {
            let page = self.fetch_page(ids, fields, urgency).await?;
            fetched.extend(page.into_iter().filter(|document| document.found));
        }
        Ok(fetched)
    }

    /// A shard that is not ready yet refuses its documents one by one.
    async fn fetch_page(
        &self,
        ids: &[&str],
        fields: &str,
        urgency: Urgency,
    ) -> PortResult<Vec<Fetched>> {
        let path = format!("{}/_mget?_source_includes={fields}", self.alias);
        let request = Request::post(path, &json!({"ids": ids})).urgency(urgency);
        let mut patience = self.connection.patience(urgency);
        loop {
            let Answer { docs } = self.connection.call(&request).await?;
            let refused = docs.iter().find(|document| !document.error.is_null());
            let Some(refused) = refused else { return Ok(docs) };
            let error: PortError = ServerError::of_document(&refused.error).into();
            if !error.is_retryable() || !patience.wait().await {
                return Err(error);
            }
        }
    }
}

/// The product whose document has this id.
pub(crate) fn product_id(id: &str) -> PortResult<ProductId> {
    ProductId::new(id).map_err(|error| corrupt(error.to_string()))
}

/// The hash that was written as hexadecimal digits.
pub(crate) fn parse_hash(text: &str) -> Option<TextHash> {
    Some(TextHash::from_bytes(u128::from_str_radix(text, 16).ok()?.to_be_bytes()))
}
