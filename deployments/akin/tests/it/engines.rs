//! The same search by different engines.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "what is not there fails the test")]

use crate::support::Place;
use crate::support::server::Server;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const NATIVE: &str = "local+native";
const ONNX: &str = "local+onnx";

/// The first ten products for each query.
type Found = Vec<BTreeSet<String>>;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").join(name)
}

/// The judged queries of the sample catalogue.
fn queries() -> Vec<String> {
    let mut reader = csv::Reader::from_path(data("queries.csv")).unwrap();
    let place = reader.headers().unwrap().iter().position(|name| name == "query").unwrap();
    reader.records().map(|record| record.unwrap()[place].to_owned()).collect()
}

/// Serves the sample catalogue by `engines`, embedded by the first of them.
fn serve(place: &Place, engines: &str, precision: &str) -> Server {
    let first = engines.split(',').next().unwrap();
    let variables = |engines| [("AKIN_ENGINES", engines), ("AKIN_MODEL", precision)];
    let feed = data("catalogue.csv");
    let ingest = format!("ingest --currency INR {}", feed.display());
    place.run_in(&variables(first), &ingest).succeeds();
    Server::start(place, &variables(engines))
}

fn first_ten(server: &Server, engine: &str) -> Found {
    let ten = |query: &String| {
        let asked = json!({ "query": query, "page_size": 10, "engine": engine });
        let answer = server.post("/api/search", &asked);
        assert_eq!(answer["engine"], engine);
        let hits = answer["hits"].as_array().unwrap().iter();
        hits.map(|hit| hit["product"]["product_id"].as_str().unwrap().to_owned()).collect()
    };
    queries().iter().map(ten).collect()
}

/// Whether in so many of a thousand places two engines show the same products.
fn assert_alike(what: &str, one: &Found, other: &Found, least: usize) {
    assert_eq!((one.len(), other.len()), (40, 40));
    let places: usize = one.iter().zip(other).map(|(one, other)| one.len().max(other.len())).sum();
    let common: usize =
        one.iter().zip(other).map(|(one, other)| one.intersection(other).count()).sum();
    println!("{what}: {common} of {places} products are the same");
    assert!(places > 200 && common * 1_000 >= places * least, "{what}: {common} of {places}");
}

#[test]
#[ignore = "needs the model: make model"]
fn both_engines_at_full_precision_find_the_same_side_by_side_in_one_index() {
    let place = Place::new();
    let server = serve(&place, &format!("{NATIVE},{ONNX}"), "fp32");
    let [native, onnx] = [NATIVE, ONNX].map(|engine| first_ten(&server, engine));
    assert_alike("fp32", &native, &onnx, 990);
}

#[test]
#[ignore = "needs the model: make model"]
fn the_onnx_engine_in_8_bits_finds_what_the_native_one_does() {
    let [native, onnx] = [NATIVE, ONNX].map(|engine| {
        let place = Place::new();
        first_ten(&serve(&place, engine, "int8"), engine)
    });
    assert_alike("int8", &native, &onnx, 900);
}

#[test]
#[ignore = "needs the model: make model"]
fn engines_of_one_model_share_an_index_and_others_are_refused() {
    let place = Place::ingested_exactly();
    let search = |engine: &str, precision: &str| {
        place.run_in(&[("AKIN_ENGINES", engine), ("AKIN_MODEL", precision)], "search --json tripod")
    };
    let [native, onnx] = [NATIVE, ONNX].map(|engine| {
        let answer = search(engine, "fp32").succeeds().json();
        assert_eq!(answer["engine"], engine);
        (answer["model"].clone(), answer["hits"][0]["product"]["product_id"].clone())
    });
    assert_eq!(native, onnx);
    for engine in [ONNX, NATIVE] {
        let refused = search(engine, "int8").fails_with(2);
        assert!(refused.stderr.contains("/fp32/384"), "{refused}");
    }
}
