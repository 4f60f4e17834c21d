//! The route of a `SageMaker` container.

use crate::support::{
    DIMENSION, MODEL, embedding, get, limits, post, post_json, send, server, serving, vector,
};
use akin_memory::MemoryEmbedder;
use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn a_ping_is_answered() {
    let answer = get(&server().await, "/ping").await;
    assert_eq!(answer.with_status(200), json!({"message": "pong"}));
}

#[tokio::test]
async fn a_text_has_a_result_and_texts_have_results() {
    let server = server().await;
    let one = post(&server, "/invocations", r#"{"text": "a tripod"}"#).await;
    assert_eq!((one.header("x-akin-model"), one.header("x-akin-token-limit")), (MODEL, "32"));
    let one = one.with_status(200);
    assert_eq!(vector(&one["result"]), embedding("a tripod").await);
    let several = json!({"texts": ["a lamp", "", "a tripod"]});
    let several = post_json(&server, "/invocations", &several).await.with_status(200);
    for (place, text) in ["a lamp", "", "a tripod"].into_iter().enumerate() {
        assert_eq!(vector(&several["results"][place]), embedding(text).await, "{text:?}");
    }
    for document in [one, several] {
        assert_eq!(
            (&document["model"], &document["dimension"]),
            (&json!(MODEL), &json!(DIMENSION))
        );
        assert_eq!((&document["token_limit"], &document["truncated"]), (&json!(32), &json!(0)));
        assert!(document.get("errors").is_none());
    }
    let none = post(&server, "/invocations", r#"{"texts": []}"#).await.with_status(200);
    assert_eq!(none["results"], json!([]));
}

#[tokio::test]
async fn the_content_type_has_no_influence() {
    let server = server().await;
    for content_type in ["application/json", "text/plain; charset=utf-8", "x"] {
        let request = Request::post("/invocations").header("content-type", content_type);
        let request = request.body(Body::from(r#"{"inputs": "lamp"}"#)).unwrap();
        let list = send(&server, request).await.with_status(200);
        assert_eq!(vector(&list[0]), embedding("lamp").await);
    }
}

#[tokio::test]
async fn long_texts_are_truncated_and_counted() {
    let texts = json!({"texts": ["lamp ".repeat(32), "lamp ".repeat(33), "lamp ".repeat(900)]});
    let answer = post_json(&server().await, "/invocations", &texts).await;
    assert_eq!(answer.header("x-akin-truncated"), "2");
    let document = answer.with_status(200);
    assert_eq!(document["truncated"], 2);
    assert_eq!(document["results"][1], document["results"][2]);
}

#[tokio::test]
async fn a_text_on_which_the_model_fails_has_an_error_of_its_own() {
    let embedder = Arc::new(MemoryEmbedder::default().refusing("cursed"));
    let server = serving(embedder, limits()).await;
    let texts = json!({"texts": ["a lamp", "a cursed lamp"]});
    let document = post_json(&server, "/invocations", &texts).await.with_status(200);
    assert_eq!(vector(&document["results"][0]), embedding("a lamp").await);
    assert!(document["results"][1].is_null());
    assert_eq!(document["errors"][0]["index"], 1);
    for body in
        [json!({"text": "cursed"}), json!({"texts": ["cursed"]}), json!({"inputs": "cursed"})]
    {
        let failed = post_json(&server, "/invocations", &body).await.with_status(424);
        assert_eq!(failed["error_type"], "Backend", "{failed}");
        assert!(!failed["error"].as_str().unwrap().contains("told to refuse"), "{failed}");
    }
}

#[tokio::test]
async fn a_body_that_says_nothing_or_too_much_is_refused() {
    let server = server().await;
    for (body, status, part) in [
        ("{}", 400, "one of the fields text, texts and inputs"),
        (r#"{"text": "a", "texts": ["a"]}"#, 400, "one of the fields"),
        (r#"{"texts": "a"}"#, 422, "texts must be a list of texts"),
        (r#"{"texts": [1]}"#, 422, "texts must be a list of texts"),
        (r#"{"text": 7}"#, 422, "expected a string"),
        (r#"{"text": "\ud800"}"#, 400, "not valid JSON"),
        ("", 400, "must be a JSON object"),
        ("[1]", 400, "must be a JSON object"),
        (r#"{"text": "a""#, 400, "not valid JSON"),
        ("{\"text\": \"\u{1}\"}", 400, "not valid JSON"),
    ] {
        let refused = post(&server, "/invocations", body).await.with_status(status);
        let message = refused["error"].as_str().unwrap();
        assert!(message.contains(part), "{body}: {message}");
    }
}

#[tokio::test]
async fn embeddings_can_be_written_in_base64() {
    let body = json!({"texts": ["lamp"], "encoding_format": "base64"});
    let document = post_json(&server().await, "/invocations", &body).await.with_status(200);
    // 64 coordinates of 4 bytes.
    assert_eq!(document["results"][0].as_str().unwrap().len(), 344);
}

#[tokio::test]
async fn what_would_be_ignored_is_refused_in_every_form() {
    let server = server().await;
    let long = "lamp ".repeat(33);
    for field in ["text", "texts", "inputs"] {
        let lamp = if field == "texts" { json!(["lamp"]) } else { json!("lamp") };
        for (option, value) in [
            ("normalize", json!(false)),
            ("prompt_name", json!("query")),
            ("dimensions", json!(5)),
            ("truncation_direction", json!("left")),
        ] {
            let body = json!({field: lamp, option: value});
            let refused = post_json(&server, "/invocations", &body).await.with_status(422);
            assert_eq!(refused["error_type"], "Tokenizer", "{body}: {refused}");
        }
        let long = if field == "texts" { json!([long]) } else { json!(long) };
        let body = json!({field: long, "truncate": false});
        post_json(&server, "/invocations", &body).await.with_status(413);
    }
    let body = json!({"inputs": "lamp", "encoding_format": "base64"});
    post_json(&server, "/invocations", &body).await.with_status(422);
}
