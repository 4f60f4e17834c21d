use akin_ports::PortResult;
use akin_sagemaker::{SageMakerEmbedder, Settings};
use clap::Parser;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    settings: Settings,
}

/// The name of every endpoint in these tests.
const ENDPOINT: &str = "akin-minilm";

/// Opens the embedder of an API at `url`.
pub(crate) async fn open(url: &str) -> PortResult<SageMakerEmbedder> {
    open_with(url, &[]).await
}

pub(crate) async fn open_with(url: &str, arguments: &[&str]) -> PortResult<SageMakerEmbedder> {
    let line = [&["akin", "--sagemaker-endpoint", ENDPOINT], arguments].concat();
    let settings = Command::parse_from(line).settings;
    let aws = aws_client::Settings { max_attempts: 2, ..aws_client::Settings::default() };
    let config = aws.load_emulator(url).await;
    SageMakerEmbedder::open(&settings, &config, Duration::from_secs(5)).await
}

/// Returns the host and port of `akin serve-embeddings`.
pub(crate) fn real_server() -> String {
    let url = std::env::var("AKIN_TEST_EMBEDDINGS").expect("AKIN_TEST_EMBEDDINGS: run `make test`");
    url.strip_prefix("http://").unwrap().to_owned()
}

/// The response of an API.
pub(crate) type Answer = Response<Full<Bytes>>;

/// `SageMaker`'s API at a free port. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) url: String,
    task: JoinHandle<()>,
}

impl Drop for Api {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Api {
    /// Starts an API that answers invocations as a function says, given the body and the number of those
    /// before.
    pub(crate) async fn start<F: Future<Output = Answer> + Send>(
        answer: impl Fn(Value, usize) -> F + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (answer, count) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (answer, count) = (Arc::clone(&answer), Arc::clone(&count));
                let service = service_fn(move |request: Request<Incoming>| {
                    let (answer, count) = (Arc::clone(&answer), Arc::clone(&count));
                    async move {
                        let body = receive(request).await;
                        let before = count.fetch_add(1, Ordering::Relaxed);
                        Ok::<_, Infallible>(answer(body, before).await)
                    }
                });
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                // A client may end its connection at any time.
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Self { url, task }
    }
}

/// Returns the body of a signed invocation.
async fn receive(request: Request<Incoming>) -> Value {
    let (head, body) = request.into_parts();
    assert_eq!(head.method, Method::POST);
    assert_eq!(head.uri.path(), format!("/endpoints/{ENDPOINT}/invocations"));
    let signature = head.headers["authorization"].to_str().unwrap();
    assert!(signature.starts_with("AWS4-HMAC-SHA256 "), "{signature}");
    serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap()
}

pub(crate) fn respond(status: u16, body: &Value) -> Answer {
    Response::builder().status(status).body(Full::from(body.to_string())).unwrap()
}

/// Returns an error of the API.
pub(crate) fn api_error(status: u16, code: &str, body: &Value) -> Answer {
    let response = Response::builder().status(status).header("x-amzn-errortype", code);
    response.body(Full::from(body.to_string())).unwrap()
}

/// Returns the error of a container, as the API passes it on.
pub(crate) fn model_error(status: u16, message: &str) -> Answer {
    let body = json!({"Message": "Received an error from the model", "OriginalStatusCode": status,
        "OriginalMessage": message, "LogStreamArn": "arn:aws:logs:::endpoint"});
    api_error(424, "ModelError", &body)
}

/// The forms of requests that a [`Mapping`] lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forms {
    All,
    InputsOnly,
    TextOnly,
}

/// `SageMaker`'s API in front of a real container.
#[derive(Debug)]
pub(crate) struct Mapping {
    pub(crate) url: String,
    _api: Api,
}

impl Mapping {
    pub(crate) async fn start(container: String, forms: Forms) -> Self {
        let api = Api::start(move |body, _| invoke(container.clone(), forms, body)).await;
        Self { url: api.url.clone(), _api: api }
    }
}

/// Passes an invocation on to the container.
async fn invoke(container: String, forms: Forms, body: Value) -> Answer {
    let field = match forms {
        Forms::All => None,
        Forms::InputsOnly => Some("inputs"),
        Forms::TextOnly => Some("text"),
    };
    if field.is_some_and(|field| body.get(field).is_none()) {
        return model_error(500, "KeyError");
    }
    let stream = TcpStream::connect(&container).await.unwrap();
    let io = TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(async move { drop(connection.await) });
    let request = Request::post("/invocations").header("host", &container);
    let request = request.body(Full::<Bytes>::from(body.to_string())).unwrap();
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    if !head.status.is_success() {
        return model_error(head.status.as_u16(), &String::from_utf8_lossy(&body));
    }
    let document: Value = serde_json::from_slice(&body).unwrap();
    respond(200, &document)
}
