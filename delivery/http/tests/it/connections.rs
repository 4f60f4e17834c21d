//! Connections that take too long, or are too many.

use akin_http::ConnectionLimits;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use futures::stream;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::sleep;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Limits that a test does not reach unless it sets them lower.
const PATIENT: ConnectionLimits = ConnectionLimits {
    connections: 16,
    head: Duration::from_mins(10),
    idle: Duration::from_mins(10),
    write: Duration::from_mins(10),
    bytes_per_second: 1,
    grace: Duration::from_secs(10),
};

const SHORT: Duration = Duration::from_millis(100);

/// Serves `router` for as long as the test runs.
async fn serve(router: Router, limits: ConnectionLimits) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(akin_http::serve(listener, router, limits, std::future::pending()));
    address
}

fn greeting() -> Router {
    Router::new().route("/", get(async || "hello"))
}

/// Reads until the server closes the connection, in whatever way.
async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset is an end as well.
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8(answer).unwrap()
}

/// Sends a request on an open connection, and reads its response.
async fn exchange(stream: &mut TcpStream) -> std::io::Result<String> {
    stream.write_all(REQUEST).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"hello") {
        if stream.read_buf(&mut answer).await? == 0 {
            break;
        }
    }
    Ok(String::from_utf8(answer).unwrap())
}

#[tokio::test]
async fn a_connection_that_sends_nothing_or_half_a_head_is_closed() {
    let address = serve(greeting(), ConnectionLimits { head: SHORT, ..PATIENT }).await;
    for begun in [&b""[..], b"GET", &REQUEST[..REQUEST.len() - 2]] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(begun).await.unwrap();
        assert_eq!(read_to_end(&mut stream).await, "");
    }
}

#[tokio::test]
async fn a_head_that_arrives_byte_by_byte_is_closed() {
    let address = serve(greeting(), ConnectionLimits { head: SHORT, ..PATIENT }).await;
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let drip = tokio::spawn(async move {
        while writer.write_all(b"x").await.is_ok() {
            sleep(SHORT / 20).await;
        }
    });
    let mut answer = Vec::new();
    drop(reader.read_to_end(&mut answer).await);
    drip.await.unwrap();
    assert_eq!(answer, b"");
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_own_limit_and_not_after_that_of_the_head() {
    // Both are long enough for a busy machine to begin a request in time.
    let (head, idle) = (Duration::from_secs(2), Duration::from_secs(6));
    let address = serve(greeting(), ConnectionLimits { head, idle, ..PATIENT }).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert!(exchange(&mut stream).await.unwrap().starts_with("HTTP/1.1 200 OK"));
    sleep(head + SHORT).await;
    assert!(exchange(&mut stream).await.unwrap().starts_with("HTTP/1.1 200 OK"));
    assert_eq!(read_to_end(&mut stream).await, "");
}

#[tokio::test]
async fn half_a_head_after_a_complete_request_is_closed_after_the_limit_of_the_head() {
    // It is long enough for a busy machine to begin a request in time.
    let head = Duration::from_secs(2);
    let address = serve(greeting(), ConnectionLimits { head, ..PATIENT }).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    exchange(&mut stream).await.unwrap();
    stream.write_all(b"GET / HT").await.unwrap();
    assert_eq!(read_to_end(&mut stream).await, "");
}

#[tokio::test]
async fn half_a_head_in_one_packet_with_complete_requests_is_closed_after_the_limit_of_the_head() {
    let with_length = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\n{\n\n}\r\n";
    let chunked = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n\
                   2\r\n{}\r\n0\r\na: b\r\n\r\n";
    let plain = str::from_utf8(REQUEST).unwrap();
    let router = Router::new().route("/", get(async || "hello").post(async |_: Bytes| "hello"));
    let address = serve(router, ConnectionLimits { head: SHORT, ..PATIENT }).await;
    for requests in [plain.to_owned(), plain.repeat(2), with_length.to_owned(), chunked.to_owned()]
    {
        for half in ["GET / HTTP/1.1\r\nx: ", "\r\n\r\nG"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(format!("{requests}{half}").as_bytes()).await.unwrap();
            let answer = read_to_end(&mut stream).await;
            let expected = requests.matches("HTTP/1.1").count();
            assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), expected, "{requests}{half}");
        }
    }
}

