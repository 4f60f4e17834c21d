//! Health, metrics, panics, and a server that stops.

use crate::support::{get, limits, metric, post_json, server, serving};
use akin_embeddings_http::{ConnectionLimits, serve};
use akin_entities::Fingerprint;
use akin_memory::MemoryEmbedder;
use akin_ports::{EmbeddedBatch, Embedder, PortResult};
use async_trait::async_trait;
use serde_json::json;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};

#[tokio::test]
async fn a_server_is_healthy() {
    let answer = get(&server().await, "/health").await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
}

#[tokio::test]
async fn requests_texts_and_tokens_are_counted() {
    let server = server().await;
    post_json(&server, "/embed", &json!({"inputs": ["a lamp", "x ".repeat(40)]}))
        .await
        .with_status(200);
    post_json(&server, "/embed", &json!({"inputs": []})).await.with_status(400);
    let answer = get(&server, "/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = String::from_utf8(answer.body).unwrap();
    for line in [
        "akin_embedding_requests_total{route=\"/embed\",status=\"200\"} 1\n",
        "akin_embedding_requests_total{route=\"/embed\",status=\"400\"} 1\n",
        "akin_embedding_request_duration_seconds_count 2\n",
        "akin_embedding_request_duration_seconds_bucket{le=\"+Inf\"} 2\n",
        "akin_embedding_texts_total 2\n",
        "akin_embedding_tokens_total 34\n",
        "akin_embedding_truncated_texts_total 1\n",
        "akin_embedding_waiting_tokens 0\n",
        "akin_embedding_memory_bytes 0\n",
        "akin_embedding_model_info{model=\"words@00000000/fp32/64\"} 1\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let is_typed = |line: &str| line.starts_with('#') || line.starts_with("akin_embedding_");
    assert!(text.lines().all(is_typed), "{text}");
}

/// An embedder that waits for permission to finish.
#[derive(Debug, Default)]
struct SlowEmbedder {
    inner: MemoryEmbedder,
    started: Notify,
    may_finish: Notify,
}

#[async_trait]
impl Embedder for SlowEmbedder {
    async fn embed(&self, texts: &[String]) -> PortResult<EmbeddedBatch> {
        if !texts.iter().any(|text| text.contains("warm up")) {
            self.started.notify_one();
            self.may_finish.notified().await;
        }
        self.inner.embed(texts).await
    }

    fn fingerprint(&self) -> &Fingerprint {
        self.inner.fingerprint()
    }

    fn token_limit(&self) -> usize {
        self.inner.token_limit()
    }
}

const REQUEST: &[u8] = b"POST /invocations HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
    content-length: 16\r\n\r\n{\"text\": \"lamp\"}";

async fn exchange(address: std::net::SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_server_that_stops_refuses_connections_and_answers_what_it_accepted() {
    let slow = Arc::new(SlowEmbedder::default());
    let router = serving(slow.clone(), limits()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, router, ConnectionLimits::default(), async {
        stopped.await.unwrap();
    }));
    let response = tokio::spawn(exchange(address));
    slow.started.notified().await;
    stop.send(()).unwrap();
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    slow.may_finish.notify_one();
    assert!(response.await.unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
    server.await.unwrap();
}

#[tokio::test]
async fn a_client_that_disconnects_frees_its_place_and_its_memory() {
    let slow = Arc::new(SlowEmbedder::default());
    let router = serving(slow.clone(), limits()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = std::future::pending();
    tokio::spawn(serve(listener, router.clone(), ConnectionLimits::default(), stop));
    let mut gone = TcpStream::connect(address).await.unwrap();
    gone.write_all(REQUEST).await.unwrap();
    slow.started.notified().await;
    assert!(metric(&router, "akin_embedding_memory_bytes").await > 0);
    drop(gone);
    while metric(&router, "akin_embedding_memory_bytes").await > 0 {
        tokio::task::yield_now().await;
    }
    slow.may_finish.notify_one();
}

#[tokio::test]
async fn a_model_that_cannot_embed_is_found_at_the_start() {
    let embedder = Arc::new(MemoryEmbedder::default().refusing("warm"));
    let tokenizer = Arc::new(MemoryEmbedder::default());
    let model = akin_embeddings_http::ServedModel { embedder, tokenizer };
    assert!(akin_embeddings_http::Server::start(model, limits()).await.is_err());
}
