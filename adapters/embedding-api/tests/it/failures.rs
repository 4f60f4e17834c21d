//! Failures of the server, told apart.

use crate::support::{FakeServer, openai, respond, respond_with, settings, texts};
use akin_embedding_api::HttpEmbedder;
use akin_ports::{Embedder, ErrorKind};
use serde_json::json;
use std::time::{Duration, Instant};

const MODEL: [&str; 2] = ["--embeddings-model", "m"];

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn texts_are_sent_in_batches_and_answered_in_their_order() {
    let server = FakeServer::start(|request, _| openai(request)).await;
    let arguments =
        [&MODEL[..], &["--embeddings-batch-size", "2", "--embeddings-batch-bytes", "5"]];
    let settings = settings(&server.url, &arguments.concat());
    let embedder = HttpEmbedder::open(&settings).await.unwrap();
    assert_eq!(embedder.fingerprint().to_string(), "m/openai/2");
    let all = strings(&["a", "bb", "cccccccccc", "dddd", "", "e"]);
    let vectors = embedder.embed(&all).await.unwrap().embeddings;
    for (text, embedding) in all.iter().zip(&vectors) {
        let ratio = embedding.as_slice()[1] / embedding.as_slice()[0];
        #[expect(clippy::cast_precision_loss, reason = "texts of tests are short")]
        let expected = text.len().max(1) as f32;
        assert!((ratio - expected).abs() < 1e-3, "{text:?}: {ratio}");
    }
    let mut sizes: Vec<_> = server.received()[1..].iter().map(|it| texts(it).len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 1, 2, 2]);
    assert!(server.received().iter().all(|request| request.path == "/v1/embeddings"));
    assert_eq!(server.received()[0].body["model"], "m");
}

#[tokio::test]
async fn a_busy_server_is_asked_again_when_it_says() {
    let server = FakeServer::start(|request, before| match before {
        1 => respond_with(429, &[("retry-after", "1")], &json!({})),
        2 => respond(503, &json!({})),
        _ => openai(request),
    })
    .await;
    let embedder = HttpEmbedder::open(&settings(&server.url, &MODEL)).await.unwrap();
    let began = Instant::now();
    embedder.embed(&strings(&["a", "b"])).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.received().len(), 4);
}

#[tokio::test]
async fn a_server_that_stays_busy_is_unavailable() {
    let server = FakeServer::start(|request, before| {
        if before == 0 { openai(request) } else { respond(429, &json!({"error": "overloaded"})) }
    })
    .await;
    let arguments = [&MODEL[..], &["--embeddings-retry-timeout", "0.3"]].concat();
    let embedder = HttpEmbedder::open(&settings(&server.url, &arguments)).await.unwrap();
    let error = embedder.embed(&strings(&["a", "b"])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.report().contains("overloaded"), "{}", error.report());
    assert!(server.received().len() > 2);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let arguments = [&MODEL[..], &["--embeddings-retry-timeout", "0.01"]].concat();
    let error = HttpEmbedder::open(&settings("http://127.0.0.1:1", &arguments)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.report().contains("cannot be reached"), "{}", error.report());
}

#[tokio::test]
async fn the_key_is_sent_and_never_told() {
    let server = FakeServer::start(|_, _| {
        respond(401, &json!({"error": {"message": "Incorrect API key provided: hunter2."}}))
    })
    .await;
    let settings = settings(&server.url, &["--embeddings-api-key", "hunter2"]);
    let error = HttpEmbedder::open(&settings).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    assert!(!error.report().contains("hunter2"), "{}", error.report());
    assert!(error.report().contains("AKIN_EMBEDDINGS_API_KEY"), "{}", error.report());
    assert!(!format!("{settings:?}").contains("hunter2"));
    let received = server.received();
    assert_eq!(received.len(), 1, "a refused key is not tried again");
    assert_eq!(received[0].authorization.as_deref(), Some("Bearer hunter2"));
}

