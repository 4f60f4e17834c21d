//! The command with Postgres as store and engine, compared with the embedded engine.

use crate::support::Sandbox;
use crate::support::shop::Shop;
use serde_json::{Value, json};

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn a_feed_is_ingested_and_found_in_postgres() {
    let shop = Shop::in_postgres();
    let first = shop.json("ingest --engine postgres feed.csv");
    assert_eq!(
        (&first["inserted"], &first["embedded"], &first["quarantined"]),
        (&json!(4), &json!(4), &json!(1))
    );
    let second = shop.json("ingest --engine postgres feed.csv");
    assert_eq!((&second["unchanged"], &second["embedded"]), (&json!(4), &json!(0)));
    assert!(!shop.sandbox.path("data").exists(), "no folder is created");
    shop.finds_the_tripod("postgres");
    let status = shop.json("status --engine postgres");
    assert_eq!(
        (&status["products"], &status["indexed"], &status["waiting"]),
        (&json!(4), &json!(4), &json!(0))
    );
    assert_eq!(status["data"], Value::Null);
}

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn a_copy_to_postgres_has_the_same_contents_and_needs_no_embedding() {
    let shop = Shop::in_postgres();
    shop.run("ingest feed.csv").succeeds();
    let copied = shop.json("copy --from local --to postgres");
    assert_eq!(
        (&copied["products"], &copied["entries"], &copied["failed"]),
        (&json!(4), &json!(4), &json!(0))
    );
    let quarantine = |store: &str| shop.json(&format!("quarantine --store {store}"));
    assert_eq!((&copied["quarantined"], quarantine("postgres")), (&json!(1), quarantine("local")));
    let export = |engine: &str| shop.run(&format!("export --engine {engine}")).succeeds().stdout;
    assert_eq!(export("postgres"), export("local"));
    // The copied embeddings are current, so nothing is embedded again.
    let again = shop.json("ingest --engine postgres feed.csv");
    assert_eq!((&again["unchanged"], &again["embedded"]), (&json!(4), &json!(0)));
    let same = shop.run("copy --from local --to local").fails_with(2);
    assert!(same.stderr.contains("--from and --to both name local"), "{same}");
}

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn two_engines_in_one_server_rank_alike() {
    let shop = Shop::in_postgres();
    let engines = "--engine local --engine postgres";
    let run = shop.json(&format!("ingest {engines} feed.csv"));
    assert_eq!(run["embedded"], 4, "each text is embedded once for both");
    let server = shop.serves_equal_rankings(engines);
    let names = server.get("/api/engines")["engines"].clone();
    let names: Vec<_> = names.as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["local+native", "postgres+native"]);
}

#[test]
#[ignore = "needs Postgres: make test"]
fn migrating_twice_is_harmless_and_reports_the_steps() {
    let shop = Shop::in_postgres();
    let first = shop.run("migrate").succeeds().stdout;
    assert!(first.contains("steps applied"), "{first}");
    let again = shop.run("migrate").succeeds().stdout;
    assert_eq!(again, "Postgres: the tables are up to date\n");
    let unset = shop.sandbox.run("migrate").fails_with(2);
    assert!(unset.stderr.contains("POSTGRES_HOST"), "{unset}");
}

#[test]
#[ignore = "needs Postgres: make test"]
fn a_dry_run_creates_no_tables() {
    let shop = Shop::in_postgres();
    let outcome = shop.run("ingest --engine postgres --dry-run --json feed.csv").succeeds();
    assert_eq!(outcome.counts(["inserted", "quarantined"]), [4, 1]);
    let status = shop.run("status --engine postgres").fails_with(2);
    assert!(status.stderr.contains("has no catalogue of this version"), "{status}");
}

#[test]
fn every_missing_setting_of_postgres_is_named_at_once() {
    let outcome = Sandbox::new().run("status --engine postgres").fails_with(2);
    for name in ["POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_DB"] {
        assert!(outcome.stderr.contains(name), "{outcome}");
    }
}

#[test]
fn an_unreachable_server_is_named_with_its_setting() {
    let sandbox = Sandbox::new();
    let variables = [
        ("POSTGRES_HOST", "127.0.0.1"),
        ("POSTGRES_PORT", "9"),
        ("POSTGRES_USER", "u"),
        ("POSTGRES_PASSWORD", "hunter2"),
        ("POSTGRES_DB", "d"),
    ];
    let outcome = sandbox.run_with_env(&variables, "status --engine postgres");
    assert!(outcome.code != Some(0) && outcome.stderr.contains("POSTGRES_HOST"), "{outcome}");
    assert!(
        !outcome.stderr.contains("hunter2") && outcome.stderr.lines().count() == 1,
        "{outcome}"
    );
}

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn texts_in_another_language_are_analyzed_anew_by_a_migration_and_refused_before() {
    let shop = Shop::in_postgres();
    shop.run("ingest --engine postgres feed.csv").succeeds();
    shop.needs_a_migration_for_german("postgres");
}
