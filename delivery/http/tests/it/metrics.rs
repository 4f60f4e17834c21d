//! The Prometheus metrics.

use crate::support::Shop;
use akin_entities::{Change, ProductId, Version};
use akin_ports::{ErrorKind, RunCounts, RunEnd, RunOutcome};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;
use tower::ServiceExt;

/// Parses the samples, by name and labels.
fn samples(text: &str) -> HashMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let samples = lines.map(|line| {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        (name.to_owned(), value.parse().expect("a number"))
    });
    samples.collect()
}

/// Records a run that began `after` microseconds after the ingestion of the shop.
async fn record_run(shop: &Shop, after: i64, outcome: RunOutcome) {
    let counts = Some(RunCounts::from_values([9, 1, 2, 6, 8, 10, 0, 3, 11, 4, 5, 7]));
    let end = RunEnd { outcome, took: Duration::from_millis(2_500), counts };
    shop.record_run(after, "/srv/feeds/shop.csv", &end).await;
}

#[tokio::test]
async fn the_metrics_agree_with_the_status() {
    let shop = Shop::open().await;
    record_run(&shop, 0, RunOutcome::Failed("/srv is full".to_owned())).await;
    record_run(&shop, 1, RunOutcome::Finished).await;
    let change = |id: &str| Change { id: ProductId::new(id).expect("an id"), version: Version(1) };
    let queue = &shop.api.status.queue;
    let sent = queue.send(&["a", "b", "c", "d"].map(change)).await.expect("messages");
    assert!(sent.is_empty() && queue.receive(1).await.expect("a message").len() == 1);
    // A running run has no metrics yet.
    shop.begin_run(2, "feed.csv").await;
    let answer = shop.get("/metrics").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    insta::assert_snapshot!(answer.text);
    let (metrics, status) = (samples(&answer.text), shop.get("/api/status").await.json());
    let check =
        |name: &str, value: &Value| assert_eq!(Some(metrics[name]), value.as_f64(), "{name}");
    check("akin_products", &status["products"]);
    check("akin_waiting", &status["waiting"]);
    check("akin_in_flight", &status["queue"]["in_flight"]);
    check("akin_dead", &status["queue"]["dead"]);
    check("akin_quarantined", &status["quarantined"]);
    check("akin_blanked", &status["blanked"]);
    let engine = status["engine"].as_str().expect("an engine");
    check(&format!("akin_indexed{{engine=\"{engine}\"}}"), &status["indexed"]);
    let model = status["model"].as_str().expect("a model");
    check(&format!("akin_model_info{{engine=\"{engine}\",model=\"{model}\"}}"), &json!(1));
    let run = &status["runs"][1];
    check("akin_last_run_duration_seconds", &run["seconds"]);
    for (name, count) in run["counts"].as_object().expect("counts") {
        check(&format!("akin_last_run_rows{{outcome=\"{name}\"}}"), count);
    }
    let rows = metrics.keys().filter(|name| name.starts_with("akin_last_run_rows"));
    assert_eq!(rows.count(), RunCounts::NAMES.len());
}

#[tokio::test]
async fn the_last_run_is_ok_only_if_it_completed_all_its_work() {
    let shop = Shop::open().await;
    let last_run_ok =
        async || samples(&shop.get("/metrics").await.text).get("akin_last_run_ok").copied();
    assert_eq!(last_run_ok().await, None, "there was no run");
    let reason = || "a reason".to_owned();
    for (after, outcome, expected) in [
        (1, RunOutcome::Finished, 1.0),
        (2, RunOutcome::Partly(reason()), 0.0),
        (3, RunOutcome::Refused(reason()), 0.0),
        (4, RunOutcome::Failed(reason()), 0.0),
        (5, RunOutcome::Interrupted, 0.0),
    ] {
        record_run(&shop, after, outcome).await;
        assert_eq!(last_run_ok().await, Some(expected));
    }
}

#[tokio::test]
async fn an_unreachable_index_is_reported_as_down_with_the_other_metrics() {
    let shop = Shop::open().await;
    shop.index.break_after(0, ErrorKind::Unavailable);
    let text = shop.get("/metrics").await.text;
    let metrics = samples(&text);
    let value = |name: &str| metrics.get(name).copied();
    assert_eq!(value("akin_engine_up{engine=\"memory+words\"}"), Some(0.0));
    assert_eq!(value("akin_products"), Some(5.0));
    assert!(!text.contains("akin_indexed"), "{text}");
    shop.store.break_after(0, ErrorKind::Unavailable);
    let answer = shop.get("/metrics").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.problem().0, "UNK");
}

async fn scrape(router: &Router) -> String {
    let request = Request::get("/metrics").body(Body::empty()).expect("a request");
    let answer = router.clone().oneshot(request).await.expect("an answer");
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
    String::from_utf8(bytes.into()).expect("text")
}

#[tokio::test(start_paused = true)]
async fn metrics_are_cached_for_five_seconds() {
    let shop = Shop::open().await;
    let router = shop.router();
    let first = scrape(&router).await;
    let steps = shop.store.steps();
    assert!(steps > 0);
    record_run(&shop, 1, RunOutcome::Finished).await;
    tokio::time::advance(Duration::from_millis(4_900)).await;
    for _ in 0..20 {
        assert_eq!(scrape(&router).await, first);
    }
    assert_eq!(shop.store.steps(), steps);
    tokio::time::advance(Duration::from_millis(200)).await;
    assert!(scrape(&router).await.contains("akin_last_run_ok 1"));
    assert!(shop.store.steps() > steps);
}

#[tokio::test]
async fn every_metric_has_a_name_a_help_text_and_a_type() {
    let shop = Shop::open().await;
    record_run(&shop, 1, RunOutcome::Finished).await;
    let text = shop.get("/metrics").await.text;
    let mut current = String::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').expect("a help");
            assert!(name.starts_with("akin_") && help.ends_with('.'), "{line}");
            name.clone_into(&mut current);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            assert_eq!(kind, format!("{current} gauge"));
        } else {
            assert_eq!(line.split(['{', ' ']).next(), Some(&*current), "{line}");
        }
    }
    assert!(text.ends_with('\n') && !current.is_empty());
}
