//! The store knows to which indexes it owes its changes.

use crate::support::shop::Shop;
use crate::support::{Sandbox, rows};
use akin_entities::{Change, ProductId, Version};
use akin_local::{LocalEngine, LocalOptions};
use akin_ports::{ChangeQueue, MAX_ATTEMPTS, NewRun, RunHolder, RunLog, RunStart};
use serde_json::json;
use std::time::Duration;

const BOTH: &str = "--engine local --engine postgres";

fn indexed(shop: &Shop) -> Vec<u64> {
    let status = shop.json(&format!("status {BOTH}"));
    let engines = status["engines"].as_array().expect("engines").iter();
    engines.map(|engine| engine["indexed"].as_u64().expect("a number")).collect()
}

fn registered(shop: &Shop) -> Vec<String> {
    let indexes = shop.json("indexes");
    let indexes = indexes.as_array().expect("indexes").iter();
    indexes.map(|index| index["index"].as_str().expect("a name").to_owned()).collect()
}

fn export(shop: &Shop, engine: &str) -> String {
    shop.run(&format!("export {engine}")).succeeds().stdout
}

fn engine(shop: &Shop) -> LocalEngine {
    LocalEngine::open(&shop.sandbox.path("data"), LocalOptions::default()).expect("an engine")
}

#[test]
#[ignore = "needs the model: make model"]
fn the_index_of_an_ingestion_is_listed_until_it_is_given_up() {
    let shop = Shop::local();
    shop.run("indexes").fails_with(2);
    shop.run("ingest --no-embed feed.csv").succeeds();
    assert_eq!(shop.json("indexes"), json!([]));
    let done = shop.run("worker --once --json").succeeds();
    assert_eq!(done.counts(["received", "embedded"]), [4, 4]);
    assert_eq!(registered(&shop), ["local"]);
    assert!(shop.run("indexes").succeeds().stdout.contains("local"));
    assert_eq!(shop.json("indexes forget local"), json!({"forgotten": true}));
    assert_eq!(shop.json("indexes forget local"), json!({"forgotten": false}));
    shop.run("indexes forget").fails_with(2);
    let again = shop.json("ingest feed.csv");
    assert_eq!((&again["embedded"], &again["updated_fields"]), (&json!(0), &json!(4)));
    assert_eq!(registered(&shop), ["local"]);
}

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn a_second_engine_on_an_old_store_is_filled_and_the_first_keeps_what_it_has() {
    let shop = Shop::in_postgres();
    shop.run("ingest feed.csv").succeeds();
    let before = export(&shop, "--engine local");
    // Nothing in the feed has changed.
    let filled = shop.json(&format!("ingest {BOTH} feed.csv"));
    assert_eq!((&filled["unchanged"], &filled["failed"]), (&json!(4), &json!(0)));
    assert_eq!(indexed(&shop), [4, 4]);
    assert_eq!(export(&shop, "--engine local"), before);
    assert_eq!(export(&shop, "--engine postgres --store local"), before);
    let again = shop.json(&format!("ingest {BOTH} feed.csv"));
    assert_eq!((&again["embedded"], &again["updated_fields"]), (&json!(0), &json!(0)));
}

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn of_two_workers_with_different_engines_the_second_is_refused_by_name() {
    let shop = Shop::in_postgres();
    shop.run("ingest --no-embed feed.csv").succeeds();
    shop.run("worker --once").succeeds();
    shop.sandbox.write("more.csv", rows(3, "MO", "Cup"));
    shop.run("ingest --no-embed more.csv").succeeds();
    for words in ["worker --once", "ingest more.csv"] {
        let refused = shop.run(&format!("{words} --engine postgres --store local")).fails_with(2);
        for part in ["the index local", "AKIN_ENGINES", "akin indexes forget local"] {
            assert!(refused.stderr.contains(part), "{refused}");
        }
    }
    let waiting = shop.json("status")["waiting"].clone();
    assert_eq!(waiting, 3, "nothing was taken");
    shop.run(&format!("worker --once {BOTH}")).succeeds();
    assert_eq!(indexed(&shop), [7, 7]);
    shop.run("indexes forget local").succeeds();
    shop.run("worker --once --engine postgres --store local").succeeds();
    assert_eq!(registered(&shop), ["postgres"]);
}

