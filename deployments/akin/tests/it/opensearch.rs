//! The command with OpenSearch as engine, over the embedded store.

use crate::support::Sandbox;
use crate::support::shop::Shop;
use serde_json::json;

/// Creates a shop with its own index.
fn shop() -> Shop {
    Shop::local().with_opensearch()
}

#[test]
#[ignore = "needs the model and OpenSearch: make test"]
fn a_feed_is_ingested_and_found_in_opensearch() {
    let shop = shop();
    let first = shop.json("ingest --engine opensearch feed.csv");
    assert_eq!([&first["inserted"], &first["embedded"]], [&json!(4), &json!(4)]);
    let second = shop.json("ingest --engine opensearch feed.csv");
    assert_eq!([&second["unchanged"], &second["embedded"]], [&json!(4), &json!(0)]);
    shop.finds_the_tripod("opensearch");
}

#[test]
#[ignore = "needs the model and OpenSearch: make test"]
fn a_copy_in_opensearch_ranks_like_the_embedded_engine() {
    let shop = shop();
    shop.run("ingest feed.csv").succeeds();
    let copied = shop.json("copy --from local --to opensearch");
    assert_eq!(
        [&copied["products"], &copied["entries"]],
        [&json!(0), &json!(4)],
        "both engines share the store"
    );
    drop(shop.serves_equal_rankings("--engine local --engine opensearch"));
}

#[test]
#[ignore = "needs the model and OpenSearch: make test"]
fn texts_in_another_language_are_analyzed_anew_by_a_migration_and_refused_before() {
    let shop = shop();
    shop.run("ingest --engine opensearch feed.csv").succeeds();
    shop.needs_a_migration_for_german("opensearch");
}

#[test]
fn a_missing_endpoint_is_named() {
    let outcome = Sandbox::new().run("status --engine opensearch").fails_with(2);
    assert!(outcome.stderr.contains("OPENSEARCH_ENDPOINT"), "{outcome}");
}
