//! What is too large is refused, and what is too much waits with the client.

use crate::support::{limits, metric, post, post_json, send, server, serving};
use akin_embeddings_http::{BatchLimits, RequestLimits};
use akin_entities::Fingerprint;
use akin_memory::MemoryEmbedder;
use akin_ports::{EmbeddedBatch, Embedder, PortResult, TokenizedText, Tokenizer};
use async_trait::async_trait;
use axum::body::{Body, Bytes};
use axum::http::Request;
use futures::stream;
use serde_json::{Value, json};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

/// An embedder that never answers, except at the start.
#[derive(Debug, Default)]
struct StuckEmbedder(MemoryEmbedder);

#[async_trait]
impl Embedder for StuckEmbedder {
    async fn embed(&self, texts: &[String]) -> PortResult<EmbeddedBatch> {
        if !texts.iter().any(|text| text.contains("warm up")) {
            std::future::pending::<()>().await;
        }
        self.0.embed(texts).await
    }

    fn fingerprint(&self) -> &Fingerprint {
        self.0.fingerprint()
    }

    fn token_limit(&self) -> usize {
        self.0.token_limit()
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_whether_its_length_is_known_or_not() {
    let server = server().await;
    let text = |bytes: usize| format!("{{\"inputs\": \"{}\"}}", "x".repeat(bytes - 14));
    assert_eq!(post(&server, "/embed", text(100_000)).await.status, 200);
    let error = post(&server, "/embed", text(100_001)).await.with_status(413);
    assert!(error["error"].as_str().unwrap().contains("100000 bytes"), "{error}");
    let parts = vec![Bytes::from(vec![b' '; 1_000]); 101];
    let parts = stream::iter(parts.into_iter().map(Ok::<_, std::io::Error>));
    let error = post(&server, "/v1/embeddings", Body::from_stream(parts)).await.with_status(413);
    assert_eq!(error["error"]["type"], "invalid_request_error");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_bad_request() {
    let parts = [Ok(Bytes::from("{")), Err(std::io::Error::other("gone"))];
    let body = Body::from_stream(stream::iter(parts));
    assert_eq!(
        post(&server().await, "/embed", body).await.with_status(400)["error"],
        "the body broke off"
    );
}

#[tokio::test]
async fn requests_are_refused_while_too_many_tokens_wait() {
    let batches = BatchLimits {
        tokens: NonZeroUsize::new(8).unwrap(),
        parallel: NonZeroUsize::MIN,
        waiting_tokens: NonZeroUsize::new(16).unwrap(),
    };
    let server =
        serving(Arc::new(StuckEmbedder::default()), RequestLimits { batches, ..limits() }).await;
    // The first eight tokens are embedded forever, and the others wait.
    let (stuck, text) = (server.clone(), "a b c d e f g h");
    let body = json!({"inputs": [text, text, text]});
    let waiting = tokio::spawn(async move { post_json(&stuck, "/embed", &body).await });
    let lamp = json!({"inputs": "lamp"});
    let refused = loop {
        let answer =
            tokio::time::timeout(Duration::from_millis(50), post_json(&server, "/embed", &lamp));
        if let Ok(answer) = answer.await {
            break answer;
        }
    };
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.with_status(429)["error_type"], "Overloaded");
    let refused = post_json(&server, "/v1/embeddings", &json!({"input": "lamp"})).await;
    assert_eq!(refused.header("retry-after"), "1");
    let error = refused.with_status(429);
    assert_eq!(error["error"]["code"], "rate_limit_exceeded");
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    // Its place is free again, so that this one waits.
    let waits = post_json(&server, "/embed", &lamp);
    assert!(tokio::time::timeout(Duration::from_millis(50), waits).await.is_err());
}

#[tokio::test]
async fn requests_are_refused_while_others_take_the_memory() {
    let limits = RequestLimits { memory_bytes: 64 * 1024, ..limits() };
    let server = serving(Arc::new(StuckEmbedder::default()), limits).await;
    let stuck = server.clone();
    let body = json!({"inputs": "x".repeat(30_000)});
    let waiting = tokio::spawn(async move { post_json(&stuck, "/embed", &body).await });
    while metric(&server, "akin_embedding_memory_bytes").await == 0 {
        tokio::task::yield_now().await;
    }
    let large = json!({"inputs": "x".repeat(20_000)});
    let refused = post_json(&server, "/embed", &large).await;
    assert_eq!(refused.header("retry-after"), "1");
    assert!(refused.with_status(429)["error"].as_str().unwrap().contains("memory"));
    waiting.abort();
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_ended() {
    let limits = RequestLimits { time: Duration::from_millis(20), ..limits() };
    let server = serving(Arc::new(StuckEmbedder::default()), limits).await;
    let slow = post_json(&server, "/embed", &json!({"inputs": "lamp"})).await;
    assert_eq!(slow.header("retry-after"), "1");
    assert_eq!(slow.with_status(503)["error_type"], "Unhealthy");
    let never: Body = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    let request = Request::post("/v1/embeddings").body(never).unwrap();
    assert_eq!(send(&server, request).await.with_status(503)["error"]["type"], "server_error");
}

/// A tokenizer with a bug.
#[derive(Debug)]
struct PanickingTokenizer;

impl Tokenizer for PanickingTokenizer {
    fn tokenize(&self, text: &str) -> TokenizedText {
        panic!("cannot tokenize {text}")
    }

    fn token(&self, _: u32) -> Option<String> {
        None
    }
}

#[tokio::test]
async fn a_panic_is_the_failure_of_one_request() {
    let (embedder, tokenizer) = (Arc::new(MemoryEmbedder::default()), Arc::new(PanickingTokenizer));
    let model = akin_embeddings_http::ServedModel { embedder, tokenizer };
    let server = akin_embeddings_http::Server::start(model, limits()).await.unwrap();
    let server = akin_embeddings_http::router(server);
    for text in ["secret".to_owned(), "secret ".repeat(10_000)] {
        let error: Value =
            post_json(&server, "/embed", &json!({"inputs": text})).await.with_status(500);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert_eq!(post_json(&server, "/embed", &json!({"inputs": []})).await.status, 400);
}
