//! Feeds in: what is counted, what is embedded, what is refused.

use crate::support::{FEED, Outcome, Place, masked};
use std::fmt::Write;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

const COUNTS: [&str; 5] = ["inserted", "changed", "unchanged", "embedded", "updated_fields"];

#[test]
fn products_can_be_kept_without_a_model() {
    let place = Place::new();
    masked(|| {
        insta::assert_snapshot!(place.run("ingest --no-embed feed.csv").succeeds());
        insta::assert_snapshot!(place.run("status").succeeds());
    });
    insta::assert_snapshot!(place.run("quarantine").succeeds());
    insta::assert_snapshot!(place.run("quarantine --json").succeeds());
}

#[test]
fn a_row_leaves_the_quarantine_once_it_is_mended() {
    let place = Place::new();
    place.run("ingest --no-embed feed.csv").succeeds();
    place.write("feed.csv", FEED.replace("\n,Home", "\nNight light,Home"));
    let outcome = place.run("ingest --no-embed --json feed.csv").succeeds();
    assert_eq!(outcome.counts(["read", "inserted", "unchanged", "quarantined"]), [5, 1, 4, 0]);
    insta::assert_snapshot!(place.run("quarantine").succeeds());
}

#[test]
fn a_feed_that_is_no_feed_is_refused_by_name_with_what_was_found() {
    let place = Place::new();
    place.write("columns.csv", "titel;preis\nTripod;3\n");
    place.write("empty.csv", "");
    place.write("sheet.csv", b"PK\x03\x04 a spreadsheet");
    std::fs::create_dir(place.path("folder.csv")).unwrap();
    for (feed, code) in [("columns.csv", 1), ("empty.csv", 1), ("sheet.csv", 1), ("folder.csv", 2)]
    {
        let outcome = place.run(&format!("ingest --no-embed {feed}")).fails_with(code);
        masked(|| insta::assert_snapshot!(format!("refused_{feed}"), outcome));
    }
}

#[test]
fn a_feed_that_is_refused_keeps_no_other_waiting() {
    let place = Place::new();
    place.write("bad.csv", "what,is,this\n1,2,3\n");
    let outcome = place.run("ingest --no-embed --json bad.csv feed.csv").fails_with(1);
    assert_eq!(outcome.counts(["read", "inserted"]), [5, 4]);
    assert!(outcome.stderr.contains("akin: the feed bad.csv cannot be read"), "{outcome}");
}

#[test]
fn several_feeds_and_the_standard_input_are_one_catalogue() {
    let place = Place::new();
    place.write("more.csv", "title,price\nGarden chair,12.50\nGarden table,99\n");
    let outcome = place.run_with("ingest --no-embed --json feed.csv more.csv -", "name\nHammock\n");
    let outcome = outcome.succeeds();
    assert_eq!(outcome.counts(["read", "inserted", "quarantined"]), [8, 7, 1]);
    assert!(outcome.stderr.contains("feed.csv, line 5, name"), "{outcome}");
    assert_eq!(place.run("status --json").json()["products"], 7);
}

/// Twenty products; the first line is the header's.
fn twenty() -> Vec<String> {
    let product = |number| format!("{number},Product {number},{}.50", 10 + number);
    let products = (0..20).map(product);
    std::iter::once("product_id,name,price".to_owned()).chain(products).collect()
}

#[test]
fn a_complete_feed_removes_what_it_no_longer_names_and_a_product_comes_back() {
    let place = Place::new();
    let lines = twenty();
    place.write("all.csv", lines.join("\n"));
    place.write("fewer.csv", lines[..18].join("\n"));
    place.run("ingest --no-embed --complete all.csv").succeeds();
    masked(|| {
        insta::assert_snapshot!(place.run("ingest --no-embed --complete fewer.csv").succeeds());
    });
    assert_eq!(place.run("status --json").json()["products"], 17);
    let again = place.run("ingest --no-embed --json --complete fewer.csv").succeeds();
    assert_eq!(again.counts(["unchanged", "removed"]), [17, 0]);
    let back = place.run("ingest --no-embed --json --complete all.csv").succeeds();
    assert_eq!(back.counts(["inserted", "unchanged", "removed"]), [3, 17, 0]);
}

