//! The command over Postgres: the same store and the same search as in the embedded engine.

use crate::support::Place;
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
    assert!(!shop.place.path("data").exists(), "nothing is kept in a folder");
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
fn a_copy_in_postgres_is_the_same_catalogue_and_embeds_nothing() {
    let shop = Shop::in_postgres();
    shop.run("ingest feed.csv").succeeds();
    let copied = shop.json("copy --from local --to postgres");
    assert_eq!(
        (&copied["products"], &copied["entries"], &copied["failed"]),
        (&json!(4), &json!(4), &json!(0))
    );
    let export = |engine: &str| shop.run(&format!("export --engine {engine}")).succeeds().stdout;
    assert_eq!(export("postgres"), export("local"));
    // What is there needs no embedding, whichever engine serves.
    let again = shop.json("ingest --engine postgres feed.csv");
    assert_eq!((&again["unchanged"], &again["embedded"]), (&json!(4), &json!(0)));
    let same = shop.run("copy --from local --to local").fails_with(2);
    assert!(same.stderr.contains("--from and --to both name local"), "{same}");
}

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn two_engines_serve_side_by_side_and_answer_alike() {
    let shop = Shop::in_postgres();
    let engines = "--engine local --engine postgres";
    let run = shop.json(&format!("ingest {engines} feed.csv"));
    assert_eq!(run["embedded"], 4, "each text is embedded once for both");
    let server = shop.answers_alike(engines);
    let names = server.get("/api/engines")["engines"].clone();
    let names: Vec<_> = names.as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["local+native", "postgres+native"]);
}

#[test]
#[ignore = "needs Postgres: make test"]
fn migrating_twice_is_harmless_and_says_what_it_did() {
    let shop = Shop::in_postgres();
    let first = shop.run("migrate").succeeds().stdout;
    assert!(first.contains("steps applied"), "{first}");
    let again = shop.run("migrate").succeeds().stdout;
    assert_eq!(again, "Postgres: the tables are up to date\n");
    let nothing = shop.place.run("migrate").fails_with(2);
    assert!(nothing.stderr.contains("POSTGRES_HOST"), "{nothing}");
}

#[test]
fn every_missing_setting_of_postgres_is_named_at_once() {
    let outcome = Place::new().run("status --engine postgres").fails_with(2);
    for name in ["POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_DB"] {
        assert!(outcome.stderr.contains(name), "{outcome}");
    }
}

#[test]
fn a_server_that_does_not_answer_is_named_with_its_setting() {
    let place = Place::new();
    let variables = [
        ("POSTGRES_HOST", "127.0.0.1"),
        ("POSTGRES_PORT", "9"),
        ("POSTGRES_USER", "u"),
        ("POSTGRES_PASSWORD", "hunter2"),
        ("POSTGRES_DB", "d"),
    ];
    let outcome = place.run_in(&variables, "status --engine postgres");
    assert!(outcome.code != Some(0) && outcome.stderr.contains("POSTGRES_HOST"), "{outcome}");
    assert!(
        !outcome.stderr.contains("hunter2") && outcome.stderr.lines().count() == 1,
        "{outcome}"
    );
}
