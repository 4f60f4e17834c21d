//! A test server that forwards requests to the real one, answers them itself, or misbehaves.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The handling of a request.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// Forward it to the real server.
    Forward,
    /// Answer it with this status and body.
    Answer(u16, String),
    /// Close the connection before the real server receives it.
    Drop,
    /// Close the connection after the real server has executed it.
    DropAnswer,
    /// Wait this long, then forward it.
    Sleep(Duration),
}

type Judge = Arc<dyn Fn(&Parts, &Bytes) -> Verdict + Send + Sync>;

/// Starts the server and returns its address. It ends with the test's runtime.
pub(crate) async fn start(
    upstream: &str,
    tls: Option<TlsAcceptor>,
    judge: impl Fn(&Parts, &Bytes) -> Verdict + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let upstream = upstream.trim_start_matches("http://").to_owned();
    let judge: Judge = Arc::new(judge);
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { return };
            let (upstream, judge, tls) = (upstream.clone(), Arc::clone(&judge), tls.clone());
            tokio::spawn(async move {
                match tls {
                    None => serve(stream, upstream, judge).await,
                    // A client that refuses the certificate is gone: nothing is left to serve.
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            serve(stream, upstream, judge).await;
                        }
                    }
                }
            });
        }
    });
    address
}

/// Starts a server that answers all requests itself.
pub(crate) async fn answering(
    answer: impl Fn(&Parts) -> (u16, String) + Send + Sync + 'static,
) -> String {
    let judge = move |parts: &Parts, _: &Bytes| {
        let (status, body) = answer(parts);
        Verdict::Answer(status, body)
    };
    format!("http://{}", start("", None, judge).await)
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    upstream: String,
    judge: Judge,
) {
    let service = service_fn(move |request| answer(request, upstream.clone(), Arc::clone(&judge)));
    // An error comes from a verdict, or from a client that disconnected.
    let _ended = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    upstream: String,
    judge: Judge,
) -> Result<Response<Full<Bytes>>, String> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    match judge(&parts, &body) {
        Verdict::Forward => forward(parts, body, &upstream).await,
        Verdict::Answer(status, body) => Response::builder()
            .status(status)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body))
            .map_err(|error| error.to_string()),
        Verdict::Drop => Err("dropped".to_owned()),
        Verdict::DropAnswer => {
            forward(parts, body, &upstream).await?;
            Err("dropped".to_owned())
        }
        Verdict::Sleep(duration) => {
            tokio::time::sleep(duration).await;
            forward(parts, body, &upstream).await
        }
    }
}

async fn forward(
    parts: Parts,
    body: Bytes,
    upstream: &str,
) -> Result<Response<Full<Bytes>>, String> {
    let error = |error: &dyn std::error::Error| error.to_string();
    let stream = TcpStream::connect(upstream).await.map_err(|e| error(&e))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| error(&e))?;
    tokio::spawn(connection);
    let request = Request::from_parts(parts, Full::new(body));
    let answer = sender.send_request(request).await.map_err(|e| error(&e))?;
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.map_err(|e| error(&e))?.to_bytes();
    Ok(Response::from_parts(parts, Full::new(body)))
}