#[test]
fn a_complete_feed_that_was_cut_short_or_is_empty_changes_nothing() {
    let place = Place::new();
    let mut lines = twenty();
    place.write("all.csv", lines.join("\n"));
    place.run("ingest --no-embed --complete all.csv").succeeds();
    lines[1] = "0,Another name,1".to_owned();
    place.write("short.csv", lines[..10].join("\n"));
    place.write("empty.csv", &lines[0]);
    for feed in ["short.csv", "empty.csv"] {
        let outcome = place.run(&format!("ingest --no-embed --complete {feed}")).fails_with(1);
        masked(|| insta::assert_snapshot!(format!("cut_{feed}"), outcome));
    }
    let before = place.run("ingest --no-embed --json all.csv").succeeds();
    assert_eq!(before.counts(["unchanged", "changed", "removed"]), [20, 0, 0]);
    let told = "ingest --no-embed --json --complete --max-removed 60% short.csv";
    assert_eq!(place.run(told).succeeds().counts(["changed", "removed"]), [1, 11]);
}

#[test]
fn a_feed_that_is_mostly_unreadable_changes_nothing_unless_allowed() {
    let place = Place::new();
    let mut lines = twenty();
    for line in &mut lines[1..8] {
        line.push_str(" or so");
    }
    place.write("bad.csv", lines.join("\n"));
    masked(|| {
        insta::assert_snapshot!(place.run("ingest --no-embed bad.csv").fails_with(1));
    });
    assert_eq!(place.run("status --json").json()["products"], 0);
    let told = place.run("ingest --no-embed --json --max-refused 50% bad.csv").succeeds();
    assert_eq!(told.counts(["inserted", "quarantined"]), [13, 7]);
    let outcome = place.run("ingest --max-refused half bad.csv").fails_with(2);
    assert!(outcome.stderr.contains("--max-refused <PERCENT> (AKIN_MAX_REFUSED)"), "{outcome}");
}

#[test]
fn a_dry_run_reports_what_a_run_would_do_and_changes_nothing() {
    let place = Place::new();
    let mut lines = twenty();
    place.write("all.csv", lines.join("\n"));
    place.run("ingest --no-embed all.csv").succeeds();
    lines[1] = "0,Another name,1".to_owned();
    lines[2] = "1,Product 1,3".to_owned();
    lines.truncate(19);
    lines.push("new,New,1".to_owned());
    let feed = lines.join("\n");
    let dry = "ingest --dry-run --complete -";
    masked(|| insta::assert_snapshot!(place.run_with(dry, &feed).succeeds()));
    let keys = ["read", "inserted", "changed", "unchanged", "removed", "quarantined"];
    let dry = place.run_with("ingest --dry-run --json --complete -", &feed).succeeds();
    let done = place.run_with("ingest --no-embed --json --complete -", &feed).succeeds();
    assert_eq!(dry.counts(keys), done.counts(keys));
    assert_eq!(dry.counts(["embedded", "updated_fields"]), [2, 1]);
    lines.truncate(5);
    place.write("short.csv", lines.join("\n"));
    let short = place.run("ingest --dry-run --complete short.csv").fails_with(1);
    assert!(short.stderr.contains("--max-removed"), "{short}");
}

