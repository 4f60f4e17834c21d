//! Counting a catalogue, by the server.

use crate::connection::{Connection, Request, Urgency};
use crate::document::{Lengths, field_name};
use crate::error;
use crate::vocabulary::{Counts, Vocabulary};
use akin_entities::TextField;
use akin_ports::PortResult;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// How many words come in one answer: the server gives 65,535 at the most.
const PAGE: u64 = 10_000;

/// How long the server keeps the view of the index that is counted.
const KEEP_ALIVE: &str = "1m";

#[derive(Deserialize)]
pub(crate) struct Found {
    pub(crate) hits: Hits,
    #[serde(default)]
    pub(crate) aggregations: Map<String, Value>,
}

#[derive(Deserialize)]
pub(crate) struct Hits {
    pub(crate) total: Total,
    #[serde(default)]
    pub(crate) hits: Vec<Hit>,
}

#[derive(Deserialize)]
pub(crate) struct Total {
    pub(crate) value: u64,
}

#[derive(Deserialize)]
pub(crate) struct Hit {
    #[serde(rename = "_index")]
    pub(crate) index: String,
}

#[derive(Deserialize)]
struct Opened {
    pit_id: String,
}

/// Counts all of it in one view of the index, so that the parts agree.
pub(crate) async fn vocabulary(connection: &Connection, alias: &str) -> PortResult<Vocabulary> {
    let path = format!("{alias}/_search/point_in_time?keep_alive={KEEP_ALIVE}");
    let opened: Opened = connection.call(&Request::bare(path)).await?;
    let counted = counted(connection, &opened.pit_id).await;
    let path = "_search/point_in_time";
    let close = Request::delete(path, Some(&json!({"pit_id": [opened.pit_id]})));
    // The server closes it by itself, too.
    let _closed = connection.ask(&close.urgency(Urgency::Once)).await;
    counted
}

async fn counted(connection: &Connection, view: &str) -> PortResult<Vocabulary> {
    Ok(Vocabulary {
        lengths: lengths(connection, Request::post("_search", &summed(Some(view)))).await?,
        terms: counts(connection, view, "terms").await?,
        words: counts(connection, view, "words").await?,
    })
}

/// How much the products hold that can be found in the index of that name, for a write to it.
pub(crate) async fn lengths_of(connection: &Connection, alias: &str) -> PortResult<Lengths> {
    // Without some of its shards the sums would be too small.
    let path = format!("{alias}/_search?allow_partial_search_results=false");
    let request = Request::post(path, &summed(None)).urgency(Urgency::Write);
    lengths(connection, request).await
}

/// Asks how much the products hold, of all or of a `view`.
fn summed(view: Option<&str>) -> Value {
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

async fn lengths(connection: &Connection, request: Request) -> PortResult<Lengths> {
    let found: Found = connection.call(&request).await?;
    let mut lengths = Lengths { documents: found.hits.total.value, ..Lengths::default() };
    for field in TextField::ALL {
        lengths.sums[field.position()] = whole(number(&found.aggregations, field_name(field))?);
    }
    Ok(lengths)
}

/// How many products hold each value of `field`.
///
/// The values come in parts, by their hashes, so that neither side holds more than a part besides
/// the result.
async fn counts(connection: &Connection, view: &str, field: &str) -> PortResult<Counts> {
    let about = json!({"cardinality": {"field": field}});
    let found: Found = connection.call(&within(view, &json!({"words": about}))).await?;
    // The guess is good to a few percent.
    let mut parts = 1 + whole(1.3 * number(&found.aggregations, "words")?) / PAGE;
    loop {
        match counts_in(connection, view, field, parts).await? {
            Some(counts) => return Ok(Counts::of(counts)),
            None => parts *= 2,
        }
    }
}

/// The values in so many `parts`; `None` if one of them is too large for an answer.
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
        let page: Page = connection.call(&within(view, &json!({"words": words}))).await?;
        let Words { buckets, sum_other_doc_count } = page.aggregations.words;
        if sum_other_doc_count > 0 {
            return Ok(None);
        }
        counts.extend(buckets.into_iter().map(|bucket| (bucket.key, bucket.doc_count)));
    }
    Ok(Some(counts))
}

/// Asks for `aggregations` over all documents of a view.
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
struct Page {
    aggregations: Aggregations,
}

#[derive(Deserialize)]
struct Aggregations {
    words: Words,
}

#[derive(Deserialize)]
struct Words {
    buckets: Vec<Bucket>,
    sum_other_doc_count: u64,
}

#[derive(Deserialize)]
struct Bucket {
    key: Box<str>,
    doc_count: u64,
}

pub(crate) fn number(aggregations: &Map<String, Value>, name: &str) -> PortResult<f64> {
    let value = aggregations.get(name).and_then(|found| found["value"].as_f64());
    value.ok_or_else(|| error::corrupt(format!("an answer lacks the sum of {name}")))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
fn whole(sum: f64) -> u64 {
    sum.max(0.0) as u64
}
