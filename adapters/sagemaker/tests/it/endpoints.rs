//! Endpoints of each kind, and their failures.

use crate::support::{
    Answer, Api, Forms, Mapping, api_error, model_error, open, open_with, real_server, respond,
};
use akin_ports::{Embedder, ErrorKind};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Answers as a container that takes one text: (1, the length of the text).
fn reference(body: &Value) -> Answer {
    match body["text"].as_str() {
        Some(text) => respond(200, &json!({"result": [1.0, text.len()]})),
        None => model_error(500, "KeyError: 'text'"),
    }
}

#[tokio::test]
async fn a_container_that_takes_one_text_gets_them_one_by_one() {
    let api = Api::start(async |body, _| reference(&body)).await;
    let embedder = open(&api.url).await.unwrap();
    assert_eq!(embedder.fingerprint().to_string(), "akin-minilm/sagemaker/2");
    assert_eq!(embedder.token_limit(), 256);
    let all = strings(&["a", "bbb", "", "cc", "dddddd"]);
    let vectors = embedder.embed(&all).await.unwrap().embeddings;
    for (text, embedding) in all.iter().zip(&vectors) {
        let ratio = embedding.as_slice()[1] / embedding.as_slice()[0];
        #[expect(clippy::cast_precision_loss, reason = "texts of tests are short")]
        let expected = text.len().max(1) as f32;
        assert!((ratio - expected).abs() < 1e-3, "{text:?}: {ratio}");
    }
}

#[tokio::test]
#[ignore = "needs akin serve-embeddings: make test"]
async fn every_form_of_requests_gives_the_same_embeddings() {
    let texts: Vec<_> = (0..70).map(|number| format!("tripod number {number}")).collect();
    let mut all = Vec::new();
    for forms in [Forms::All, Forms::InputsOnly, Forms::TextOnly] {
        let mapping = Mapping::start(real_server(), forms).await;
        let embedder = open(&mapping.url).await.unwrap();
        if forms != Forms::InputsOnly {
            assert!(embedder.fingerprint().model.contains('@'), "{}", embedder.fingerprint());
        }
        all.push(embedder.embed(&texts).await.unwrap());
    }
    assert!(all[0] == all[1] && all[0] == all[2]);
}

#[tokio::test]
#[ignore = "needs akin serve-embeddings: make test"]
async fn the_server_itself_has_the_path_of_the_api() {
    let embedder = open(&format!("http://{}", real_server())).await.unwrap();
    assert!(embedder.embed(&strings(&["a lamp"])).await.is_ok());
}

#[tokio::test]
async fn batches_have_no_more_texts_and_bytes_than_the_settings_allow() {
    let largest = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&largest);
    let api = Api::start(move |body: Value, _| {
        let count = body["texts"].as_array().unwrap().len();
        seen.fetch_max(count, Ordering::Relaxed);
        let answer = respond(200, &json!({"results": vec![[0.0, 1.0]; count]}));
        async move { answer }
    })
    .await;
    let embedder = open_with(&api.url, &["--sagemaker-batch-size", "3"]).await.unwrap();
    embedder.embed(&vec!["lamp".to_owned(); 10]).await.unwrap();
    assert_eq!(largest.load(Ordering::Relaxed), 3);
    let error = embedder.embed(&["\u{1}".repeat(700_000)]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.report().contains("bytes"), "{}", error.report());
}

#[tokio::test]
async fn an_overloaded_model_is_invoked_again() {
    let api = Api::start(async |body, before| match before {
        3 => model_error(429, "overloaded"),
        4 => model_error(503, "overloaded"),
        _ => reference(&body),
    })
    .await;
    let embedder = open(&api.url).await.unwrap();
    embedder.embed(&strings(&["a lamp"])).await.unwrap();
}

#[tokio::test]
async fn failures_of_the_model_of_throttling_and_of_the_endpoint_are_told_apart() {
    let missing = json!({"Message": "Endpoint akin-minilm of account 123456789012 not found."});
    for (answer, kind, part) in [
        (model_error(500, "shape"), ErrorKind::Misconfigured, "understands none"),
        (model_error(404, "Not Found"), ErrorKind::Misconfigured, "serves no embeddings"),
        (
            api_error(400, "ValidationError", &missing),
            ErrorKind::Misconfigured,
            "AWS_SAGEMAKER_ENDPOINT_NAME",
        ),
        (
            api_error(403, "AccessDeniedException", &json!({"Message": "no right"})),
            ErrorKind::Misconfigured,
            "no right",
        ),
    ] {
        let api = Api::start(move |_, _| {
            let answer = answer.clone();
            async move { answer }
        })
        .await;
        let error = open(&api.url).await.unwrap_err();
        assert_eq!(error.kind, kind, "{}", error.report());
        assert!(error.report().contains(part), "{}", error.report());
    }
}

#[tokio::test]
async fn a_text_on_which_the_model_fails_is_refused() {
    let api = Api::start(async |body, _| {
        if body["text"] == "cursed" { model_error(500, "shape mismatch") } else { reference(&body) }
    })
    .await;
    let embedder = open(&api.url).await.unwrap();
    let error = embedder.embed(&strings(&["cursed"])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.report().contains("shape mismatch"), "{}", error.report());
    assert!(error.report().contains("arn:aws:logs"), "{}", error.report());
}

#[tokio::test]
async fn another_model_than_at_the_start_is_refused() {
    let api = Api::start(async |_, before| {
        let model = if before == 0 { "a@0/int8/2" } else { "b@0/int8/2" };
        respond(200, &json!({"results": [[0.0, 1.0]], "model": model}))
    })
    .await;
    let embedder = open(&api.url).await.unwrap();
    assert_eq!(embedder.fingerprint().to_string(), "a@0/int8/2");
    let error = embedder.embed(&strings(&["a"])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    assert!(error.report().contains("b@0/int8/2"), "{}", error.report());
}
