//! Answers out: tables for people, documents for scripts, errors that name the remedy.

use crate::support::{Place, masked};
use std::fs;

#[test]
#[ignore = "needs the model: make model"]
fn a_search_prints_a_table_or_one_document() {
    let place = Place::ingested_exactly();
    masked(|| {
        let words = "search --limit 3 something to keep my phone steady while filming";
        let found = place.run_exactly(words);
        insta::assert_snapshot!(found.succeeds());
        let found = place.run_exactly("search --json --limit 1 --mode lexical desk lamp");
        insta::assert_snapshot!(found.succeeds());
    });
}

#[test]
#[ignore = "needs the model: make model"]
fn what_was_corrected_and_what_fits_badly_is_said_beside_the_answer() {
    let place = Place::ingested();
    let corrected = place.run("search --mode lexical --limit 1 trippod").succeeds();
    assert!(
        corrected
            .stderr
            .contains("no product contains \"trippod\"; searched for \"tripod\" instead"),
        "{corrected}"
    );
    let poor = place.run("search --limit 1 quantum chromodynamics").succeeds();
    assert_eq!(poor.stderr, "no product fits well; these come closest\n");
    let none = place.run("search --mode lexical zyzzyva").succeeds();
    assert_eq!((&*none.stdout, &*none.stderr), ("", "no product matches\n"));
    let none = place.run("search --mode semantic --threshold 0.99 lamp --json").succeeds();
    assert_eq!(none.json()["total"], 0);
}

#[test]
#[ignore = "needs the model: make model"]
fn similar_products_leave_the_product_out() {
    let place = Place::ingested_exactly();
    masked(|| {
        insta::assert_snapshot!(place.run_exactly("similar PH-1 --limit 2").succeeds());
        insta::assert_snapshot!(place.run_exactly("similar PH-1 --limit 1 --json").succeeds());
        insta::assert_snapshot!(place.run_exactly("similar PH-77").fails_with(1));
    });
}

#[test]
#[ignore = "needs the model: make model"]
fn an_empty_store_is_no_error_and_a_missing_one_is() {
    let place = Place::new();
    let missing = place.run("search tripod").fails_with(2);
    assert!(missing.stderr.contains("there is no catalogue in data"), "{missing}");
    assert!(!place.path("data").exists());
    place.run("ingest --no-embed feed.csv").succeeds();
    let waiting = place.run("search tripod").succeeds();
    assert_eq!(waiting.stderr, "4 products wait to be embedded: run `akin worker --once`\n");
    fs::remove_dir_all(place.path("data")).unwrap();
    place.run("worker --once").succeeds();
    let outcome = place.run("search tripod").succeeds();
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.contains("`akin ingest FEED`"), "{outcome}");
    assert_eq!(place.run("search --json tripod").succeeds().json()["total"], 0);
    insta::assert_snapshot!(place.run("status").succeeds());
}

#[test]
#[ignore = "needs the model: make model"]
fn an_index_of_another_model_is_refused() {
    let place = Place::ingested();
    let other = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let outcome = place.run_in(&[("AKIN_MODEL", other.to_str().unwrap())], "search lamp");
    let said = "is not a model folder: it contains neither `int8.sbert` nor `modules.json`";
    assert!(outcome.fails_with(2).stderr.contains(said));
    // The fingerprint of the store, as if another model had made it.
    let database = place.path("data/akin.db");
    let bytes = std::fs::read(&database).unwrap();
    let (from, to) = (b"all-MiniLM-L6-v2@", b"all-MiniLM-L9-v2@");
    let at: Vec<_> = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(from)).collect();
    assert!(!at.is_empty());
    let mut changed = bytes;
    for at in at {
        changed[at..at + to.len()].copy_from_slice(to);
    }
    std::fs::write(&database, changed).unwrap();
    masked(|| {
        insta::assert_snapshot!(place.run("search lamp").fails_with(2));
        let all = place.run("ingest feed.csv").succeeds();
        assert!(all.stdout.contains("0 products embedded"), "{all}");
    });
}

#[test]
#[ignore = "needs the model: make model"]
fn a_query_of_any_length_is_answered_or_refused() {
    let place = Place::ingested();
    place.run(&format!("search {}", "lamp ".repeat(700))).succeeds();
    let outcome = place.run(&format!("search {}", "lamp ".repeat(900))).fails_with(2);
    assert_eq!(outcome.stderr, "akin: the query is longer than 4000 characters\n");
    let mut blank = place.akin("search");
    let outcome = crate::support::Outcome::from(blank.arg(" ").output().unwrap()).fails_with(2);
    assert_eq!(outcome.stderr, "akin: the query is empty\n");
}
