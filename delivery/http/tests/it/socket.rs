//! The server on a real socket: connections and shutdown.

use crate::support::Shop;
use akin_http::ConnectionLimits;
use akin_memory::MemoryEmbedder;
use akin_ports::{EmbeddedBatch, Embedder, PortResult};
use async_trait::async_trait;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

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
        self.started.notify_one();
        self.may_finish.notified().await;
        self.inner.embed(texts).await
    }

    fn fingerprint(&self) -> &akin_entities::Fingerprint {
        self.inner.fingerprint()
    }

    fn token_limit(&self) -> usize {
        self.inner.token_limit()
    }
}

/// Serves `shop` until the returned sender is used.
async fn serve(shop: &Shop) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (shutdown, stopped) = oneshot::channel();
    let stopped = async move { stopped.await.unwrap() };
    let server = tokio::spawn(akin_http::serve(
        listener,
        shop.router(),
        ConnectionLimits::default(),
        stopped,
    ));
    (address, shutdown, server)
}

/// Sends `request` and reads until the server closes the connection.
async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

const SEARCH: &[u8] =
    b"GET /api/search?q=lamp HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_running_request_is_finished_before_the_server_stops() {
    let slow = Arc::new(SlowEmbedder::default());
    let shop = Shop::with_embedder(slow.clone()).await;
    let (address, shutdown, server) = serve(&shop).await;
    let response = tokio::spawn(exchange(address, SEARCH));
    slow.started.notified().await;
    shutdown.send(()).unwrap();
    // New connections are refused, now or soon.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!server.is_finished());
    slow.may_finish.notify_one();
    let answer = response.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    server.await.unwrap();
}

#[tokio::test]
async fn an_idle_connection_does_not_keep_the_server_from_stopping() {
    let shop = Shop::open().await;
    let (address, shutdown, server) = serve(&shop).await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /api/health_status HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert!(idle.read(&mut [0; 1024]).await.unwrap() > 0);
    shutdown.send(()).unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_client_that_disconnects_does_not_affect_others() {
    let slow = Arc::new(SlowEmbedder::default());
    let shop = Shop::with_embedder(slow.clone()).await;
    let (address, shutdown, server) = serve(&shop).await;
    let mut disconnected = TcpStream::connect(address).await.unwrap();
    disconnected.write_all(SEARCH).await.unwrap();
    slow.started.notified().await;
    drop(disconnected);
    let response = tokio::spawn(exchange(address, SEARCH));
    let permits = tokio::spawn(async move {
        loop {
            slow.may_finish.notify_one();
            tokio::task::yield_now().await;
        }
    });
    assert!(response.await.unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
    permits.abort();
    shutdown.send(()).unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn the_size_of_a_chunked_body_is_limited() {
    let shop = Shop::open().await;
    let (address, shutdown, server) = serve(&shop).await;
    let mut request = b"POST /api/search HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
        content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        .to_vec();
    for _ in 0..9 {
        request.extend_from_slice(b"2000\r\n");
        request.extend_from_slice(&[b' '; 0x2000]);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    let answer = exchange(address, &request).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("the body is larger than 65536 bytes"), "{answer}");
    shutdown.send(()).unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn bytes_that_are_not_http_close_only_their_connection() {
    let shop = Shop::open().await;
    let (address, shutdown, server) = serve(&shop).await;
    let answer = exchange(address, b"\x16\x03\x01 this is no request\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(exchange(address, SEARCH).await.starts_with("HTTP/1.1 200 OK\r\n"));
    shutdown.send(()).unwrap();
    server.await.unwrap();
}
