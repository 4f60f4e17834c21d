//! Several engines behind one API: listing, choosing and comparing them.

use crate::support::{Shop, served_engine};
use akin_http::{Api, Engines};
use akin_memory::{Faults, MemoryEmbedder, MemoryIndex};
use akin_ports::{ErrorKind, ProductStore};
use akin_usecases::{EmbedChanges, QueryEmbeddings};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;

/// Opens the shop with a second engine, which has another model and lacks the desk lamp.
async fn two_engines() -> (Shop, Faults) {
    let mut shop = Shop::open().await;
    let default = shop.api.engines.default.clone();
    let faults = Faults::default();
    let index = Arc::new(MemoryIndex::with_faults(faults.clone()));
    let embedder = Arc::new(MemoryEmbedder::named("other@00000000"));
    let catalogue = Arc::new(akin_memory::MemoryStore::default());
    let mut products = crate::support::products();
    products.retain(|product| product.id.as_str() != "HO-1");
    catalogue.apply(&products, crate::support::INGESTED).await.expect("products");
    let embed = EmbedChanges::new(catalogue, embedder.clone(), index.clone());
    assert!(embed.run(&|_| ()).await.expect("a run").failures.is_empty());
    let (embeddings, store) = (QueryEmbeddings::new(embedder, 16), default.search.store.clone());
    let second = served_engine("second+other", embeddings, index, store);
    let engines = Engines { default, others: vec![second] };
    shop.api = Api { engines, ..shop.api };
    (shop, faults)
}

async fn compare(shop: &Shop, body: Value) -> Value {
    let answer = shop.post("/api/compare", body.to_string()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn every_engine_is_listed_with_its_state() {
    let (shop, faults) = two_engines().await;
    insta::assert_snapshot!(shop.get("/api/engines").await.text);
    faults.break_after(0, ErrorKind::Unavailable);
    let engines = shop.get("/api/engines").await.json();
    assert_eq!(engines["engines"][0]["available"], true);
    assert_eq!(engines["engines"][1]["available"], false);
    assert_eq!(engines["engines"][1]["products"], Value::Null);
}

#[tokio::test]
async fn the_named_engine_answers_or_else_the_default() {
    let (shop, _) = two_engines().await;
    let first = shop.get("/api/search?q=desk+lamp&mode=lexical").await;
    assert_eq!(first.json()["engine"], "memory+words");
    assert_eq!(first.ids()[0], "HO-1");
    for name in ["second%2Bother", "second"] {
        let second = shop.get(&format!("/api/search?q=desk+lamp&engine={name}")).await;
        assert_eq!(second.json()["engine"], "second+other");
        assert!(second.json()["model"].as_str().unwrap().starts_with("other@"));
        assert!(!second.ids().contains(&"HO-1".to_owned()));
    }
    let answer = shop.get("/api/search?q=lamp&engine=third").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let expected = "there is no engine \"third\"; the engines are memory+words, second+other";
    assert_eq!(answer.problem().1, expected);
    let similar = shop.get("/api/products/PH-1/similar?limit=9&engine=second").await.json();
    let similar = similar["hits"].as_array().unwrap().clone();
    assert!(similar.iter().all(|hit| hit["product"]["product_id"] != "HO-1"));
}

#[tokio::test]
async fn two_engines_are_compared_side_by_side() {
    let (shop, _) = two_engines().await;
    let body = json!({"query": "desk lamp for a phone", "mode": "lexical", "page_size": 4});
    let mut compared = compare(&shop, body.clone()).await;
    for engine in compared["engines"].as_array_mut().unwrap() {
        let engine = engine.as_object_mut().unwrap();
        assert!(engine.remove("took_ms").unwrap().as_f64().unwrap() >= 0.0);
        let timings = engine.remove("timings_ms").unwrap();
        assert_eq!(timings.as_object().unwrap().len(), 5);
        let hits = engine.remove("hits").unwrap();
        engine.insert("ids".to_owned(), hits.as_array().unwrap().iter().map(id).collect());
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&compared).unwrap());

    let body_with = |names: [&str; 2]| {
        let mut body = body.clone();
        body["engines"] = json!(names);
        body
    };
    let reversed = compare(&shop, body_with(["second", "memory+words"])).await;
    assert_eq!(reversed["overlap"], compared["overlap"]);
    assert_eq!(reversed["engines"][0]["engine"], "second+other");
    let same = compare(&shop, body_with(["second", "second"])).await;
    assert_eq!(same["overlap"], 1.0);
    assert!(same["ranks"].as_array().unwrap().iter().all(|rank| rank["rose"] == 0));
}

fn id(hit: &Value) -> Value {
    hit["product"]["product_id"].clone()
}

#[tokio::test]
async fn an_invalid_comparison_is_refused_with_the_reason() {
    let (shop, faults) = two_engines().await;
    let refused = [
        (json!({"query": "lamp", "engines": ["second"]}), "engines must be a list of two names"),
        (json!({"query": "lamp", "engines": "second"}), "engines must be a list of two names"),
        (json!({"query": "lamp", "engines": ["second", "x"]}), "there is no engine \"x\""),
        (json!({"query": "lamp", "engine": "second"}), "/api/compare has engines"),
        (json!({"query": "lamp", "limit": 3}), "unknown field `limit`"),
        (json!({"query": "lamp", "limit": 3}), "`mode`, `engines`, `page`"),
        (json!({"query": "x".repeat(4_001)}), "longer than 4000 characters"),
    ];
    for (body, expected) in refused {
        let answer = shop.post("/api/compare", body.to_string()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        let (code, message) = answer.problem();
        assert!(code == "INVALID_REQUEST_BODY" && message.contains(expected), "{message}");
    }
    faults.break_after(0, ErrorKind::Unavailable);
    let answer = shop.post("/api/compare", json!({"query": "lamp"}).to_string()).await;
    assert_eq!(answer.problem().0, "QUERY_SIMILAR_PRODUCTS_FAILED");
    let alone = Shop::open().await.post("/api/compare", r#"{"query": "lamp"}"#).await;
    assert!(alone.problem().1.contains("this server has one"), "{}", alone.text);
}
