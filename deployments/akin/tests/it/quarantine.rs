//! Quarantined rows are written to a file, corrected, and ingested again.

use crate::support::Sandbox;
use std::fmt::Write;

/// Three of six rows have faults: a price, a rating, and a number of fields, which refuses its row.
const FEED: &str = "\
title,cost,ratings,product_id,color
Tripod,\"₹1,299\",4.5,A,red
\"Lamp, \"\"small\"\"\",call us,4,B,blue
Cup,₹10,eleven,C,green
Vase,₹20,,V,gray,,3
Table,₹450,5,D,
Chair,₹300,,E,white
";

/// The settings with which the feed is read.
const SETTINGS: &str = "--currency INR --rate INR=HKD:0.094 --max-refused 60% \
                      --map cost=actual_price,color=attributes";

fn ingest(sandbox: &Sandbox, feed: &str) -> crate::support::Outcome {
    sandbox.run(&format!("ingest --no-embed --json {SETTINGS} {feed}")).succeeds()
}

/// Returns a sandbox that has ingested the feed.
fn ingested_shop() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("shop.csv", FEED);
    let outcome = ingest(&sandbox, "shop.csv");
    assert_eq!(outcome.counts(["inserted", "quarantined", "blanked"]), [5, 1, 2]);
    sandbox
}

fn product(sandbox: &Sandbox, id: &str) -> serde_json::Value {
    let exported = sandbox.run("export --no-embeddings").succeeds().stdout;
    let line = exported.lines().find(|line| line.contains(&format!("\"product_id\":\"{id}\"")));
    serde_json::from_str(line.expect("the product is there")).expect("a line of JSON")
}

#[test]
fn refused_rows_are_exported_unchanged_corrected_and_ingested() {
    let sandbox = ingested_shop();
    let written = sandbox.run("quarantine --csv").succeeds();
    insta::assert_snapshot!(written.stdout);
    let corrected = written.stdout.replace(",call us,", ",₹617.50,");
    sandbox.write("bad.csv", corrected.replace(",eleven,", ",4.1,"));
    let outcome = ingest(&sandbox, "bad.csv");
    assert_eq!(outcome.counts(["read", "changed", "unchanged", "removed"]), [2, 2, 0, 0]);
    assert_eq!(outcome.stderr, "", "the row of which nothing could be read is blank");
    assert_eq!(sandbox.run("status --json").json()["products"], 5);
    let (lamp, cup) = (product(&sandbox, "B"), product(&sandbox, "C"));
    assert_eq!(lamp["name"], "Lamp, \"small\"");
    assert_eq!(lamp["actual_price"], 58.05);
    assert_eq!(
        [&cup["ratings"], &cup["actual_price"]].map(serde_json::Value::as_f64),
        [Some(4.1), Some(0.94)]
    );
    assert_eq!([&cup["attributes"], &cup["brand"]], ["green", ""]);
}

#[test]
fn corrected_rows_leave_the_quarantine_when_their_own_feed_is_corrected() {
    let sandbox = ingested_shop();
    sandbox.run("quarantine --csv bad.csv").succeeds();
    let bad = std::fs::read_to_string(sandbox.path("bad.csv")).unwrap();
    let (readable, unreadable) = bad.trim_end().rsplit_once("\n,").unwrap();
    assert!(unreadable.contains("shop.csv,5,\"row: the row has 7 fields"), "{unreadable}");
    assert!(unreadable.ends_with("Vase,₹20,,V,gray,,3\""), "{unreadable}");
    let corrected = readable.replace(",call us,", ",₹617.50,").replace(",eleven,", ",4.1,");
    sandbox.write("bad.csv", corrected);
    assert_eq!(ingest(&sandbox, "bad.csv").counts(["changed", "quarantined"]), [2, 0]);
    let quarantined = || {
        let status = sandbox.run("status --json").json();
        (status["quarantined"].as_u64(), status["blanked"].as_u64())
    };
    assert_eq!(quarantined(), (Some(1), Some(2)), "the original feed is unchanged");
    // The unchanged feed has its faults again.
    assert_eq!(ingest(&sandbox, "shop.csv").counts(["changed", "unchanged"]), [2, 3]);
    assert_eq!(sandbox.run("status --json").json()["products"], 5);
    let feed = FEED.replace("call us", "₹617.50").replace("eleven", "4.1");
    sandbox.write("shop.csv", feed.replace("Vase,₹20,,V,gray,,3\n", ""));
    assert_eq!(ingest(&sandbox, "shop.csv").counts(["changed", "unchanged"]), [2, 3]);
    assert_eq!(quarantined(), (Some(0), Some(0)));
    let empty = sandbox.run("quarantine --csv").succeeds().stdout;
    assert_eq!(empty.lines().count(), 1, "only the header");
}

