use akin_embedding_api::Settings;
use clap::Parser;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    settings: Settings,
}

/// Returns the settings of an embedder with this address.
pub(crate) fn settings(url: &str, arguments: &[&str]) -> Settings {
    provide_cryptography();
    Command::parse_from([&["akin", "--embeddings-url", url], arguments].concat()).settings
}

/// A deployment installs it once; tests of a process share it.
fn provide_cryptography() {
    // Another test may have installed it.
    drop(tokio_rustls::rustls::crypto::ring::default_provider().install_default());
}

/// Returns the address of `akin serve-embeddings`.
pub(crate) fn real_server() -> String {
    std::env::var("AKIN_TEST_EMBEDDINGS").expect("AKIN_TEST_EMBEDDINGS: run `make test`")
}

/// A request that a [`FakeServer`] received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Value,
}

/// An answer of a [`FakeServer`].
pub(crate) type Answer = Response<Full<Bytes>>;

/// A server that answers as a function says, given the request and the number of those before.
pub(crate) struct FakeServer {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl FakeServer {
    pub(crate) async fn start(
        answer: impl Fn(&Received, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let (all, answer) = (Arc::clone(&received), Arc::new(answer));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (all, answer) = (Arc::clone(&all), Arc::clone(&answer));
                let service = service_fn(move |request: Request<Incoming>| {
                    let (all, answer) = (Arc::clone(&all), Arc::clone(&answer));
                    async move {
                        let request = receive(request).await;
                        let before = {
                            let mut all = all.lock().unwrap();
                            all.push(request.clone());
                            all.len() - 1
                        };
                        Ok::<_, Infallible>(answer(&request, before))
                    }
                });
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                // A client may end its connection at any time.
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Self { url, received }
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

async fn receive(request: Request<Incoming>) -> Received {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let authorization = head.headers.get("authorization");
    Received {
        path: head.uri.path().to_owned(),
        authorization: authorization.map(|value| value.to_str().unwrap().to_owned()),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    }
}

/// Returns the texts of a request.
pub(crate) fn texts(request: &Received) -> Vec<String> {
    let inputs = if request.body["input"].is_null() { "inputs" } else { "input" };
    serde_json::from_value(request.body[inputs].clone()).unwrap()
}

/// Returns an answer in OpenAI's format: the embedding of a text is (1, its length).
pub(crate) fn openai(request: &Received) -> Answer {
    let items: Vec<_> = texts(request)
        .iter()
        .enumerate()
        .map(|(index, text)| json!({"index": index, "embedding": [1.0, text.len()]}))
        .collect();
    respond(200, &json!({"data": items}))
}

pub(crate) fn respond(status: u16, body: &Value) -> Answer {
    respond_with(status, &[], body)
}

pub(crate) fn respond_with(status: u16, headers: &[(&str, &str)], body: &Value) -> Answer {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Full::from(body.to_string())).unwrap()
}
