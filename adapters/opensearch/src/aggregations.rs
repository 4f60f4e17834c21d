//! Aggregations over the whole catalogue, computed by the server.

use crate::connection::{Connection, Request, RetryPolicy};
use crate::document::LengthTotals;
use crate::error;
use crate::schema::field_name;
use crate::vocabulary::{Vocabulary, WordCounts};
use akin_entities::TextField;
use akin_ports::PortResult;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The number of words per response; the server returns at most 65,535.
const PAGE: u64 = 10_000;

/// The lifetime of the point in time that is aggregated.
const KEEP_ALIVE: &str = "1m";

#[derive(Deserialize)]
pub(crate) struct AggregationResponse {
    pub(crate) hits: MatchedDocuments,
    #[serde(default)]
    pub(crate) aggregations: Map<String, Value>,
}

#[derive(Deserialize)]
pub(crate) struct MatchedDocuments {
    pub(crate) total: TotalHits,
    #[serde(default)]
    pub(crate) hits: Vec<MatchedDocument>,
}

#[derive(Deserialize)]
pub(crate) struct TotalHits {
    pub(crate) value: u64,
}

#[derive(Deserialize)]
pub(crate) struct MatchedDocument {
    #[serde(rename = "_index")]
    pub(crate) index: String,
}

#[derive(Deserialize)]
struct PointInTime {
    pit_id: String,
}

/// Aggregates the catalogue's vocabulary at one point in time, so that its parts are consistent.
pub(crate) async fn vocabulary(connection: &Connection, alias: &str) -> PortResult<Vocabulary> {
    let path = format!("{alias}/_search/point_in_time?keep_alive={KEEP_ALIVE}");
    let point: PointInTime = connection.call(&Request::bare(path)).await?;
    let vocabulary = vocabulary_at(connection, &point.pit_id).await;
    let path = "_search/point_in_time";
    let close = Request::delete(path, Some(&json!({"pit_id": [point.pit_id]})));
    // If this fails, the point in time expires by itself.
    let _closed = connection.ask(&close.retry(RetryPolicy::Never)).await;
    vocabulary
}

async fn vocabulary_at(connection: &Connection, view: &str) -> PortResult<Vocabulary> {
    Ok(Vocabulary {
        lengths: lengths(connection, Request::post("_search", &length_sums(Some(view)))).await?,
        terms: counts(connection, view, "terms").await?,
        words: counts(connection, view, "words").await?,
    })
}

/// Returns the total text lengths of all searchable products behind `alias`, for a write to it.
pub(crate) async fn total_lengths(
    connection: &Connection,
    alias: &str,
) -> PortResult<LengthTotals> {
    // Without some of the shards the sums would be too small.
    let path = format!("{alias}/_search?allow_partial_search_results=false");
    let request = Request::post(path, &length_sums(None)).retry(RetryPolicy::Write);
    lengths(connection, request).await
}

/// Builds the query for the sums of text lengths, at the current time or a point in time.
fn length_sums(view: Option<&str>) -> Value {
    let sum = |field| {
        let name = field_name(field);
        (name.to_owned(), json!({"sum": {"field": format!("lengths.{name}")}}))
    };
    let sums: Map<_, _> = TextField::ALL.into_iter().map(sum).collect();
    let mut body = json!({
        "size": 0,
        "track_total_hits": true,
        "query": {"exists": {"field": "fingerprint"}},
        "aggs": sums,
    });
    if let Some(view) = view {
        body["pit"] = json!({"id": view, "keep_alive": KEEP_ALIVE});
    }
    body
}

async fn lengths(connection: &Connection, request: Request) -> PortResult<LengthTotals> {
    let response: AggregationResponse = connection.call(&request).await?;
    let mut lengths =
        LengthTotals { documents: response.hits.total.value, ..LengthTotals::default() };
    for field in TextField::ALL {
        lengths.sums[field.position()] = whole(number(&response.aggregations, field_name(field))?);
    }
    Ok(lengths)
}

/// Returns the number of products that contain each value of `field`.
///
/// The values arrive in partitions by their hash, so that neither side holds more than one
/// partition besides the result.
async fn counts(connection: &Connection, view: &str, field: &str) -> PortResult<WordCounts> {
    let about = json!({"cardinality": {"field": field}});
    let response: AggregationResponse =
        connection.call(&within(view, &json!({"words": about}))).await?;
    // The estimate is accurate to a few percent.
    let mut parts = 1 + whole(1.3 * number(&response.aggregations, "words")?) / PAGE;
    loop {
        match counts_in(connection, view, field, parts).await? {
            Some(counts) => return Ok(WordCounts::new(counts)),
            None => parts *= 2,
        }
    }
}

/// Counts the values in `parts` partitions. Returns `None` if a partition exceeds one response.
async fn counts_in(
    connection: &Connection,
    view: &str,
    field: &str,
    parts: u64,
) -> PortResult<Option<Vec<(Box<str>, u64)>>> {
    let mut counts = Vec::new();
    for part in 0..parts {
        let words = json!({"terms": {
            "field": field,
            "size": PAGE,
            "order": {"_key": "asc"},
            "include": {"partition": part, "num_partitions": parts},
        }});
        let page: TermsResponse = connection.call(&within(view, &json!({"words": words}))).await?;
        let TermBuckets { buckets, sum_other_doc_count } = page.aggregations.words;
        if sum_other_doc_count > 0 {
            return Ok(None);
        }
        counts.extend(buckets.into_iter().map(|bucket| (bucket.key, bucket.doc_count)));
    }
    Ok(Some(counts))
}

/// Builds a request for `aggregations` over all documents at a point in time.
fn within(view: &str, aggregations: &Value) -> Request {
    let body = json!({
        "size": 0,
        "track_total_hits": true,
        "pit": {"id": view, "keep_alive": KEEP_ALIVE},
        "aggs": aggregations,
    });
    Request::post("_search", &body)
}

#[derive(Deserialize)]
struct TermsResponse {
    aggregations: TermsAggregation,
}

#[derive(Deserialize)]
struct TermsAggregation {
    words: TermBuckets,
}

#[derive(Deserialize)]
struct TermBuckets {
    buckets: Vec<TermBucket>,
    sum_other_doc_count: u64,
}

#[derive(Deserialize)]
struct TermBucket {
    key: Box<str>,
    doc_count: u64,
}

pub(crate) fn number(aggregations: &Map<String, Value>, name: &str) -> PortResult<f64> {
    let value = aggregations.get(name).and_then(|result| result["value"].as_f64());
    value.ok_or_else(|| error::corrupt(format!("a response lacks the sum of {name}")))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
fn whole(sum: f64) -> u64 {
    sum.max(0.0) as u64
}
