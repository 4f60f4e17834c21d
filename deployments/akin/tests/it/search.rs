//! `akin search` and `akin similar`: tables, JSON documents, and errors that name the remedy.

use crate::support::{Sandbox, masked};
use akin_local::{LocalEngine, LocalOptions};
use std::fs;

#[test]
#[ignore = "needs the model: make model"]
fn a_search_prints_a_table_or_one_document() {
    let sandbox = Sandbox::ingested_fp32();
    masked(|| {
        let arguments = "search --limit 3 something to keep my phone steady while filming";
        let found = sandbox.run_fp32(arguments);
        insta::assert_snapshot!(found.succeeds());
        let found = sandbox.run_fp32("search --json --limit 1 --mode lexical desk lamp");
        insta::assert_snapshot!(found.succeeds());
    });
}

#[test]
#[ignore = "needs the model: make model"]
fn spelling_corrections_and_poor_matches_are_reported_on_standard_error() {
    let sandbox = Sandbox::ingested();
    let corrected = sandbox.run("search --mode lexical --limit 1 trippod").succeeds();
    assert!(
        corrected
            .stderr
            .contains("no product contains \"trippod\"; searched for \"tripod\" instead"),
        "{corrected}"
    );
    let poor = sandbox.run("search --limit 1 quantum chromodynamics").succeeds();
    assert_eq!(poor.stderr, "no product fits; these come closest\n");
    let none = sandbox.run("search --mode lexical zyzzyva").succeeds();
    assert_eq!((&*none.stdout, &*none.stderr), ("", "no product matches\n"));
    let none = sandbox.run("search --mode semantic --threshold 0.99 lamp --json").succeeds();
    assert_eq!(none.json()["total"], 0);
}

#[test]
#[ignore = "needs the model: make model"]
fn without_words_all_products_are_listed_filtered_and_sorted() {
    let sandbox = Sandbox::ingested();
    let all = sandbox.run("search --json --sort price_asc").succeeds().json();
    let total = all["total"].as_u64().unwrap();
    assert!(total >= 4, "{total}");
    let price = |hit: &serde_json::Value| {
        let product = &hit["product"];
        product["discount_price"].as_f64().or(product["actual_price"].as_f64())
    };
    let prices: Vec<_> = all["hits"].as_array().unwrap().iter().filter_map(price).collect();
    assert!(!prices.is_empty() && prices.is_sorted(), "{prices:?}");
    let brand = all["hits"][0]["product"]["brand"].as_str().unwrap().to_uppercase();
    let mut command = sandbox.akin("search --json --limit 1 --page 1");
    let outcome =
        crate::support::Outcome::from(command.args(["--brand", &brand]).output().unwrap());
    assert!(outcome.succeeds().json()["total"].as_u64().unwrap() >= 1);
    let page = sandbox.run("search --limit 2 --page 2").succeeds();
    assert_eq!(page.stderr, format!("2 of {total} products\n"));
    let none = sandbox.run("search --price-max 0.5 *").succeeds();
    assert_eq!((&*none.stdout, &*none.stderr), ("", "no product matches\n"));
}

#[test]
#[ignore = "needs the model: make model"]
fn similar_products_do_not_include_the_product_itself() {
    let sandbox = Sandbox::ingested_fp32();
    masked(|| {
        insta::assert_snapshot!(sandbox.run_fp32("similar PH-1 --limit 2").succeeds());
        insta::assert_snapshot!(sandbox.run_fp32("similar PH-1 --limit 1 --json").succeeds());
        insta::assert_snapshot!(sandbox.run_fp32("similar PH-77").fails_with(1));
    });
}

