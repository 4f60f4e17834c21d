//! `akin serve-embeddings`, and engines that embed by it.

use crate::support::server::Server;
use crate::support::{Sandbox, send_signal};
use serde_json::json;
use std::process::Command;

/// Returns a sandbox with a tiny model in `model`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sbert_fixtures::copy(&sbert_fixtures::folder("minilm-l6"), &sandbox.path("model"));
    sandbox
}

fn serve_embeddings(sandbox: &Sandbox, arguments: &str) -> Command {
    sandbox.akin(&format!("serve-embeddings --listen 127.0.0.1:0 --model model {arguments}"))
}

#[test]
fn a_model_folder_is_served_in_every_format() {
    let sandbox = sandbox();
    let server = Server::spawn(serve_embeddings(&sandbox, "--threads 1"));
    assert_eq!(server.get("/ping"), json!({"message": "pong"}));
    let info = server.get("/info");
    assert_eq!((&info["dimension"], &info["token_limit"]), (&json!(24), &json!(24)));
    let texts = ["a tripod", "a lamp beside the bed"];
    let sagemaker = server.post("/invocations", &json!({ "texts": texts }));
    assert_eq!(sagemaker["model"], info["fingerprint"]);
    let tei = server.post("/embed", &json!({ "inputs": texts }));
    assert_eq!(tei, sagemaker["results"]);
    let openai = server.post("/v1/embeddings", &json!({ "input": texts, "model": "any" }));
    assert_eq!(openai["data"][1]["embedding"], tei[1]);
    let tokens = server.post("/tokenize", &json!({"inputs": "a tripod"}));
    assert_eq!((&tokens[0][0]["text"], &tokens[0][0]["special"]), (&json!("[CLS]"), &json!(true)));
    let used = openai["usage"]["total_tokens"].as_u64().unwrap();
    assert!(used > tokens[0].as_array().unwrap().len() as u64, "{openai}");
}

#[test]
fn the_folder_of_an_onnx_model_is_served_as_well() {
    let sandbox = sandbox();
    sandbox.run("model export --model-name model").succeeds();
    let native = Server::spawn(serve_embeddings(&sandbox, ""));
    let mut onnx = sandbox.akin("serve-embeddings --listen 127.0.0.1:0");
    onnx.env("AKIN_MODEL", "model/onnx");
    let onnx = Server::spawn(onnx);
    let (is, was) = (onnx.get("/info"), native.get("/info"));
    assert_eq!((&is["model_dtype"], &was["model_dtype"]), (&json!("fp32"), &json!("int8")));
    assert_eq!((&is["dimension"], &is["token_limit"]), (&was["dimension"], &was["token_limit"]));
    let texts = json!({"inputs": ["a tripod", "steady ".repeat(30)]});
    let [found, expected] = [&onnx, &native].map(|server| server.post("/embed", &texts));
    for (found, expected) in found.as_array().unwrap().iter().zip(expected.as_array().unwrap()) {
        let numbers = |list: &serde_json::Value| -> Vec<f64> {
            list.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
        };
        let pairs = numbers(found).into_iter().zip(numbers(expected));
        let cosine: f64 = pairs.map(|(a, b)| a * b).sum();
        assert!(cosine > 0.95, "{cosine}");
    }
    assert_eq!(onnx.post("/tokenize", &texts), native.post("/tokenize", &texts));
}

#[test]
fn a_container_of_sagemaker_is_started_with_serve_and_ended_with_sigterm() {
    let sandbox = sandbox();
    let mut server = Server::spawn(serve_embeddings(&sandbox, "serve"));
    assert_eq!(server.post("/invocations", &json!({"text": "a"}))["dimension"], 24);
    send_signal("TERM", &server.process);
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
    let log = server.remaining_log();
    assert!(log.contains("stopping"), "{log}");
    let refused = sandbox.run("serve-embeddings train").fails_with(2);
    assert!(refused.stderr.contains("train"), "{refused}");
}

#[test]
fn a_model_that_is_not_there_is_named() {
    let refused = Sandbox::new().run("serve-embeddings --model nowhere").fails_with(2);
    assert!(refused.stderr.contains("nowhere"), "{refused}");
}

#[test]
fn a_catalogue_is_ingested_and_searched_through_an_embedding_server() {
    let sandbox = sandbox();
    let server = Server::spawn(serve_embeddings(&sandbox, ""));
    let url = format!("http://{}", server.address);
    let tei = format!("{url}/embed");
    let run = |engine: &str, url: &str, arguments: &str| {
        let variables =
            [("AKIN_ENGINES", engine), ("AKIN_EMBEDDINGS_URL", url), ("AKIN_MODEL", "model")];
        sandbox.run_with_env(&variables, arguments)
    };
    let ingested = run("local+http", &url, "ingest feed.csv --json").succeeds();
    assert_eq!(ingested.counts(["embedded", "quarantined"]), [4, 1]);
    // The model is the same one, wherever it is executed.
    let models =
        [("local+http", &*url), ("local+http", &tei), ("local", "")].map(|(engine, url)| {
            let found = run(engine, url, "search --json --mode semantic --threshold -1 tripod")
                .succeeds()
                .json();
            assert_eq!(found["hits"].as_array().unwrap().len(), 4, "{found}");
            found["model"].clone()
        });
    assert!(models[0] == models[1] && models[1] == models[2], "{models:?}");
    drop(server);
    let away = run("local+http", &url, "search tripod").fails_with(1);
    assert!(away.stderr.contains("embedding API is unavailable"), "{away}");
}

#[test]
fn a_catalogue_is_ingested_and_searched_through_a_sagemaker_endpoint() {
    let sandbox = sandbox();
    let server = Server::spawn(serve_embeddings(&sandbox, ""));
    let url = format!("http://{}", server.address);
    let variables = [
        ("AKIN_ENGINES", "local+sagemaker"),
        ("AWS_SAGEMAKER_ENDPOINT_NAME", "akin"),
        ("AWS_ENDPOINT_URL", &url),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
    ];
    let ingested = sandbox.run_with_env(&variables, "ingest feed.csv --json").succeeds();
    assert_eq!(ingested.counts(["embedded"]), [4]);
    let found = sandbox.run_with_env(&variables, "search --json lamp").succeeds();
    assert!(found.json()["model"].as_str().unwrap().contains('@'), "{found}");
    assert!(!found.stderr.contains("hunter2"), "{found}");
}

#[test]
fn all_missing_settings_of_remote_embedders_are_reported_at_once() {
    let sandbox = Sandbox::new();
    let refused = sandbox.run("ingest --engine opensearch+sagemaker,local+http feed.csv");
    let refused = refused.fails_with(2);
    for name in ["OPENSEARCH_ENDPOINT", "AWS_SAGEMAKER_ENDPOINT_NAME", "AKIN_EMBEDDINGS_URL"] {
        assert!(refused.stderr.contains(name), "{refused}");
    }
    let key = [
        ("AKIN_EMBEDDINGS_URL", "http://embeddings.example"),
        ("AKIN_EMBEDDINGS_API_KEY", "hunter2"),
    ];
    let refused = sandbox.run_with_env(&key, "search --engine local+http tripod").fails_with(2);
    assert!(refused.stderr.contains("plain http://"), "{refused}");
    assert!(!refused.stderr.contains("hunter2"), "{refused}");
}
