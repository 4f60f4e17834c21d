//! The command over OpenSearch, which finds what the embedded store keeps.

use crate::support::Place;
use crate::support::shop::Shop;
use serde_json::json;

/// A shop with an index of its own on the real server.
fn open() -> Shop {
    Shop::with(Vec::new()).with_opensearch()
}

#[test]
#[ignore = "needs the model and OpenSearch: make test"]
fn a_feed_is_ingested_and_found_in_opensearch() {
    let shop = open();
    let first = shop.json("ingest --engine opensearch feed.csv");
    assert_eq!([&first["inserted"], &first["embedded"]], [&json!(4), &json!(4)]);
    let second = shop.json("ingest --engine opensearch feed.csv");
    assert_eq!([&second["unchanged"], &second["embedded"]], [&json!(4), &json!(0)]);
    shop.finds_the_tripod("opensearch");
}

#[test]
#[ignore = "needs the model and OpenSearch: make test"]
fn a_copy_in_opensearch_answers_as_the_embedded_engine_does() {
    let shop = open();
    shop.run("ingest feed.csv").succeeds();
    let copied = shop.json("copy --from local --to opensearch");
    assert_eq!([&copied["products"], &copied["entries"]], [&json!(0), &json!(4)], "one store");
    drop(shop.answers_alike("--engine local --engine opensearch"));
}

#[test]
fn a_missing_endpoint_is_named() {
    let outcome = Place::new().run("status --engine opensearch").fails_with(2);
    assert!(outcome.stderr.contains("OPENSEARCH_ENDPOINT"), "{outcome}");
}
