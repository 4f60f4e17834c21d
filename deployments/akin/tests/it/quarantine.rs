//! Refused rows: written to be mended, and fed again.

use crate::support::Place;
use std::fmt::Write;

/// Three rows of six are bad: a price, a rating, a number of fields.
const FEED: &str = "\
title,cost,ratings,product_id,color
Tripod,\"₹1,299\",4.5,A,red
\"Lamp, \"\"small\"\"\",call us,4,B,blue
Cup,₹10,eleven,C,green
Vase,₹20
Table,₹450,5,D,
Chair,₹300,,E,white
";

/// How the shop reads it.
const MANNER: &str = "--currency INR --rate INR=HKD:0.094 --max-refused 60% \
                      --map cost=actual_price,color=attributes";

fn read(place: &Place, feed: &str) -> crate::support::Outcome {
    place.run(&format!("ingest --no-embed --json {MANNER} {feed}")).succeeds()
}

/// A shop that has read its feed.
fn shop() -> Place {
    let place = Place::new();
    place.write("shop.csv", FEED);
    let outcome = read(&place, "shop.csv");
    assert_eq!(outcome.counts(["inserted", "quarantined"]), [3, 3]);
    place
}

fn product(place: &Place, id: &str) -> serde_json::Value {
    let exported = place.run("export --no-embeddings").succeeds().stdout;
    let line = exported.lines().find(|line| line.contains(&format!("\"product_id\":\"{id}\"")));
    serde_json::from_str(line.expect("the product is there")).expect("a line of JSON")
}

#[test]
fn refused_rows_are_exported_unchanged_corrected_and_ingested() {
    let place = shop();
    let written = place.run("quarantine --csv").succeeds();
    insta::assert_snapshot!(written.stdout);
    let mended = written.stdout.replace(",call us,", ",₹617.50,");
    place.write("bad.csv", mended.replace(",eleven,", ",4.1,"));
    let outcome = read(&place, "bad.csv");
    assert_eq!(outcome.counts(["read", "inserted", "unchanged", "removed"]), [3, 2, 0, 0]);
    assert!(outcome.stderr.contains("bad.csv, line 4, name"), "one was not mended: {outcome}");
    assert_eq!(place.run("status --json").json()["products"], 5);
    let (lamp, cup) = (product(&place, "B"), product(&place, "C"));
    assert_eq!(lamp["name"], "Lamp, \"small\"");
    assert_eq!(lamp["actual_price"], 58.05);
    assert_eq!(
        [&cup["ratings"], &cup["actual_price"]].map(serde_json::Value::as_f64),
        [Some(4.1), Some(0.94)]
    );
    assert_eq!([&cup["attributes"], &cup["brand"]], ["green", ""]);
}

#[test]
fn mended_rows_leave_the_quarantine_when_their_own_feed_is_mended() {
    let place = shop();
    place.run("quarantine --csv bad.csv").succeeds();
    let bad = std::fs::read_to_string(place.path("bad.csv")).unwrap();
    let (whole, unreadable) = bad.trim_end().rsplit_once("\n,").unwrap();
    assert!(unreadable.contains("shop.csv,5,\"row: the row has 2 fields"), "{unreadable}");
    assert!(unreadable.ends_with("Vase,₹20\""), "{unreadable}");
    let mended = whole.replace(",call us,", ",₹617.50,").replace(",eleven,", ",4.1,");
    place.write("bad.csv", mended);
    assert_eq!(read(&place, "bad.csv").counts(["inserted", "quarantined"]), [2, 0]);
    let kept = || place.run("status --json").json()["quarantined"].clone();
    assert_eq!(kept(), 3, "the feed says what it said");
    // The feed as it is refuses its rows again, and what was mended stays.
    assert_eq!(read(&place, "shop.csv").counts(["unchanged", "removed"]), [3, 0]);
    assert_eq!(place.run("status --json").json()["products"], 5);
    let feed = FEED.replace("call us", "₹617.50").replace("eleven", "4.1");
    place.write("shop.csv", feed.replace("Vase,₹20\n", ""));
    assert_eq!(read(&place, "shop.csv").counts(["inserted", "unchanged"]), [0, 5]);
    assert_eq!(kept(), 0);
    let nothing = place.run("quarantine --csv").succeeds().stdout;
    assert_eq!(nothing.lines().count(), 1, "the names of the columns");
}

#[test]
fn all_rows_are_written_however_many_are_listed() {
    let place = Place::new();
    let mut feed = "product_id,name,price\n".to_owned();
    for number in 0..1_200 {
        writeln!(feed, "{number},Product {number},call us").unwrap();
    }
    place.write("many.csv", feed);
    place.run("ingest --no-embed --max-refused 100% many.csv").succeeds();
    let written = place.run("quarantine --limit 3 --csv -").succeeds().stdout;
    assert_eq!(written.lines().count(), 1 + 1_200);
    let listed = place.run("quarantine --json --limit 3").succeeds().json();
    assert_eq!(listed.as_array().unwrap().len(), 3);
    let outcome = place.run("quarantine --csv nowhere/bad.csv").fails_with(1);
    assert!(outcome.stderr.contains("cannot write nowhere/bad.csv.partial (--csv)"), "{outcome}");
}

#[test]
fn a_file_that_exists_is_replaced_only_on_request() {
    let place = Place::new();
    place.run("ingest --no-embed feed.csv").succeeds();
    place.write("rows.csv", "corrected by hand");
    let refused = place.run("quarantine --csv rows.csv").fails_with(2);
    assert!(refused.stderr.contains("rows.csv exists; --overwrite replaces it"), "{refused}");
    assert_eq!(std::fs::read_to_string(place.path("rows.csv")).unwrap(), "corrected by hand");
    place.run("quarantine --csv rows.csv --overwrite").succeeds();
    assert!(std::fs::read_to_string(place.path("rows.csv")).unwrap().contains("HO-9"));
}
