//! What is remembered of ingestions, and told by `akin status`.

use crate::support::shop::Shop;
use crate::support::{Outcome, Place, masked, rows, send};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

const COUNTS: [&str; 10] = [
    "read",
    "inserted",
    "changed",
    "unchanged",
    "held_newer",
    "removed",
    "quarantined",
    "embedded",
    "updated_fields",
    "failed",
];

fn runs(shop: &Shop) -> Vec<Value> {
    shop.json("status")["runs"].as_array().unwrap().clone()
}

/// What `akin status` says of a run is what `akin ingest` said.
fn the_last_runs_are_listed_as_they_ended(shop: &Shop) {
    shop.place.write("chairs.csv", rows(20, "CH", "Chair"));
    shop.place.write("fewer.csv", rows(5, "CH", "Chair"));
    shop.place.write("bad.csv", "what,is,this\n1,2,3\n");
    let said = shop.json("ingest --no-embed chairs.csv");
    shop.run("ingest --no-embed --complete fewer.csv").fails_with(1);
    shop.run("ingest --no-embed --dry-run feed.csv").succeeds();
    shop.run("ingest --no-embed bad.csv feed.csv").fails_with(1);
    let told = runs(shop);
    let outcomes: Vec<_> = told.iter().map(|run| run["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["partly", "refused", "finished"], "a dry run is none");
    assert_eq!(told[2]["feeds"], json!(["chairs.csv"]));
    for name in COUNTS {
        assert_eq!(told[2]["counts"][name], said[name], "{name}");
    }
    assert!(told[2]["seconds"].as_f64().unwrap() > 0.0);
    let why = "the feeds do not name 15 of 20 products, more than 20%: nothing was changed";
    assert_eq!((&told[1]["reason"], &told[1]["counts"]), (&json!(why), &Value::Null));
    assert_eq!(told[0]["feeds"], json!(["bad.csv", "feed.csv"]));
    assert_eq!(
        (&told[0]["counts"]["read"], &told[0]["counts"]["inserted"]),
        (&json!(5), &json!(4))
    );
    let why = told[0]["reason"].as_str().unwrap();
    assert!(why.starts_with("the feed bad.csv cannot be read: "), "{why}");
}

#[test]
fn the_last_runs_of_a_folder_are_listed_as_they_ended() {
    let shop = Shop::with(Vec::new());
    the_last_runs_are_listed_as_they_ended(&shop);
    masked(|| insta::assert_snapshot!(shop.run("status").succeeds()));
}

#[test]
#[ignore = "needs Postgres: make test"]
fn the_last_runs_of_a_database_are_told_as_they_were() {
    let shop = Shop::in_postgres().and("AKIN_ENGINES", "postgres");
    the_last_runs_are_listed_as_they_ended(&shop);
    assert!(!shop.place.path("data").exists(), "nothing is kept in a folder");
}

#[test]
#[ignore = "needs the model: make model"]
fn what_was_embedded_is_told_and_a_worker_is_no_run() {
    let shop = Shop::with(Vec::new());
    let said = shop.json("ingest feed.csv");
    shop.run("worker --once").succeeds();
    let told = runs(&shop);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["outcome"], "finished");
    assert_eq!(told[0]["counts"]["embedded"], 4);
    for name in COUNTS {
        assert_eq!(told[0]["counts"][name], said[name], "{name}");
    }
}

#[test]
fn a_run_that_was_killed_has_no_end() {
    let place = Place::new();
    let mut command = place.akin("ingest --no-embed -");
    let (out, err) = (Stdio::null(), Stdio::null());
    let mut child = command.stdin(Stdio::piped()).stdout(out).stderr(err).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(rows(5_000, "CH", "Chair").as_bytes()).unwrap();
    let run = || place.run("status --json").succeeds().json()["runs"][0].clone();
    let began = Instant::now();
    while run().is_null() {
        assert!(began.elapsed() < Duration::from_mins(1), "no run began");
    }
    assert_eq!(run()["outcome"], "unfinished");
    let table = place.run("status").succeeds();
    assert!(table.stdout.contains("unfinished: still running"), "{table}");
    let running = place.run("status --json").succeeds().json()["running"].clone();
    let holder = format!("process {} on ", child.id());
    assert!(running["holder"].as_str().unwrap().starts_with(&holder), "{running}");
    assert!(table.stdout.contains(&holder), "{table}");
    let refused = place.run("ingest --no-embed --wait 0 feed.csv").fails_with(1);
    assert!(refused.stderr.contains(&holder) && refused.stderr.contains("--wait"), "{refused}");
    child.kill().unwrap();
    child.wait().unwrap();
    let killed = run();
    assert_eq!(killed["outcome"], "unfinished");
    assert_eq!((&killed["seconds"], &killed["counts"]), (&Value::Null, &Value::Null));
    let table = place.run("status").succeeds();
    assert!(table.stdout.contains("unfinished: killed"), "{table}");
    assert_eq!(place.run("status --json").succeeds().json()["running"], Value::Null);
    // Its lease has not expired, and is not waited for.
    place.run("ingest --no-embed --wait 0 feed.csv").succeeds();
    assert_eq!(run()["outcome"], "finished");
}

/// A machine whose clock is a day ahead, or behind, has ingested once.
fn changes_and_removals_are_those_of_the_last_run(shop: &Shop) {
    let ingest = |shift: &str, feed: String| {
        shop.place.write("feed.csv", feed);
        let mut command =
            shop.akin("ingest --no-embed --json --complete --max-removed 100% feed.csv");
        command.env("AKIN_TEST_CLOCK_SHIFT", shift);
        let outcome: Outcome = command.output().unwrap().into();
        outcome.succeeds().counts(["inserted", "changed", "removed", "held_newer"])
    };
    assert_eq!(ingest("86400", rows(3, "CH", "Chair")), [3, 0, 0, 0]);
    assert_eq!(ingest("0", rows(3, "CH", "Stool")), [0, 3, 0, 0]);
    assert_eq!(ingest("-86400", rows(2, "CH", "Bench")), [0, 2, 1, 0]);
    assert_eq!(ingest("0", rows(3, "CH", "Chair")), [1, 2, 0, 0]);
}

#[test]
fn a_clock_that_was_wrong_hides_no_change_in_a_folder() {
    changes_and_removals_are_those_of_the_last_run(&Shop::with(Vec::new()));
}

#[test]
#[ignore = "needs Postgres: make test"]
fn a_clock_that_was_wrong_hides_no_change_in_a_database() {
    let shop = Shop::in_postgres().and("AKIN_ENGINES", "postgres");
    changes_and_removals_are_those_of_the_last_run(&shop);
}

#[test]
fn a_second_ingestion_waits_until_the_first_has_ended() {
    let place = Place::new();
    place.run("ingest --no-embed feed.csv").succeeds();
    let mut command = place.akin("ingest --no-embed -");
    let (out, err) = (Stdio::null(), Stdio::null());
    let mut first = command.stdin(Stdio::piped()).stdout(out).stderr(err).spawn().unwrap();
    let mut input = first.stdin.take().unwrap();
    input.write_all(rows(20, "CH", "Chair").as_bytes()).unwrap();
    while place.run("status --json").succeeds().json()["running"].is_null() {}
    let mut second = place.begin("ingest --no-embed --json feed.csv");
    let mut remarks = BufReader::new(second.stderr.take().unwrap()).lines();
    let waiting = remarks.next().unwrap().unwrap();
    let expected = format!("waiting up to 600 s for the ingestion of process {} on ", first.id());
    assert!(waiting.starts_with(&expected), "{waiting}");
    drop(input);
    assert!(first.wait().unwrap().success());
    assert!(second.wait().unwrap().success());
    let status = place.run("status --json").succeeds();
    assert_eq!(status.counts(["products"]), [24]);
    let runs = status.json()["runs"].clone();
    let outcomes: Vec<_> = runs.as_array().unwrap().iter().map(|run| &run["outcome"]).collect();
    assert_eq!(outcomes, ["finished", "finished", "finished"]);
}

#[test]
fn five_runs_are_printed_and_ten_in_the_document_unless_more_are_requested() {
    let place = Place::new();
    for _ in 0..11 {
        place.run("ingest --no-embed feed.csv").succeeds();
    }
    let table = place.run("status").succeeds().stdout;
    assert_eq!(table.lines().filter(|line| line.contains("finished")).count(), 5, "{table}");
    let json = place.run("status --json").succeeds().json();
    assert_eq!(json["runs"].as_array().map(Vec::len), Some(10));
    let all = place.run("status --runs 20 --json").succeeds().json();
    assert_eq!(all["runs"].as_array().map(Vec::len), Some(11));
}

#[test]
fn every_run_of_a_schedule_is_remembered_and_its_end_is_no_interruption() {
    let place = Place::new();
    let mut running = place.begin("ingest --no-embed --every 1s feed.csv");
    let mut told = BufReader::new(running.stdout.take().unwrap()).lines();
    let lines: Vec<_> = told.by_ref().take(2).map(Result::unwrap).collect();
    assert_eq!(lines.len(), 2);
    send("TERM", &running);
    assert_eq!(running.wait().unwrap().code(), Some(128 + 15));
    let runs = place.run("status --json").succeeds().json()["runs"].clone();
    let outcomes: Vec<_> = runs.as_array().unwrap().iter().map(|run| &run["outcome"]).collect();
    assert_eq!(outcomes, ["finished", "finished"], "between two runs none is under way");
}
