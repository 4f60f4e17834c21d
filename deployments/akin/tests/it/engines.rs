//! The same queries in different engines.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

use crate::support::server::Server;
use crate::support::{Sandbox, sample};
use serde_json::json;
use std::collections::BTreeSet;

const NATIVE: &str = "local+native";
const ONNX: &str = "local+onnx";

/// The ids of the first ten products of each query.
type FirstTen = Vec<BTreeSet<String>>;

/// Returns the judged queries of the sample catalogue.
fn queries() -> Vec<String> {
    let mut reader = csv::Reader::from_path(sample("queries.csv")).unwrap();
    let column = reader.headers().unwrap().iter().position(|name| name == "query").unwrap();
    reader.records().map(|record| record.unwrap()[column].to_owned()).collect()
}

/// Ingests the sample catalogue with the first of `engines`, and serves it with all of them.
fn serve(sandbox: &Sandbox, engines: &str, precision: &str) -> Server {
    let first = engines.split(',').next().unwrap();
    let variables = |engines| [("AKIN_ENGINES", engines), ("AKIN_MODEL", precision)];
    let feed = sample("catalogue.csv");
    let ingest = format!("ingest --currency INR {}", feed.display());
    sandbox.run_with_env(&variables(first), &ingest).succeeds();
    Server::start(sandbox, &variables(engines))
}

fn first_ten(server: &Server, engine: &str) -> FirstTen {
    let ten = |query: &String| {
        let request = json!({ "query": query, "page_size": 10, "engine": engine });
        let response = server.post("/api/search", &request);
        assert_eq!(response["engine"], engine);
        let hits = response["hits"].as_array().unwrap().iter();
        hits.map(|hit| hit["product"]["product_id"].as_str().unwrap().to_owned()).collect()
    };
    queries().iter().map(ten).collect()
}

/// Asserts that at least `per_mille` of the hits of two engines are the same products.
fn assert_similar(name: &str, one: &FirstTen, other: &FirstTen, per_mille: usize) {
    assert_eq!((one.len(), other.len()), (40, 40));
    let hits: usize = one.iter().zip(other).map(|(one, other)| one.len().max(other.len())).sum();
    let common: usize =
        one.iter().zip(other).map(|(one, other)| one.intersection(other).count()).sum();
    println!("{name}: {common} of {hits} products are the same");
    assert!(hits > 200 && common * 1_000 >= hits * per_mille, "{name}: {common} of {hits}");
}

#[test]
#[ignore = "needs the model: make model"]
fn both_engines_at_full_precision_find_the_same_products_in_a_shared_index() {
    let sandbox = Sandbox::new();
    let server = serve(&sandbox, &format!("{NATIVE},{ONNX}"), "fp32");
    let [native, onnx] = [NATIVE, ONNX].map(|engine| first_ten(&server, engine));
    assert_similar("fp32", &native, &onnx, 990);
}

#[test]
#[ignore = "needs the model: make model"]
fn the_int8_onnx_engine_finds_the_same_products_as_the_native_one() {
    let [native, onnx] = [NATIVE, ONNX].map(|engine| {
        let sandbox = Sandbox::new();
        first_ten(&serve(&sandbox, engine, "int8"), engine)
    });
    assert_similar("int8", &native, &onnx, 900);
}

#[test]
#[ignore = "needs the model: make model"]
fn engines_with_the_same_model_share_an_index_and_others_are_refused() {
    let sandbox = Sandbox::ingested_fp32();
    let search = |engine: &str, precision: &str| {
        sandbox.run_with_env(
            &[("AKIN_ENGINES", engine), ("AKIN_MODEL", precision)],
            "search --json tripod",
        )
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
    for command in ["serve --listen 0", "ingest feed.csv", "worker --once", "worker"] {
        let refused = sandbox.run_with_env(&[("AKIN_MODEL", "int8")], command).fails_with(2);
        for part in ["/fp32/384", "/int8/384", "set AKIN_MODEL to the model that made the index"] {
            assert!(refused.stderr.contains(part), "{command}: {refused}");
        }
    }
}
