//! The run log, as `akin status` shows it.

use crate::support::shop::Shop;
use crate::support::{Outcome, Sandbox, masked, rows, send_signal};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

const COUNTS: [&str; 12] = [
    "read",
    "inserted",
    "changed",
    "unchanged",
    "held_newer",
    "repeated",
    "removed",
    "quarantined",
    "blanked",
    "embedded",
    "updated_fields",
    "failed",
];

fn runs(shop: &Shop) -> Vec<Value> {
    shop.json("status")["runs"].as_array().unwrap().clone()
}

/// Asserts that `akin status` reports the same counts and reasons as `akin ingest`.
fn assert_last_runs_are_listed(shop: &Shop) {
    shop.sandbox.write("chairs.csv", rows(20, "CH", "Chair"));
    shop.sandbox.write("fewer.csv", rows(5, "CH", "Chair"));
    shop.sandbox.write("bad.csv", "what,is,this\n1,2,3\n");
    let report = shop.json("ingest --no-embed chairs.csv");
    shop.run("ingest --no-embed --complete fewer.csv").fails_with(1);
    shop.run("ingest --no-embed --dry-run feed.csv").succeeds();
    shop.run("ingest --no-embed bad.csv feed.csv").fails_with(1);
    let recorded = runs(shop);
    let outcomes: Vec<_> = recorded.iter().map(|run| run["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["partly", "refused", "finished"], "a dry run is not recorded");
    assert_eq!(recorded[2]["feeds"], json!(["chairs.csv"]));
    for name in COUNTS {
        assert_eq!(recorded[2]["counts"][name], report[name], "{name}");
    }
    assert!(recorded[2]["seconds"].as_f64().unwrap() > 0.0);
    let reason = "the feeds do not name 15 of 20 products, more than 20%: nothing was changed";
    assert_eq!((&recorded[1]["reason"], &recorded[1]["counts"]), (&json!(reason), &Value::Null));
    assert_eq!(recorded[0]["feeds"], json!(["bad.csv", "feed.csv"]));
    assert_eq!(
        (&recorded[0]["counts"]["read"], &recorded[0]["counts"]["inserted"]),
        (&json!(5), &json!(4))
    );
    let reason = recorded[0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("the feed bad.csv cannot be read: "), "{reason}");
}

#[test]
fn the_last_runs_of_a_folder_are_listed_with_their_outcomes() {
    let shop = Shop::local();
    assert_last_runs_are_listed(&shop);
    masked(|| insta::assert_snapshot!(shop.run("status").succeeds()));
}

#[test]
#[ignore = "needs Postgres: make test"]
fn the_last_runs_of_a_database_are_listed_with_their_outcomes() {
    let shop = Shop::in_postgres().with_variable("AKIN_ENGINES", "postgres");
    assert_last_runs_are_listed(&shop);
    assert!(!shop.sandbox.path("data").exists(), "no folder is created");
}

#[test]
#[ignore = "needs the model: make model"]
fn embedded_products_are_counted_and_a_worker_is_not_a_run() {
    let shop = Shop::local();
    let report = shop.json("ingest feed.csv");
    shop.run("worker --once").succeeds();
    let recorded = runs(&shop);
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0]["outcome"], "finished");
    assert_eq!(recorded[0]["counts"]["embedded"], 4);
    for name in COUNTS {
        assert_eq!(recorded[0]["counts"][name], report[name], "{name}");
    }
}

#[test]
fn a_killed_run_has_no_end() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.akin("ingest --no-embed --feed-name pipe -");
    let (out, err) = (Stdio::null(), Stdio::null());
    let mut child = command.stdin(Stdio::piped()).stdout(out).stderr(err).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(rows(5_000, "CH", "Chair").as_bytes()).unwrap();
    let run = || sandbox.run("status --json").succeeds().json()["runs"][0].clone();
    let began = Instant::now();
    while run().is_null() {
        assert!(began.elapsed() < Duration::from_mins(1), "no run began");
    }
    assert_eq!(run()["outcome"], "unfinished");
    let table = sandbox.run("status").succeeds();
    assert!(table.stdout.contains("unfinished: still running"), "{table}");
    let running = sandbox.run("status --json").succeeds().json()["running"].clone();
    let holder = format!("process {} on ", child.id());
    assert!(running["holder"].as_str().unwrap().starts_with(&holder), "{running}");
    assert!(table.stdout.contains(&holder), "{table}");
    let refused = sandbox.run("ingest --no-embed --wait 0 feed.csv").fails_with(1);
    assert!(refused.stderr.contains(&holder) && refused.stderr.contains("--wait"), "{refused}");
    child.kill().unwrap();
    child.wait().unwrap();
    let killed = run();
    assert_eq!(killed["outcome"], "unfinished");
    assert_eq!((&killed["seconds"], &killed["counts"]), (&Value::Null, &Value::Null));
    let table = sandbox.run("status").succeeds();
    assert!(table.stdout.contains("unfinished: killed"), "{table}");
    assert_eq!(sandbox.run("status --json").succeeds().json()["running"], Value::Null);
    // The next run does not wait until the lease of a dead process expires.
    sandbox.run("ingest --no-embed --wait 0 feed.csv").succeeds();
    assert_eq!(run()["outcome"], "finished");
}

