//! The command over Postgres: the same store and the same search as in the embedded engine.

mod support;

use serde_json::{Value, json};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use support::server::Server;
use support::{Outcome, Place};

/// A place whose `akin` knows the real server, with tables of its own there.
struct Shop {
    place: Place,
    settings: Vec<(String, String)>,
}

impl Shop {
    fn open() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let url = std::env::var("AKIN_TEST_POSTGRES")
            .expect("AKIN_TEST_POSTGRES is not set: run `make test`, or see `make services`");
        let (user, rest) = url.trim_start_matches("postgres://").split_once('@').expect("a user");
        let (address, database) = rest.split_once('/').expect("a database");
        let (host, port) = address.split_once(':').expect("a port");
        let name = format!("akin_{}_{number}", std::process::id());
        let settings = [
            ("POSTGRES_HOST", host.to_owned()),
            ("POSTGRES_PORT", port.to_owned()),
            ("POSTGRES_USER", user.to_owned()),
            ("POSTGRES_DB", database.to_owned()),
            ("POSTGRES_SSLMODE", "disable".to_owned()),
            ("POSTGRES_RAW_PRODUCT_TABLE_NAME", format!("{name}_raw")),
            ("POSTGRES_EMBEDDED_PRODUCT_TABLE_NAME", format!("{name}_embedded")),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).to_vec();
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
#[ignore = "needs the model and Postgres: make test"]
fn a_feed_is_ingested_and_found_in_postgres() {
    let shop = Shop::open();
    let first = shop.json("ingest --engine postgres feed.csv");
    assert_eq!(
        (&first["inserted"], &first["embedded"], &first["quarantined"]),
        (&json!(4), &json!(4), &json!(1))
    );
    let second = shop.json("ingest --engine postgres feed.csv");
    assert_eq!((&second["unchanged"], &second["embedded"]), (&json!(4), &json!(0)));
    assert!(!shop.place.path("data").exists(), "nothing is kept in a folder");
    for mode in ["hybrid", "semantic", "lexical"] {
        let found =
            shop.json(&format!("search --engine postgres --mode {mode} steady phone tripod"));
        assert_eq!(found["hits"][0]["product"]["product_id"], "PH-1", "{mode}");
        assert_eq!(found["engine"], "postgres+native");
    }
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
    let shop = Shop::open();
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
    let shop = Shop::open();
    let engines = "--engine local --engine postgres";
    let run = shop.json(&format!("ingest {engines} feed.csv"));
    assert_eq!(run["embedded"], 4, "each text is embedded once for both");
    let server = Server::of(shop.akin(&format!("serve --listen 127.0.0.1:0 {engines}")));
    let names = server.get("/api/engines")["engines"].clone();
    let names: Vec<_> = names.as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["local+native", "postgres+native"]);
    for mode in ["hybrid", "semantic", "lexical"] {
        let asked = json!({"query": "steady phone tripod", "mode": mode});
        let compared = server.post("/api/compare", &asked);
        assert_eq!(compared["overlap"], 1.0, "{compared}");
        let ranks = compared["ranks"].as_array().unwrap();
        assert!(ranks.iter().all(|one| one["rose"] == 0), "{compared}");
    }
}

#[test]
#[ignore = "needs Postgres: make test"]
fn migrating_twice_is_harmless_and_says_what_it_did() {
    let shop = Shop::open();
    let first = shop.run("migrate").succeeds().stdout;
    assert!(first.contains("steps applied"), "{first}");
    let again = shop.run("migrate").succeeds().stdout;
    assert_eq!(again, "Postgres: the tables are there already\n");
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
