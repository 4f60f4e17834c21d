//! What the index looks like.

use crate::document::field_name;
use crate::facets;
use akin_entities::TextField;
use serde_json::{Map, Value, json};

/// The version of what follows; an index says by which it was made.
pub(crate) const VERSION: u64 = 1;

/// The longest word, in characters: longer ones are kept, but neither found nor counted. The server
/// takes none over 32,766 bytes.
pub(crate) const LONGEST_WORD: usize = 1_000;

/// The most that a search can bring.
pub(crate) const DEEPEST: usize = 10_000;

/// The index that stands behind `alias`.
pub(crate) fn index_name(alias: &str) -> String {
    format!("{alias}-v{VERSION}")
}

/// The body that creates an index behind `alias`.
pub(crate) fn index(alias: &str) -> Value {
    json!({
        "aliases": {alias: {"is_write_index": true}},
        "settings": {"index": {
            "knn": true,
            "number_of_shards": 1,
            // One copy, as soon as there is a second machine for it.
            "auto_expand_replicas": "0-1",
            // Said, though it is the default: unsaid, an index that nobody asks is not refreshed.
            "refresh_interval": "1s",
            "max_result_window": DEEPEST,
        }},
        "mappings": mappings(),
    })
}

fn mappings() -> Value {
    let kept = json!({"type": "keyword", "index": false, "doc_values": false});
    let count = json!({"type": "integer", "index": false});
    let lengths: Map<_, _> = TextField::ALL
        .map(|field| (field_name(field).to_owned(), count.clone()))
        .into_iter()
        .collect();
    let mut properties = json!({
        "id": {"type": "keyword"},
        "fingerprint": {"type": "keyword"},
        "text_hash": kept.clone(),
        // Stored by itself: a candidate is read without the embedding beside it.
        "text": {"type": "text", "index": false, "norms": false, "store": true},
        "facets": {"type": "text", "index": false, "norms": false, "store": true},
        "terms": {"type": "keyword"},
        "words": {"type": "keyword", "ignore_above": LONGEST_WORD},
        "shares": {"type": "rank_features"},
        "lengths": {"properties": lengths},
        "removed": {"type": "boolean", "index": false, "doc_values": false},
        "model": kept.clone(),
        "wanted": kept,
    });
    for (field, mapping) in facets::mapping() {
        properties[field] = mapping;
    }
    json!({
        "dynamic": "strict",
        "_meta": {"akin": {"schema": VERSION}},
        "properties": properties,
    })
}

/// The field of embeddings of `dimension` coordinates: each dimension has its own, so that an
/// index which was emptied takes another model.
pub(crate) fn embedding_field(dimension: usize) -> String {
    format!("embedding_{dimension}")
}

/// The mapping that adds the field of `dimension` coordinates.
pub(crate) fn embeddings(dimension: usize) -> Value {
    json!({"properties": {embedding_field(dimension): {
        "type": "knn_vector",
        "dimension": dimension,
        "method": {
            "name": "hnsw",
            "engine": "lucene",
            "space_type": "cosinesimil",
            "parameters": {"m": 16, "ef_construction": 128},
        },
    }}})
}

/// By which version the index was made whose mappings these are; `None`: akin did not make it.
pub(crate) fn version(mappings: &Value) -> Option<u64> {
    mappings["_meta"]["akin"]["schema"].as_u64()
}