#[test]
fn a_limit_applies_to_the_list_and_not_to_the_file() {
    let sandbox = Sandbox::new();
    let more = |listed: u64| {
        format!("{listed} of 1200 rows listed: --limit 1200 lists all, --csv FILE writes them\n")
    };
    let mut feed = "product_id,name,price\n".to_owned();
    for number in 0..1_200 {
        writeln!(feed, "{number},,call us").unwrap();
    }
    sandbox.write("many.csv", feed);
    sandbox.run("ingest --no-embed --max-refused 100% many.csv").succeeds();
    let written = sandbox.run("quarantine --limit 3 --csv -").succeeds().stdout;
    assert_eq!(written.lines().count(), 1 + 1_200);
    let listed = sandbox.run("quarantine --json --limit 3").succeeds();
    assert_eq!(listed.json().as_array().unwrap().len(), 3);
    assert_eq!(listed.stderr, more(3));
    for (limit, count) in [("", 1_000), ("--limit 0", 0)] {
        let table = sandbox.run(&format!("quarantine {limit}")).succeeds();
        assert!(table.stdout.ends_with(&more(count)), "{table}");
        assert_eq!(table.stderr, "");
    }
    let all = sandbox.run("quarantine --limit 1200").succeeds();
    assert!(!all.stdout.contains("rows listed"), "{all}");
    let outcome = sandbox.run("quarantine --csv nowhere/bad.csv").fails_with(1);
    assert!(outcome.stderr.contains("cannot write nowhere/bad.csv.partial (--csv)"), "{outcome}");
}

#[test]
fn feeds_from_standard_input_have_quarantines_of_their_own_by_name() {
    let sandbox = Sandbox::new();
    let bad = |name: &str| {
        let input = format!("product_id,name,price\n{name}1,,call us\n{name}2,Pot,5\n");
        let line = format!("ingest --no-embed --max-refused 50% --feed-name {name} -");
        sandbox.run_with_input(&line, &input).succeeds();
    };
    bad("acme");
    bad("apex");
    let feeds = |words: &str| -> Vec<String> {
        let rows = sandbox.run(&format!("quarantine --json {words}")).succeeds().json();
        let feed = |row: &serde_json::Value| row["feed"].as_str().unwrap().to_owned();
        rows.as_array().unwrap().iter().map(feed).collect()
    };
    assert_eq!(feeds(""), ["acme", "apex"], "the second has not released the first");
    assert_eq!(feeds("--feed apex"), ["apex"]);
    let written = sandbox.run("quarantine --feed acme --csv -").succeeds().stdout;
    assert!(written.contains("acme1") && !written.contains("apex1"), "{written}");
    let cleared = sandbox.run("quarantine --feed acme --clear").succeeds();
    assert_eq!(cleared.stdout, "acme: 1 refusal removed\n");
    assert_eq!(feeds(""), ["apex"]);
    let cleared = sandbox.run("quarantine --clear --json").succeeds().json();
    assert_eq!(cleared["removed"]["apex"], 1);
    assert!(
        sandbox.run("quarantine --clear").succeeds().stderr.contains("nothing is in quarantine")
    );
}

#[test]
fn standard_input_without_a_name_is_refused_since_its_sources_would_share_a_quarantine() {
    let sandbox = Sandbox::new();
    let refused = sandbox.run_with_input("ingest --no-embed -", "name\nPan\n").fails_with(2);
    assert!(refused.stderr.contains("--feed-name NAME (AKIN_FEED_NAME)"), "{refused}");
    assert!(!sandbox.path("data").exists());
}

#[test]
fn a_name_for_standard_input_that_is_not_read_is_refused() {
    let sandbox = Sandbox::new();
    let refused = sandbox.run("ingest --no-embed --feed-name acme feed.csv").fails_with(2);
    assert!(refused.stderr.contains("--feed-name (AKIN_FEED_NAME)"), "{refused}");
}

#[test]
fn an_existing_file_is_replaced_only_on_request() {
    let sandbox = Sandbox::new();
    sandbox.run("ingest --no-embed feed.csv").succeeds();
    sandbox.write("rows.csv", "corrected by hand");
    let refused = sandbox.run("quarantine --csv rows.csv").fails_with(2);
    assert!(refused.stderr.contains("rows.csv exists; --overwrite replaces it"), "{refused}");
    assert_eq!(std::fs::read_to_string(sandbox.path("rows.csv")).unwrap(), "corrected by hand");
    sandbox.run("quarantine --csv rows.csv --overwrite").succeeds();
    assert!(std::fs::read_to_string(sandbox.path("rows.csv")).unwrap().contains("HO-9"));
}