#[test]
#[ignore = "needs the model: make model"]
fn an_empty_store_is_not_an_error_but_a_missing_one_is() {
    let sandbox = Sandbox::new();
    for command in ["search tripod", "worker --once"] {
        let missing = sandbox.run(command).fails_with(2);
        assert!(missing.stderr.contains("there is no catalogue in data"), "{missing}");
    }
    assert!(!sandbox.path("data").exists());
    sandbox.run("ingest --no-embed feed.csv").succeeds();
    let waiting = sandbox.run("search tripod").succeeds();
    assert_eq!(waiting.stderr, "4 products wait to be embedded: run `akin worker --once`\n");
    fs::remove_dir_all(sandbox.path("data")).unwrap();
    drop(LocalEngine::open(&sandbox.path("data"), LocalOptions::default()).unwrap());
    sandbox.run("worker --once").succeeds();
    let outcome = sandbox.run("search tripod").succeeds();
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.contains("`akin ingest FEED`"), "{outcome}");
    assert_eq!(sandbox.run("search --json tripod").succeeds().json()["total"], 0);
    insta::assert_snapshot!(sandbox.run("status").succeeds());
}

#[test]
#[ignore = "needs the model: make model"]
fn texts_are_analyzed_anew_when_the_language_changes() {
    let sandbox = Sandbox::new();
    sandbox.write("stools.csv", "product_id,name\nHO-1,Eine Lampe\nHO-2,Tisch aus Holz\n");
    sandbox.run("ingest stools.csv").succeeds();
    let search = |language: &str| {
        let arguments = format!("search --json --mode lexical --language {language} Lampen");
        sandbox.run(&arguments).succeeds().json()["total"].clone()
    };
    assert_eq!(search("english"), 0);
    assert_eq!(search("german"), 1, "the stems of German meet");
    assert_eq!(search("en"), 0, "and are forgotten");
    assert_eq!(search("german"), 1);
    let again = sandbox.run("ingest --json --language german stools.csv").succeeds().json();
    assert_eq!((&again["unchanged"], &again["embedded"]), (&2.into(), &0.into()));
    let unknown = sandbox.run("search --language klingon tripod").fails_with(2).stderr;
    assert!(unknown.contains("--language") && unknown.contains("danish"), "{unknown}");
}

#[test]
#[ignore = "needs the model: make model"]
fn a_product_id_is_found_first_in_any_case_and_without_hyphens() {
    let sandbox = Sandbox::ingested();
    for query in ["PH-2", "ph2", "Ph 2"] {
        for mode in ["hybrid", "lexical"] {
            let found =
                sandbox.run(&format!("search --json --mode {mode} {query}")).succeeds().json();
            assert_eq!(
                found["hits"][0]["product"]["product_id"], "PH-2",
                "{query} {mode}: {found}"
            );
            assert_eq!(found["good"], true, "{query} {mode}");
        }
    }
}

#[test]
#[ignore = "needs the model: make model"]
fn an_index_of_another_model_is_refused() {
    let sandbox = Sandbox::ingested();
    let other = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let outcome = sandbox.run_with_env(&[("AKIN_MODEL", other.to_str().unwrap())], "search lamp");
    let expected = "is not a model folder: it contains neither `int8.sbert` nor `modules.json`";
    assert!(outcome.fails_with(2).stderr.contains(expected));
    // Changes the stored fingerprint to that of another model.
    let database = sandbox.path("data/akin.db");
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
        insta::assert_snapshot!(sandbox.run("search lamp").fails_with(2));
        let refused = sandbox.run("ingest feed.csv").fails_with(2);
        assert!(refused.stderr.contains("it holds embeddings of all-MiniLM-L9-v2"), "{refused}");
    });
}

#[test]
#[ignore = "needs the model: make model"]
fn a_query_of_any_length_is_answered_or_refused() {
    let sandbox = Sandbox::ingested();
    sandbox.run(&format!("search {}", "lamp ".repeat(700))).succeeds();
    let outcome = sandbox.run(&format!("search {}", "lamp ".repeat(900))).fails_with(2);
    assert_eq!(outcome.stderr, "akin: the query is longer than 4000 characters\n");
}
