//! `OpenAI`'s format.

use crate::support::{
    DIMENSION, embedding, get, limits, post, post_json, send, server, serving, vector,
};
use akin_memory::MemoryEmbedder;
use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn embeddings_are_listed_in_the_order_of_the_texts() {
    let body = json!({"input": ["a lamp", "a tripod and a lamp"], "model": "any", "user": "me"});
    let list = post_json(&server().await, "/v1/embeddings", &body).await.with_status(200);
    assert_eq!((&list["object"], &list["model"]), (&json!("list"), &json!("words@00000000")));
    for (index, text) in ["a lamp", "a tripod and a lamp"].into_iter().enumerate() {
        let item = &list["data"][index];
        assert_eq!((&item["object"], &item["index"]), (&json!("embedding"), &json!(index)));
        assert_eq!(vector(&item["embedding"]), embedding(text).await);
    }
    assert_eq!(list["usage"], json!({"prompt_tokens": 7, "total_tokens": 7}));
}

#[tokio::test]
async fn base64_holds_the_coordinates_as_little_endian_floats() {
    use base64::Engine;
    let body = json!({"input": "lamp", "encoding_format": "base64", "dimensions": DIMENSION});
    let list = post_json(&server().await, "/v1/embeddings", &body).await.with_status(200);
    let text = list["data"][0]["embedding"].as_str().unwrap();
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let (floats, _) = bytes.as_chunks::<4>();
    let floats: Vec<f32> = floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    assert_eq!(floats, embedding("lamp").await);
}

#[tokio::test]
async fn the_model_is_listed() {
    let server = server().await;
    let list = get(&server, "/v1/models").await.with_status(200);
    assert_eq!(
        (&list["object"], &list["data"][0]["id"]),
        (&json!("list"), &json!("words@00000000"))
    );
    let model = get(&server, "/v1/models/sentence-transformers/any").await.with_status(200);
    assert_eq!(model, list["data"][0]);
}

#[tokio::test]
async fn an_error_names_the_field_and_the_remedy() {
    let server = server().await;
    let many = format!("{{\"input\": [{}\"a\"]}}", "\"a\",".repeat(100));
    let long = json!({"input": ["lamp", "lamp ".repeat(33)], "truncate": false}).to_string();
    for (body, param, code, part) in [
        ("{}", json!("input"), json!(null), "missing field `input`"),
        (r#"{"input": null}"#, json!(null), json!(null), "a text or a list of texts"),
        (r#"{"input": []}"#, json!("input"), json!(null), "no text"),
        (r#"{"input": ""}"#, json!("input"), json!(null), "input is an empty text"),
        (r#"{"input": ["a", ""]}"#, json!("input[1]"), json!(null), "input[1] is an empty text"),
        (r#"{"input": [1, 2]}"#, json!("input"), json!(null), "check_embedding_ctx_length=False"),
        (r#"{"input": [[1], [2]]}"#, json!("input"), json!(null), "token ids"),
        (r#"{"input": "a", "dimensions": 63}"#, json!("dimensions"), json!(null), "64 dimensions"),
        (
            r#"{"input": "a", "encoding_format": "hex"}"#,
            json!(null),
            json!(null),
            "unknown variant",
        ),
        (&many, json!("input"), json!(null), "101 texts are more than the 100"),
        (&long, json!("input[1]"), json!("context_length_exceeded"), "more than the 32 tokens"),
        ("null", json!(null), json!(null), "must be a JSON object"),
    ] {
        let error = post(&server, "/v1/embeddings", body.to_owned()).await.with_status(400);
        let error = &error["error"];
        assert_eq!(error["type"], "invalid_request_error", "{error}");
        assert_eq!((&error["param"], &error["code"]), (&param, &code), "{body}: {error}");
        assert!(error["message"].as_str().unwrap().contains(part), "{body}: {error}");
    }
}

#[tokio::test]
async fn long_texts_are_truncated_by_default() {
    let body = json!({"input": "lamp ".repeat(900)});
    let answer = post_json(&server().await, "/v1/embeddings", &body).await;
    assert_eq!(answer.header("x-akin-truncated"), "1");
    assert_eq!(answer.with_status(200)["usage"]["total_tokens"], 32);
}

#[tokio::test]
async fn a_failure_of_the_model_is_one_of_the_server() {
    let embedder = Arc::new(MemoryEmbedder::default().refusing("cursed"));
    let server = serving(embedder, limits()).await;
    let body = json!({"input": ["lamp", "cursed"]});
    let error = post_json(&server, "/v1/embeddings", &body).await.with_status(424);
    assert_eq!(error["error"]["type"], "server_error");
    assert_eq!(error["error"]["param"], "input[1]");
}

#[tokio::test]
async fn unknown_routes_and_methods_are_errors_of_the_format() {
    let server = server().await;
    let error = get(&server, "/v1/chat/completions").await.with_status(404);
    assert_eq!(error["error"]["message"], "no such route");
    let error = get(&server, "/v1/embeddings").await;
    assert_eq!(error.header("allow"), "POST");
    assert_eq!(error.with_status(405)["error"]["type"], "invalid_request_error");
}

#[tokio::test]
async fn a_compressed_body_is_refused() {
    let request = Request::post("/v1/embeddings").header("content-encoding", "gzip");
    let request = request.body(Body::from("x")).unwrap();
    let error = send(&server().await, request).await.with_status(415);
    assert!(error["error"]["message"].as_str().unwrap().contains("gzip"), "{error}");
}
