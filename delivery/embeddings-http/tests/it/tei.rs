//! The format of text-embeddings-inference.

use crate::support::{DIMENSION, MODEL, embedding, get, post, post_json, server, vector};
use serde_json::json;

#[tokio::test]
async fn embeddings_are_a_bare_list() {
    let server = server().await;
    for path in ["/embed", "/", "/invocations", "/endpoints/any/invocations"] {
        let one = post_json(&server, path, &json!({"inputs": "a lamp"})).await.with_status(200);
        assert_eq!(one.as_array().unwrap().len(), 1);
        assert_eq!(vector(&one[0]), embedding("a lamp").await);
        let body = json!({"inputs": ["", "a lamp"], "normalize": true, "truncate": false});
        let two = post_json(&server, path, &body).await.with_status(200);
        assert_eq!(vector(&two[0]), embedding("").await);
        assert_eq!(vector(&two[1]), embedding("a lamp").await);
    }
}

#[tokio::test]
async fn the_information_names_the_model_and_the_limits() {
    let info = get(&server().await, "/info").await.with_status(200);
    assert_eq!((&info["model_id"], &info["model_sha"]), (&json!("words"), &json!("00000000")));
    assert_eq!((&info["fingerprint"], &info["dimension"]), (&json!(MODEL), &json!(DIMENSION)));
    assert_eq!((&info["token_limit"], &info["max_input_length"]), (&json!(32), &json!(32)));
    assert_eq!(
        (&info["max_client_batch_size"], &info["auto_truncate"]),
        (&json!(100), &json!(true))
    );
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_the_status_of_the_format() {
    let server = server().await;
    let many = json!({"inputs": vec!["a"; 101]}).to_string();
    let long = json!({"inputs": "lamp ".repeat(33), "truncate": false}).to_string();
    for (body, status, error_type, part) in [
        (r#"{"inputs": []}"#, 400, "Empty", "no text"),
        ("{", 400, "Validation", "not valid JSON"),
        ("{}", 422, "Tokenizer", "missing field `inputs`"),
        (r#"{"inputs": [1, 2]}"#, 422, "Tokenizer", "token ids"),
        (r#"{"inputs": "a", "prompt_name": "query"}"#, 422, "Tokenizer", "no prompt \"query\""),
        (r#"{"inputs": "a", "normalize": false}"#, 422, "Tokenizer", "length 1"),
        (r#"{"inputs": "a", "truncation_direction": "Left"}"#, 422, "Tokenizer", "on the right"),
        (r#"{"inputs": "a", "dimensions": 2}"#, 422, "Tokenizer", "64 dimensions"),
        (&long, 413, "Validation", "inputs has more than the 32 tokens"),
        (&many, 413, "Validation", "101 texts are more than the 100"),
    ] {
        let error = post(&server, "/embed", body.to_owned()).await.with_status(status);
        assert_eq!(error["error_type"], error_type, "{body}: {error}");
        assert!(error["error"].as_str().unwrap().contains(part), "{body}: {error}");
    }
}

#[tokio::test]
async fn tokens_are_listed_with_their_texts() {
    let server = server().await;
    let body = json!({"inputs": ["a lamp", "lamp"], "add_special_tokens": true});
    let lists = post_json(&server, "/tokenize", &body).await.with_status(200);
    assert_eq!(lists[0].as_array().unwrap().len(), 2);
    assert_eq!(lists[0][1], lists[1][0]);
    let token = &lists[1][0];
    assert_eq!(token["text"], format!("word-{}", token["id"]));
    assert_eq!((&token["special"], &token["start"]), (&json!(false), &json!(null)));
    let many = json!({"inputs": vec!["a"; 101]});
    let error = post_json(&server, "/tokenize", &many).await.with_status(413);
    assert_eq!(error["error_type"], "Validation");
}
