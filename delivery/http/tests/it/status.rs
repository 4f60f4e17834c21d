//! The status of the catalogue, the queue and the last runs.

use crate::support::Shop;
use akin_entities::{Change, ProductId, Version};
use akin_ports::{RunCounts, RunEnd, RunOutcome};
use serde_json::Value;
use std::time::Duration;

#[tokio::test]
async fn the_status_counts_products_and_changes() {
    let shop = Shop::open().await;
    insta::assert_snapshot!(shop.get("/api/status").await.text);
}

#[tokio::test]
async fn messages_in_the_queue_are_counted_too() {
    let shop = Shop::open().await;
    let change = |id: &str| Change { id: ProductId::new(id).expect("an id"), version: Version(1) };
    let changes = [change("a"), change("b"), change("c")];
    let queue = &shop.api.status.queue;
    assert!(queue.send(&changes).await.expect("messages").is_empty());
    assert_eq!(queue.receive(1).await.expect("a message").len(), 1);
    let status = shop.get("/api/status").await.json();
    assert_eq!(status["waiting"], 2);
    assert_eq!(status["queue"].to_string(), r#"{"dead":0,"in_flight":1,"waiting":2}"#);
}

#[tokio::test]
async fn the_last_runs_are_shown_without_folders_and_errors_of_servers() {
    let shop = Shop::open().await;
    let feed = "/srv/feeds/shop.csv";
    let secret = || "10.0.0.5 is unreachable".to_owned();
    for (after, outcome) in [
        (1, RunOutcome::Finished),
        (2, RunOutcome::Failed(secret())),
        (3, RunOutcome::Refused("the feeds do not name 9 of 10 products".to_owned())),
    ] {
        let counts =
            (after == 1).then(|| RunCounts::from_values([9, 1, 2, 6, 8, 10, 0, 3, 11, 4, 5, 7]));
        let end = RunEnd { outcome, took: Duration::from_millis(2_500), counts };
        shop.record_run(after, feed, &end).await;
    }
    shop.begin_run(4, feed).await;
    let answer = shop.get("/api/status").await;
    assert!(!answer.text.contains("/srv") && !answer.text.contains("10.0.0.5"), "{}", answer.text);
    let runs = &answer.json()["runs"];
    insta::assert_snapshot!(serde_json::to_string_pretty(runs).expect("a document"));
    for after in 5..20 {
        shop.begin_run(after, feed).await;
    }
    let runs = shop.get("/api/status").await.json()["runs"].clone();
    assert_eq!(runs.as_array().map(Vec::len), Some(akin_views::LAST_RUNS));
    assert_eq!(runs[0]["began"], Value::from("2023-03-18T08:33:33.000061Z"), "the latest first");
}