/// Makes the only change in the queue a dead letter.
async fn kill_one(shop: &Shop) {
    let queue = engine(shop).queue(Duration::from_millis(1));
    let change = Change { id: ProductId::new("PH-1").expect("an id"), version: Version(1) };
    assert!(queue.send(&[change]).await.expect("a message").is_empty());
    for _ in 0..=MAX_ATTEMPTS {
        queue.receive(1).await.expect("deliveries");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(queue.counts().await.expect("counts").dead, 1);
}

#[tokio::test]
#[ignore = "needs the model and Postgres: make test"]
async fn a_copy_is_refused_while_changes_are_dead_letters() {
    let shop = Shop::in_postgres();
    shop.run("ingest feed.csv").succeeds();
    kill_one(&shop).await;
    let refused = shop.run("copy --from local --to postgres").fails_with(1);
    for part in ["1 changes are dead letters", "akin queue redrive", "can never be embedded"] {
        assert!(refused.stderr.contains(part), "{refused}");
    }
    shop.run("queue redrive").succeeds();
    let refused = shop.run("copy --from local --to postgres").fails_with(1);
    assert!(refused.stderr.contains("1 changes wait to be embedded"), "{refused}");
    shop.run("worker --once").succeeds();
    assert_eq!(shop.json("copy --from local --to postgres")["entries"], 4);
}

#[test]
fn a_copy_with_a_store_that_its_source_does_not_use_is_refused() {
    let sandbox = Sandbox::new();
    let copy = "copy --from local --to postgres --postgres-host 127.0.0.1 --postgres-port 1";
    for variables in [&[("AKIN_STORE", "postgres")][..], &[]] {
        let flag = if variables.is_empty() { "--store postgres" } else { "" };
        let refused = sandbox.run_with_env(variables, &format!("{copy} {flag}")).fails_with(2);
        let expected = "--store (AKIN_STORE) is postgres, but `akin copy --from local` reads the \
                        products of the store local: leave --store out";
        assert!(refused.stderr.contains(expected), "{refused}");
    }
    assert!(!sandbox.path("data").exists());
}

#[tokio::test]
#[ignore = "needs the model and Postgres: make test"]
async fn a_copy_is_refused_while_an_ingestion_is_running() {
    let shop = Shop::in_postgres();
    shop.run("ingest feed.csv").succeeds();
    let holder = RunHolder { name: "process 7 of a test".into(), key: "seven".into() };
    let run = NewRun { holder, feeds: vec!["feed.csv".into()], gone: None };
    let begun = engine(&shop).runs().begin(&run).await.expect("a run");
    assert!(matches!(begun, RunStart::Begun(_)), "{begun:?}");
    let refused = shop.run("copy --from local --to postgres").fails_with(1);
    assert!(refused.stderr.contains("process 7 of a test"), "{refused}");
    assert!(refused.stderr.contains("copy when it has ended"), "{refused}");
}

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn what_was_removed_at_the_source_is_removed_at_the_target() {
    let shop = Shop::in_postgres();
    shop.sandbox.write("all.csv", rows(5, "CH", "Chair"));
    shop.sandbox.write("fewer.csv", rows(3, "CH", "Chair"));
    shop.run("ingest all.csv").succeeds();
    shop.run("copy --from local --to postgres").succeeds();
    shop.run("ingest --complete --max-removed 100% fewer.csv").succeeds();
    let copied = shop.json("copy --from local --to postgres");
    assert_eq!((&copied["products"], &copied["entries"]), (&json!(3), &json!(3)));
    assert_eq!(export(&shop, "--engine postgres"), export(&shop, "--engine local"));
    let status = shop.json("status --engine postgres");
    assert_eq!((&status["products"], &status["indexed"]), (&json!(3), &json!(3)));
    let next = shop.json("ingest --engine postgres --complete fewer.csv");
    assert_eq!((&next["unchanged"], &next["embedded"]), (&json!(3), &json!(0)));
    assert_eq!(next["updated_fields"], 0, "nothing is owed to the copy");
}

#[test]
#[ignore = "needs the model, Postgres and OpenSearch: make test"]
fn after_a_copy_in_one_store_a_schedule_that_names_the_old_engine_only_is_refused() {
    let shop = Shop::in_postgres().with_opensearch();
    shop.run("ingest --engine postgres feed.csv").succeeds();
    shop.run("copy --from postgres --to opensearch").succeeds();
    let indexes = shop.json("indexes --store postgres");
    let names = indexes.as_array().expect("indexes").iter().map(|index| index["index"].clone());
    assert_eq!(names.collect::<Vec<_>>(), ["opensearch", "postgres"]);
    let refused = shop.run("ingest --engine postgres feed.csv").fails_with(2);
    assert!(refused.stderr.contains("the index opensearch"), "{refused}");
    let both = "ingest --engine postgres --engine opensearch --store postgres feed.csv";
    let both = shop.json(both);
    assert_eq!((&both["embedded"], &both["updated_fields"]), (&json!(0), &json!(0)));
}
