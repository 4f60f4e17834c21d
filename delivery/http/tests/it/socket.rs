//! The server on a real socket: connections, and how it ends.

use crate::support::Shop;
use akin_memory::MemoryEmbedder;
use akin_ports::{EmbeddedBatch, Embedder, PortResult};
use async_trait::async_trait;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// An embedder that begins, and goes on when it is told to.
#[derive(Debug, Default)]
struct Slow {
    inner: MemoryEmbedder,
    has_begun: Notify,
    may_end: Notify,
}

#[async_trait]
impl Embedder for Slow {
    async fn embed(&self, texts: &[String]) -> PortResult<EmbeddedBatch> {
        self.has_begun.notify_one();
        self.may_end.notified().await;
        self.inner.embed(texts).await
    }

    fn fingerprint(&self) -> &akin_entities::Fingerprint {
        self.inner.fingerprint()
    }

    fn token_limit(&self) -> usize {
        self.inner.token_limit()
    }
}

/// Serves `shop` until the sender is used.
async fn serve(shop: &Shop) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (end, ended) = oneshot::channel();
    let ended = async move { ended.await.unwrap() };
    let server = tokio::spawn(akin_http::serve(listener, shop.router(), ended));
    (address, end, server)
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
async fn a_running_request_is_finished_before_the_server_ends() {
    let slow = Arc::new(Slow::default());
    let shop = Shop::with_embedder(slow.clone()).await;
    let (address, end, server) = serve(&shop).await;
    let asked = tokio::spawn(exchange(address, SEARCH));
    slow.has_begun.notified().await;
    end.send(()).unwrap();
    // Whoever comes now is too late: the door is closed, or closes in his face.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!server.is_finished());
    slow.may_end.notify_one();
    let answer = asked.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_idle_connection_does_not_keep_the_server_from_ending() {
    let shop = Shop::open().await;
    let (address, end, server) = serve(&shop).await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /api/health_status HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert!(idle.read(&mut [0; 1024]).await.unwrap() > 0);
    end.send(()).unwrap();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_that_goes_away_costs_the_others_nothing() {
    let slow = Arc::new(Slow::default());
    let shop = Shop::with_embedder(slow.clone()).await;
    let (address, end, server) = serve(&shop).await;
    let mut gone = TcpStream::connect(address).await.unwrap();
    gone.write_all(SEARCH).await.unwrap();
    slow.has_begun.notified().await;
    drop(gone);
    let asked = tokio::spawn(exchange(address, SEARCH));
    let permits = tokio::spawn(async move {
        loop {
            slow.may_end.notify_one();
            tokio::task::yield_now().await;
        }
    });
    assert!(asked.await.unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
    permits.abort();
    end.send(()).unwrap();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_body_in_chunks_is_bounded_too() {
    let shop = Shop::open().await;
    let (address, end, server) = serve(&shop).await;
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
    end.send(()).unwrap();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_is_no_http_ends_its_connection_and_nothing_else() {
    let shop = Shop::open().await;
    let (address, end, server) = serve(&shop).await;
    let answer = exchange(address, b"\x16\x03\x01 this is no request\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(exchange(address, SEARCH).await.starts_with("HTTP/1.1 200 OK\r\n"));
    end.send(()).unwrap();
    server.await.unwrap().unwrap();
}