#[test]
fn a_feed_is_read_in_whatever_format_and_by_whatever_names() {
    let place = Place::new();
    let item = |id: u8| format!("<item><g:id>X-{id}</g:id><title>Chair {id}</title></item>");
    place.write("1.xml", format!("<rss><channel>{}{}</channel></rss>", item(1), item(2)));
    place.write("2.xml", format!("<rss><channel>{}</channel></rss>", item(3)));
    place.write("rows.txt", "{\"label\": \"Table\", \"cost\": 12.50}\n");
    let outcome = place.run("ingest --no-embed --json *.xml").succeeds();
    assert_eq!(outcome.counts(["read", "inserted", "quarantined"]), [3, 3, 0]);
    let map = "ingest --no-embed --json --map label=name,cost=actual_price rows.txt";
    assert_eq!(place.run(map).succeeds().counts(["read", "inserted"]), [1, 1]);
    place.write("map", "# ours\nlabel = name\ncost = actual_price\n");
    let map = "ingest --no-embed --json --format jsonl --map map rows.txt";
    assert_eq!(place.run(map).succeeds().counts(["read", "unchanged"]), [1, 1]);
}

#[test]
fn one_catalogue_is_the_same_in_the_store_whatever_format_it_comes_in() {
    let place = Place::new();
    let mut feed = csv::Reader::from_reader(FEED.as_bytes());
    let columns = feed.headers().unwrap().clone();
    let (mut json, mut xml) = (String::new(), String::from("<rss><channel>"));
    for record in feed.records() {
        let record = record.unwrap();
        let fields: Vec<_> = columns.iter().zip(&record).collect();
        let object = fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).into()));
        writeln!(json, "{}", serde_json::Value::Object(object.collect())).unwrap();
        let elements = fields.iter().map(|(name, text)| format!("<g:{name}>{text}</g:{name}>"));
        write!(xml, "<item>{}</item>", elements.collect::<String>()).unwrap();
    }
    place.write("feed.jsonl", json);
    place.write("feed.xml", xml + "</channel></rss>");
    place.run("ingest --no-embed feed.csv").succeeds();
    for feed in ["feed.jsonl", "feed.xml"] {
        let outcome = place.run(&format!("ingest --no-embed --json {feed}")).succeeds();
        let counts = outcome.counts(["read", "unchanged", "quarantined"]);
        assert_eq!(counts, [5, 4, 1], "{feed}: {outcome}");
    }
}

#[test]
fn settings_of_a_feed_that_cannot_be_are_named_at_once() {
    let place = Place::new();
    let line = "ingest --no-embed --format xlsx --map cost --rate INR:2 feed.csv";
    let outcome = place.run(line).fails_with(2);
    for said in ["--format <FORMAT>", "unknown format", "--map <MAP>", "--rate <RATE>"] {
        assert!(outcome.stderr.contains(said), "{said}: {outcome}");
    }
    let twice = "ingest --no-embed --rate INR=HKD:0.094,INR=USD:0.012 feed.csv";
    assert!(place.run(twice).fails_with(2).stderr.contains("another rate converts"));
}

#[test]
fn prices_are_kept_in_the_currency_that_a_rate_gives() {
    let place = Place::new();
    place.run("ingest --no-embed --rate INR=HKD:0.094 feed.csv").succeeds();
    let again = "ingest --no-embed --json --rate INR=HKD:0.094 feed.csv";
    assert_eq!(place.run(again).succeeds().counts(["changed", "unchanged"]), [0, 4]);
    let exported = place.run("export --no-embeddings").succeeds().stdout;
    let line = exported.lines().find(|line| line.contains("\"PH-1\"")).unwrap();
    let product: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(product["actual_price"], 122.11);
    assert_eq!(product["converted_by"], "INR=HKD:0.094");
    let other = "ingest --no-embed --json --rate INR=HKD:0.0940001 feed.csv";
    assert_eq!(place.run(other).succeeds().counts(["changed", "unchanged"]), [4, 0]);
    let without = place.run("ingest --no-embed --json feed.csv").succeeds();
    assert_eq!(without.counts(["changed", "unchanged"]), [4, 0]);
    assert!(!place.run("export --no-embeddings").succeeds().stdout.contains("converted_by"));
}