/// Asserts that changes and removals count after a run whose clock was a day ahead or behind.
fn assert_wrong_clocks_hide_no_change(shop: &Shop) {
    let ingest = |shift: &str, feed: String| {
        shop.sandbox.write("feed.csv", feed);
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
fn a_wrong_clock_hides_no_change_in_a_folder() {
    assert_wrong_clocks_hide_no_change(&Shop::local());
}

#[test]
#[ignore = "needs Postgres: make test"]
fn a_wrong_clock_hides_no_change_in_a_database() {
    let shop = Shop::in_postgres().with_variable("AKIN_ENGINES", "postgres");
    assert_wrong_clocks_hide_no_change(&shop);
}

#[test]
fn a_second_ingestion_waits_until_the_first_has_ended() {
    let sandbox = Sandbox::new();
    sandbox.run("ingest --no-embed feed.csv").succeeds();
    let mut command = sandbox.akin("ingest --no-embed --feed-name pipe -");
    let (out, err) = (Stdio::null(), Stdio::null());
    let mut first = command.stdin(Stdio::piped()).stdout(out).stderr(err).spawn().unwrap();
    let mut input = first.stdin.take().unwrap();
    input.write_all(rows(20, "CH", "Chair").as_bytes()).unwrap();
    while sandbox.run("status --json").succeeds().json()["running"].is_null() {}
    let mut second = sandbox.spawn("ingest --no-embed --json feed.csv");
    let mut messages = BufReader::new(second.stderr.take().unwrap()).lines();
    let waiting = messages.next().unwrap().unwrap();
    let expected = format!("waiting up to 600 s for the ingestion of process {} on ", first.id());
    assert!(waiting.starts_with(&expected), "{waiting}");
    drop(input);
    assert!(first.wait().unwrap().success());
    assert!(second.wait().unwrap().success());
    let status = sandbox.run("status --json").succeeds();
    assert_eq!(status.counts(["products"]), [24]);
    let runs = status.json()["runs"].clone();
    let outcomes: Vec<_> = runs.as_array().unwrap().iter().map(|run| &run["outcome"]).collect();
    assert_eq!(outcomes, ["finished", "finished", "finished"]);
}

#[test]
fn the_table_has_five_runs_and_the_document_ten_unless_more_are_requested() {
    let sandbox = Sandbox::new();
    for _ in 0..11 {
        sandbox.run("ingest --no-embed feed.csv").succeeds();
    }
    let table = sandbox.run("status").succeeds().stdout;
    assert_eq!(table.lines().filter(|line| line.contains("finished")).count(), 5, "{table}");
    let json = sandbox.run("status --json").succeeds().json();
    assert_eq!(json["runs"].as_array().map(Vec::len), Some(10));
    let all = sandbox.run("status --runs 20 --json").succeeds().json();
    assert_eq!(all["runs"].as_array().map(Vec::len), Some(11));
}

#[test]
fn every_run_of_a_schedule_is_recorded_and_stopping_between_runs_interrupts_none() {
    let sandbox = Sandbox::new();
    let mut running = sandbox.spawn("ingest --no-embed --every 1s feed.csv");
    let mut summaries = BufReader::new(running.stdout.take().unwrap()).lines();
    let lines: Vec<_> = summaries.by_ref().take(2).map(Result::unwrap).collect();
    assert_eq!(lines.len(), 2);
    send_signal("TERM", &running);
    assert_eq!(running.wait().unwrap().code(), Some(128 + 15));
    let runs = sandbox.run("status --json").succeeds().json()["runs"].clone();
    let outcomes: Vec<_> = runs.as_array().unwrap().iter().map(|run| &run["outcome"]).collect();
    assert_eq!(outcomes, ["finished", "finished"], "no run was in progress");
}

#[test]
fn a_run_whose_feed_is_missing_is_recorded_as_failed() {
    let sandbox = Sandbox::new();
    sandbox.run("ingest --no-embed typo.csv").fails_with(2);
    assert!(!sandbox.path("data").exists(), "a wrong name creates no catalogue");
    sandbox.run("ingest --no-embed feed.csv").succeeds();
    let last = || sandbox.run("status --json").succeeds().json()["runs"][0].clone();
    sandbox.run("ingest --no-embed --dry-run typo.csv").fails_with(2);
    assert_eq!(last()["outcome"], "finished");
    let failed = sandbox.run("ingest --no-embed typo.csv").fails_with(2);
    let run = last();
    assert_eq!((&run["outcome"], &run["feeds"]), (&json!("failed"), &json!(["typo.csv"])));
    let reason = run["reason"].as_str().unwrap();
    assert!(reason.contains("typo.csv") && failed.stderr.contains(reason), "{reason}");
    // So is one that cannot begin because its model is missing.
    sandbox.run("ingest --model nowhere/model feed.csv").fails_with(2);
    assert_eq!((&last()["outcome"], &last()["feeds"]), (&json!("failed"), &json!(["feed.csv"])));
}
