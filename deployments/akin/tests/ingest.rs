//! Feeds in: what is counted, what is embedded, what is refused.

mod support;

use support::{FEED, Outcome, Place, masked};

const COUNTS: [&str; 5] = ["inserted", "changed", "unchanged", "embedded", "updated_fields"];

#[test]
fn products_can_be_kept_without_a_model() {
    let place = Place::new();
    masked(|| insta::assert_snapshot!(place.run("ingest --no-embed feed.csv").succeeds()));
    insta::assert_snapshot!(place.run("status").succeeds());
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
    });
    insta::assert_snapshot!(place.run("status").succeeds());
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
    let told = "1 text is longer than the model reads; the end does not count\n";
    assert_eq!(outcome.stderr, told);
}
