//! What `akin doctor` says about deployments that are well, and about broken ones.

use crate::support::shop::Shop;
use crate::support::{Outcome, Sandbox};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Returns the outcome and the detail of the check `name`.
fn check(outcome: &Outcome, name: &str) -> (String, String) {
    let document = outcome.json();
    let checks = document["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name);
    let found = found.unwrap_or_else(|| panic!("no check {name}: {outcome}"));
    let text = |field: &str| found[field].as_str().unwrap().to_owned();
    (text("outcome"), text("detail"))
}

/// Asserts the outcome of the check `name`, and a part of its detail.
fn expect(outcome: &Outcome, name: &str, expected: &str, part: &str) {
    let (found, detail) = check(outcome, name);
    assert_eq!(found, expected, "{name}: {detail}");
    assert!(detail.contains(part), "{name}: {detail}");
}

#[test]
#[ignore = "needs the model: make model"]
fn a_sound_catalogue_is_well() {
    let sandbox = Sandbox::ingested();
    let well = sandbox.run("doctor --json").succeeds();
    for (name, part) in [
        ("settings", "engines local+native; store local; queue local"),
        ("data folder", "can be written"),
        ("model, native", "all-MiniLM-L6-v2"),
        ("database", "sound"),
        ("store", "4 products, and 1 rows in `akin quarantine`"),
        ("queue", "nothing waits"),
        ("index, local", "4 of 4 products"),
    ] {
        expect(&well, name, "ok", part);
    }
    let text = sandbox.run("doctor").succeeds().stdout;
    assert!(
        text.lines().all(|line| line.starts_with("ok ") || line.starts_with("warning ")),
        "{text}"
    );
    let left = fs::read_dir(sandbox.path("data")).unwrap();
    let left =
        left.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains("doctor"));
    assert_eq!(left.count(), 0);
}

#[test]
fn a_new_machine_is_told_what_to_do_first() {
    let sandbox = Sandbox::new();
    let found = sandbox.run("doctor --json --models none").fails_with(1);
    expect(&found, "data folder", "warning", "the first ingestion creates it");
    expect(&found, "catalogue", "warning", "`akin ingest FEED` creates one");
    expect(&found, "model, native", "failed", "make model");
    assert_eq!(found.json()["outcome"], "failed");
    assert!(!sandbox.path("data").exists(), "nothing is created");
    let text = sandbox.run("doctor --models none").fails_with(1).stdout;
    assert!(text.contains("\nfailed   model, native  "), "{text}");
}

#[test]
fn what_waits_and_what_was_refused_is_told_with_the_remedy() {
    let sandbox = Sandbox::new();
    sandbox.run("ingest --no-embed feed.csv").succeeds();
    let found = sandbox.run("doctor --json --models none").fails_with(1);
    expect(&found, "queue", "warning", "4 changes wait to be embedded: run `akin worker`");
    expect(&found, "index, local", "warning", "0 of 4 products can be found");
    sandbox.write("feed.csv", "product_id,name\n,\n,\n");
    sandbox.run("ingest --no-embed --complete feed.csv");
    let found = sandbox.run("doctor --json --models none").fails_with(1);
    assert_ne!(check(&found, "last run").0, "failed");
}

#[test]
fn a_damaged_database_is_named() {
    let sandbox = Sandbox::new();
    sandbox.run("ingest --no-embed feed.csv").succeeds();
    fs::write(sandbox.path("data/akin.db"), "no database".repeat(1_000)).unwrap();
    let found = sandbox.run("doctor --json --models none").fails_with(1);
    expect(&found, "store", "failed", "restore it from a backup");
    expect(&found, "settings", "ok", "store local");
}

#[test]
fn a_folder_that_cannot_be_written_and_one_that_is_a_file_are_told() {
    let sandbox = Sandbox::new();
    let found = sandbox.run("doctor --json --models none --data feed.csv").fails_with(1);
    expect(&found, "data folder", "failed", "choose another with --data");
    sandbox.run("ingest --no-embed feed.csv").succeeds();
    let folder = sandbox.path("data");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
    let found = sandbox.run("doctor --json --models none").fails_with(1);
    let (outcome, detail) = check(&found, "data folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    // The superuser may write everywhere.
    assert!(outcome == "ok" || detail.contains("make it writable"), "{outcome}: {detail}");
}

#[test]
fn all_missing_settings_of_servers_are_named_without_stopping_at_the_first() {
    let sandbox = Sandbox::new();
    let engines = "--engine postgres --engine opensearch+http --queue sqs";
    let found = sandbox.run(&format!("doctor --json {engines}")).fails_with(1);
    expect(&found, "Postgres", "failed", "POSTGRES_HOST");
    expect(&found, "OpenSearch", "failed", "OPENSEARCH_ENDPOINT");
    expect(&found, "SQS", "failed", "AWS_SQS_SUBSCRIBED_QUEUE_URL");
    expect(&found, "model, http", "failed", "AKIN_EMBEDDINGS_URL");
}

#[test]
#[ignore = "needs the model, Postgres and OpenSearch: make test"]
fn servers_are_told_with_their_versions() {
    let shop = Shop::in_postgres().with_opensearch();
    let shop = shop.with_variable("AKIN_ENGINES", "postgres,opensearch");
    let found = shop.run("doctor --json").fails_with(1);
    expect(&found, "Postgres", "ok", "pgvector");
    expect(&found, "OpenSearch", "ok", "version 2.");
    expect(&found, "store", "failed", "akin migrate");
    shop.run("ingest feed.csv").succeeds();
    let found = shop.run("doctor --json").succeeds();
    expect(&found, "index, postgres", "ok", "4 of 4 products");
    expect(&found, "store", "ok", "4 products");
    let other = shop.run("doctor --json --model fp32").fails_with(1);
    expect(&other, "index, postgres", "failed", "set AKIN_MODEL to the model that made the index");
    assert_eq!(check(&other, "Postgres").0, "ok");
}

#[test]
#[ignore = "needs Postgres: make test"]
fn a_server_that_does_not_answer_and_one_that_is_none_are_told() {
    let mut shop = Shop::in_postgres().with_variable("AKIN_ENGINES", "postgres");
    shop.set_variable("POSTGRES_PASSWORD", "wrong-secret");
    shop.set_variable("POSTGRES_PORT", "1");
    let found = shop.run("doctor --json --models none").fails_with(1);
    expect(&found, "Postgres", "failed", "127.0.0.1:1");
    assert!(!found.stdout.contains("wrong-secret"));
    let not: Value = found.json();
    assert_eq!(not["outcome"], "failed");
}