#[tokio::test]
async fn a_server_that_names_no_model_needs_a_setting() {
    let server = FakeServer::start(|request, _| openai(request)).await;
    let error = HttpEmbedder::open(&settings(&server.url, &[])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    assert!(error.report().contains("AKIN_EMBEDDINGS_MODEL"), "{}", error.report());
}

#[tokio::test]
async fn a_tei_server_names_its_model_and_its_limit() {
    let server = FakeServer::start(|request, _| match &*request.path {
        "/info" => respond(
            200,
            &json!({"model_id": "BAAI/bge-small", "model_sha": "5c38ec7c405ec4b44b94cc5a9bb96e735b38267a",
                "model_dtype": "float16", "max_input_length": 128}),
        ),
        _ => respond(200, &json!(vec![[0.0, 1.0]; texts(request).len()])),
    })
    .await;
    let url = format!("{}/embed", server.url);
    let embedder = HttpEmbedder::open(&settings(&url, &[])).await.unwrap();
    assert_eq!(embedder.fingerprint().to_string(), "BAAI/bge-small@5c38ec7c/float16/2");
    assert_eq!(embedder.token_limit(), 128);
}

#[tokio::test]
async fn another_model_than_at_the_start_is_refused() {
    let server = FakeServer::start(|request, before| {
        let model = if before == 0 { "a@0/int8/2" } else { "b@0/int8/2" };
        let answer = openai(request);
        let (mut head, body) = answer.into_parts();
        head.headers.insert("x-akin-model", model.parse().unwrap());
        hyper::Response::from_parts(head, body)
    })
    .await;
    let embedder = HttpEmbedder::open(&settings(&server.url, &[])).await.unwrap();
    let error = embedder.embed(&strings(&["a"])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    assert!(error.report().contains("b@0/int8/2"), "{}", error.report());
}

#[tokio::test]
async fn texts_that_the_server_refuses_as_too_long_are_shortened_and_counted() {
    let server = FakeServer::start(|request, _| {
        if texts(request).iter().any(|text| text.len() > 40) {
            return respond(400, &json!({"error": {"message": "maximum context length"}}));
        }
        openai(request)
    })
    .await;
    let arguments = [&MODEL[..], &["--embeddings-max-tokens", "20"]].concat();
    let embedder = HttpEmbedder::open(&settings(&server.url, &arguments)).await.unwrap();
    let batch = embedder.embed(&strings(&["short", &"é".repeat(70), "short"])).await.unwrap();
    assert_eq!((batch.embeddings.len(), batch.truncated), (3, 1));
    assert_eq!(batch.embeddings[0], batch.embeddings[2]);
    // A text that no limit explains is refused.
    let server = FakeServer::start(|request, _| {
        let is_bad = texts(request).iter().any(|text| text == "bad");
        if is_bad { respond(400, &json!({"error": "no"})) } else { openai(request) }
    })
    .await;
    let embedder = HttpEmbedder::open(&settings(&server.url, &MODEL)).await.unwrap();
    assert_eq!(embedder.embed(&strings(&["bad"])).await.unwrap_err().kind, ErrorKind::Refused);
}

#[tokio::test]
async fn answers_that_cannot_be_true_are_corrupt() {
    let server = FakeServer::start(|request, before| match before {
        0 => openai(request),
        1 => respond(200, &json!({"data": []})),
        2 => respond(200, &json!({"data": [{"index": 0, "embedding": [1, 2, 3]}]})),
        _ => respond(302, &json!({})),
    })
    .await;
    let embedder = HttpEmbedder::open(&settings(&server.url, &MODEL)).await.unwrap();
    for kind in [ErrorKind::Corrupt, ErrorKind::Corrupt, ErrorKind::Misconfigured] {
        assert_eq!(embedder.embed(&strings(&["a"])).await.unwrap_err().kind, kind);
    }
}

#[tokio::test]
async fn a_slow_server_is_not_asked_twice() {
    // Accepts connections, and never answers.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let settings = settings(&url, &["--embeddings-timeout", "0.1"]);
    let error = HttpEmbedder::open(&settings).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.report().contains("AKIN_EMBEDDINGS_TIMEOUT"), "{}", error.report());
}