#[tokio::test]
async fn a_connection_is_idle_after_a_request_with_a_body() {
    let router = Router::new().route("/", get(async || "hello").post(async |_: Bytes| "hello"));
    let limits = ConnectionLimits { head: SHORT, ..PATIENT };
    let address = serve(router, limits).await;
    for body in [
        &b"content-length: 4\r\n\r\n{\n\n}"[..],
        b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&[b"POST / HTTP/1.1\r\nhost: a\r\n", body].concat()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"hello") {
            assert!(stream.read_buf(&mut answer).await.unwrap() > 0);
        }
        sleep(SHORT * 3).await;
        assert!(exchange(&mut stream).await.unwrap().starts_with("HTTP/1.1 200 OK"));
    }
}

/// Tells when it is dropped.
struct Told(Option<oneshot::Sender<()>>);

impl Drop for Told {
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            sender.send(()).unwrap();
        }
    }
}

/// Serves a response without an end; the receiver tells when it was dropped.
async fn serve_endless(limits: ConnectionLimits) -> (SocketAddr, oneshot::Receiver<()>) {
    let (sender, dropped) = oneshot::channel();
    let told = Arc::new(Mutex::new(Some(Told(Some(sender)))));
    let endless = move || async move {
        let told = told.lock().unwrap().take();
        let chunks = stream::repeat_with(move || {
            let _held = &told;
            Ok::<_, Infallible>(Bytes::from(vec![0; 65_536]))
        });
        Body::from_stream(chunks)
    };
    let router = Router::new().route("/", get(endless));
    (serve(router, limits).await, dropped)
}

#[tokio::test]
async fn a_response_that_nobody_reads_is_dropped() {
    let limits = ConnectionLimits { write: SHORT, ..PATIENT };
    let (address, dropped) = serve_endless(limits).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    dropped.await.unwrap();
}

#[tokio::test]
async fn a_response_that_is_read_below_the_required_rate_is_dropped() {
    // The client reads ten times a second, always in time for another write.
    let write = Duration::from_secs(2);
    let limits = ConnectionLimits { write, bytes_per_second: 100_000_000, ..PATIENT };
    let (address, dropped) = serve_endless(limits).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    let mut part = vec![0; 2_000_000];
    let drip = async {
        while stream.read_exact(&mut part).await.is_ok() {
            sleep(SHORT).await;
        }
    };
    tokio::select! {
        ended = dropped => ended.unwrap(),
        () = drip => {}
    }
}

#[tokio::test]
async fn a_response_that_is_read_at_the_required_rate_is_delivered() {
    let whole = || async { vec![b'x'; 20_000_000] };
    let router = Router::new().route("/", get(whole));
    let limits =
        ConnectionLimits { write: Duration::from_secs(2), bytes_per_second: 1_000, ..PATIENT };
    let address = serve(router, limits).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    let (mut read, mut part) = (0, vec![0; 1_000_000]);
    loop {
        match stream.read(&mut part).await.unwrap() {
            0 => break,
            count => read += count,
        }
        sleep(SHORT).await;
    }
    assert!(read > 20_000_000, "{read}");
}

#[tokio::test]
async fn too_many_connections_are_answered_with_503_until_one_is_closed() {
    let address = serve(greeting(), ConnectionLimits { connections: 2, ..PATIENT }).await;
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert!(exchange(&mut stream).await.unwrap().starts_with("HTTP/1.1 200 OK"));
        open.push(stream);
    }
    let mut third = TcpStream::connect(address).await.unwrap();
    third.write_all(REQUEST).await.unwrap();
    let answer = read_to_end(&mut third).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("\r\nretry-after: 1\r\n"), "{answer}");
    assert!(answer.contains("TOO_MANY_CONNECTIONS"), "{answer}");
    assert!(exchange(&mut open[0]).await.unwrap().ends_with("hello"), "the others are served");
    open.pop();
    loop {
        let mut next = TcpStream::connect(address).await.unwrap();
        if exchange(&mut next).await.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 OK")) {
            break;
        }
    }
}
