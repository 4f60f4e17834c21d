//! Lists the entries of the index page by page.

use crate::connection::{Request, RetryPolicy};
use crate::session::IndexSession;
use crate::{error, facets, get, schema};
use akin_entities::{AnalyzedText, Embedding, Fingerprint, ProductId, Version};
use akin_ports::{EntryEmbedding, IndexEntry, PortResult};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// The maximum number of entries per response; their embeddings make them large.
const PAGE: usize = 500;

#[derive(Deserialize)]
struct ListedDocument {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_version")]
    version: i64,
    #[serde(rename = "_source")]
    source: HashMap<String, Box<RawValue>>,
}

impl IndexSession {
    /// See [`akin_ports::ProductIndex::list`].
    pub(crate) async fn list(
        &self,
        after: Option<&ProductId>,
        limit: usize,
    ) -> PortResult<Vec<IndexEntry>> {
        let Some(model) = self.read_model(RetryPolicy::Write).await? else { return Ok(Vec::new()) };
        let mut entries: Vec<IndexEntry> = Vec::new();
        while entries.len() < limit {
            let requested = (limit - entries.len()).min(PAGE);
            let last = entries.last().map(|entry| &entry.id).or(after);
            let page = self.list_page(&model, last, requested).await?;
            let is_last = page.len() < requested;
            entries.extend(page);
            if is_last {
                break;
            }
        }
        Ok(entries)
    }

    async fn list_page(
        &self,
        model: &Fingerprint,
        after: Option<&ProductId>,
        size: usize,
    ) -> PortResult<Vec<IndexEntry>> {
        let embedding = schema::embedding_field(model.dimension);
        let mut body = json!({
            "size": size,
            "version": true,
            "track_total_hits": false,
            "_source": ["text", "words", "facets", "text_hash", embedding],
            "sort": [{"id": "asc"}],
            "query": {"bool": {"filter": [{"term": {"fingerprint": model.to_string()}}]}},
        });
        if let Some(after) = after {
            body["search_after"] = json!([after.as_str()]);
        }
        let path = format!("{}/_search?allow_partial_search_results=false", self.alias);
        let request = Request::post(path, &body).retry(RetryPolicy::Write);
        let hits: Vec<ListedDocument> = self.connection.hits(&request).await?;
        hits.iter().map(|document| entry(document, model)).collect()
    }
}

fn entry(document: &ListedDocument, model: &Fingerprint) -> PortResult<IndexEntry> {
    let raw: Vec<f32> = field(document, &schema::embedding_field(model.dimension))?;
    let unreadable = || error::corrupt(format!("the document of {:?} is damaged", document.id));
    let text_hash: String = field(document, "text_hash")?;
    Ok(IndexEntry {
        id: get::product_id(&document.id)?,
        version: Version(document.version),
        embedding: EntryEmbedding::Computed {
            embedding: Embedding::from_stored(raw).map_err(|_| unreadable())?,
            text_hash: get::parse_hash(&text_hash).ok_or_else(unreadable)?,
            fingerprint: model.clone(),
        },
        text: AnalyzedText::from_stream(field::<String>(document, "text")?),
        words: field::<Vec<String>>(document, "words")?.join(" "),
        facets: facets::read(&field::<String>(document, "facets")?)?,
    })
}

fn field<T: DeserializeOwned>(document: &ListedDocument, name: &str) -> PortResult<T> {
    let value = document.source.get(name).and_then(|value| serde_json::from_str(value.get()).ok());
    value.ok_or_else(|| {
        error::corrupt(format!("the document of {:?} lacks its {name}", document.id))
    })
}
