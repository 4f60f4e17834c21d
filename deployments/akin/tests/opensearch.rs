//! The command over OpenSearch, which finds what the embedded store keeps.

mod support;

use serde_json::{Value, json};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use support::server::Server;
use support::{Outcome, Place};

/// A place whose `akin` knows the real server, with an index of its own there.
struct Shop {
    place: Place,
    settings: [(&'static str, String); 2],
}

impl Shop {
    fn open() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let url = std::env::var("AKIN_TEST_OPENSEARCH")
            .expect("AKIN_TEST_OPENSEARCH is not set: run `make test`, or see `make services`");
        let name = format!("akin-{}-{number}", std::process::id());
        let settings = [("OPENSEARCH_ENDPOINT", url), ("OPENSEARCH_INDEX_NAME", name)];
        Self { place: Place::new(), settings }
    }

    fn akin(&self, words: &str) -> Command {
        let mut command = self.place.akin(words);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    fn run(&self, words: &str) -> Outcome {
        self.akin(words).output().expect("a process").into()
    }

    fn json(&self, words: &str) -> Value {
        self.run(&format!("{words} --json")).succeeds().json()
    }
}

#[test]
#[ignore = "needs the model and OpenSearch: make test"]
fn a_feed_is_ingested_and_found_in_opensearch() {
    let shop = Shop::open();
    let first = shop.json("ingest --engine opensearch feed.csv");
    assert_eq!([&first["inserted"], &first["embedded"]], [&json!(4), &json!(4)]);
    let second = shop.json("ingest --engine opensearch feed.csv");
    assert_eq!([&second["unchanged"], &second["embedded"]], [&json!(4), &json!(0)]);
    for mode in ["hybrid", "semantic", "lexical"] {
        let words = format!("search --engine opensearch --mode {mode} steady phone tripod");
        let found = shop.json(&words);
        assert_eq!(found["hits"][0]["product"]["product_id"], "PH-1", "{mode}");
        assert_eq!(found["engine"], "opensearch+native");
    }
}

#[test]
#[ignore = "needs the model and OpenSearch: make test"]
fn a_copy_in_opensearch_answers_as_the_embedded_engine_does() {
    let shop = Shop::open();
    shop.run("ingest feed.csv").succeeds();
    let copied = shop.json("copy --from local --to opensearch");
    assert_eq!([&copied["products"], &copied["entries"]], [&json!(0), &json!(4)], "one store");
    let server =
        Server::of(shop.akin("serve --listen 127.0.0.1:0 --engine local --engine opensearch"));
    for mode in ["hybrid", "semantic", "lexical"] {
        let asked = json!({"query": "steady phone tripod", "mode": mode});
        let compared = server.post("/api/compare", &asked);
        assert_eq!(compared["overlap"], 1.0, "{compared}");
        let ranks = compared["ranks"].as_array().expect("ranks");
        assert!(ranks.iter().all(|one| one["rose"] == 0), "{compared}");
    }
}

#[test]
fn a_missing_endpoint_is_named() {
    let outcome = Place::new().run("status --engine opensearch").fails_with(2);
    assert!(outcome.stderr.contains("OPENSEARCH_ENDPOINT"), "{outcome}");
}
