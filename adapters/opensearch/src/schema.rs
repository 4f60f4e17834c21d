//! The settings and mappings of the index.

use crate::facets;
use akin_entities::{Analysis, TextField};
use serde_json::{Map, Value, json};

/// The version of this schema, stored in the index.
pub(crate) const VERSION: u64 = 4;

/// The maximum length of a word in characters. Longer words are stored, but neither searched nor
/// counted. The server limits keywords to 32,766 bytes.
pub(crate) const MAX_WORD_LENGTH: usize = 1_000;

/// The maximum number of hits of one search.
pub(crate) const MAX_HITS: usize = 10_000;

/// Returns the name of the index behind `alias`. Its number is not that of the schema, which is upgraded
/// in place.
pub(crate) fn index_name(alias: &str) -> String {
    format!("{alias}-v1")
}

/// Returns the body that creates an index behind `alias`.
pub(crate) fn index_body(alias: &str) -> Value {
    json!({
        "aliases": {alias: {"is_write_index": true}},
        "settings": {"index": {
            "knn": true,
            "number_of_shards": 1,
            // One replica as soon as there is a second node.
            "auto_expand_replicas": "0-1",
            // The default, but only an explicit interval refreshes an index without searches.
            "refresh_interval": "1s",
            "max_result_window": MAX_HITS,
        }},
        "mappings": mappings(),
    })
}

/// Returns the mappings, without those of embeddings.
pub(crate) fn mappings() -> Value {
    let unindexed = json!({"type": "keyword", "index": false, "doc_values": false});
    let count = json!({"type": "integer", "index": false});
    let lengths: Map<_, _> = TextField::ALL
        .map(|field| (field_name(field).to_owned(), count.clone()))
        .into_iter()
        .collect();
    let mut properties = json!({
        "id": {"type": "keyword"},
        "fingerprint": {"type": "keyword"},
        "text_hash": unindexed.clone(),
        // A stored field, so that candidates are read without their embeddings.
        "text": {"type": "text", "index": false, "norms": false, "store": true},
        "facets": {"type": "text", "index": false, "norms": false, "store": true},
        "terms": {"type": "keyword"},
        "name_terms": {"type": "keyword"},
        "words": {"type": "keyword", "ignore_above": MAX_WORD_LENGTH},
        "shares": {"type": "rank_features"},
        "lengths": {"properties": lengths},
        "removed": {"type": "boolean", "index": false, "doc_values": false},
        "model": unindexed.clone(),
        "wanted": unindexed,
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

/// Returns the name of the field for embeddings of `dimension` coordinates. Each dimension has its
/// own field, so that an emptied index can take another model.
pub(crate) fn embedding_field(dimension: usize) -> String {
    format!("embedding_{dimension}")
}

/// Returns the mapping that adds the embedding field.
pub(crate) fn embedding_mapping(dimension: usize) -> Value {
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

/// Returns the schema version from an index's mappings; `None` if akin did not create it.
pub(crate) fn version(mappings: &Value) -> Option<u64> {
    mappings["_meta"]["akin"]["schema"].as_u64()
}

/// Returns the analysis of the texts from an index's mappings, where [`analysis_mapping`] wrote it.
pub(crate) fn analysis(mappings: &Value) -> Option<&str> {
    mappings["_meta"]["akin"]["analysis"].as_str()
}

/// Returns the mapping that names the analysis of the texts. It replaces all that is said of the index.
pub(crate) fn analysis_mapping(analysis: &Analysis) -> Value {
    json!({"_meta": {"akin": {"schema": VERSION, "analysis": analysis.as_str()}}})
}

/// Returns the name of a text field in the documents' `lengths`.
pub(crate) fn field_name(field: TextField) -> &'static str {
    match field {
        TextField::Title => "title",
        TextField::Description => "description",
        TextField::Category => "category",
        TextField::Brand => "brand",
        TextField::Attributes => "attributes",
    }
}