#[test]
fn a_schedule_runs_again_and_again_until_it_is_asked_to_end() {
    let place = Place::new();
    let mut lines = twenty();
    place.write("all.csv", lines.join("\n"));
    let mut command = place.akin("ingest --no-embed --complete --every 1s all.csv");
    let mut running = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(running.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first = told.next().unwrap();
    assert!(first.contains("20 rows read") && first.contains("20 new"), "{first}");
    lines[1] = "0,Another name,1".to_owned();
    lines.pop();
    // A feed that is half written changes nothing, and the next run goes on.
    place.write("all.csv", lines[..3].join("\n"));
    std::thread::sleep(Duration::from_millis(1_500));
    place.write("all.csv", lines.join("\n"));
    let changed = told.find(|line| !line.contains("20 unchanged")).unwrap();
    assert!(changed.contains("1 changed, 18 unchanged, 1 removed"), "{changed}");
    let asked = Command::new("kill").arg(running.id().to_string()).status().unwrap();
    assert!(asked.success());
    assert_eq!(running.wait().unwrap().code(), Some(128 + 15));
    let outcome = place.run_with("ingest --every 1h -", "name\nTripod\n").fails_with(2);
    assert!(outcome.stderr.contains("--every (AKIN_EVERY)"), "{outcome}");
}

#[test]
fn a_currency_is_asked_for_by_its_code() {
    let place = Place::new();
    let outcome = place.run("ingest --no-embed --currency rupees feed.csv").fails_with(2);
    assert!(outcome.stderr.contains("--currency <CODE> (AKIN_CURRENCY) cannot be"), "{outcome}");
}

#[test]
#[ignore = "needs the model: make model"]
fn the_summary_of_an_ingestion() {
    let place = Place::new();
    masked(|| {
        insta::assert_snapshot!(place.run("ingest feed.csv").succeeds());
        insta::assert_snapshot!(place.run("ingest --json feed.csv").succeeds());
        insta::assert_snapshot!(place.run("status").succeeds());
    });
    assert!(place.path("data/index").is_dir(), "the next process finds its search files");
}

#[test]
#[ignore = "needs the model: make model"]
fn only_what_changed_is_embedded() {
    let place = Place::new();
    let ingest = || place.run("ingest --json feed.csv").succeeds().counts(COUNTS);
    assert_eq!(ingest(), [4, 0, 0, 4, 0]);
    assert_eq!(ingest(), [0, 0, 4, 0, 0]);
    place.write("feed.csv", FEED.replace("₹450,₹450", "₹399,₹450"));
    assert_eq!(ingest(), [0, 1, 3, 0, 1]);
    place.write("feed.csv", FEED.replace("Warm light", "Cold light"));
    assert_eq!(ingest(), [0, 1, 3, 1, 0]);
    assert_eq!(ingest(), [0, 0, 4, 0, 0]);
}

#[test]
#[ignore = "needs the model: make model"]
fn a_changed_price_is_found_at_once() {
    let place = Place::ingested();
    let price = || {
        let outcome = place.run("search --json --limit 1 desk lamp").succeeds();
        outcome.json()["hits"][0]["product"]["discount_price"].clone()
    };
    assert_eq!(price(), 450.0);
    place.write("feed.csv", FEED.replace("₹450,₹450", "₹399.90,₹450"));
    place.run("ingest feed.csv").succeeds();
    assert_eq!(price(), 399.9);
}

#[test]
#[ignore = "needs the model: make model"]
fn what_was_kept_without_a_model_is_embedded_by_the_next_run() {
    let place = Place::new();
    place.run("ingest --no-embed feed.csv").succeeds();
    let ingest: Outcome = place.run("ingest --json feed.csv").succeeds();
    assert_eq!(ingest.counts(COUNTS), [0, 0, 4, 4, 0]);
}

#[test]
#[ignore = "needs the model: make model"]
fn a_text_that_is_longer_than_the_model_reads_is_told() {
    let place = Place::new();
    place.write("long.csv", format!("name,description\nRope,{}\n", "very long ".repeat(300)));
    let outcome = place.run("ingest long.csv").succeeds();
    let told = "1 text was truncated at 256 tokens\n";
    assert_eq!(outcome.stderr, told);
}
