use akin_embeddings_http::{BatchLimits, RequestLimits, ServedModel, Server, router};
use akin_memory::MemoryEmbedder;
use akin_ports::{Embedder, Tokenizer};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;

/// The number of coordinates of the double's embeddings.
pub(crate) const DIMENSION: usize = 64;

/// The fingerprint of the double.
pub(crate) const MODEL: &str = "words@00000000/fp32/64";

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}")).to_str().unwrap()
    }

    /// Returns the document of a response with this status.
    pub(crate) fn with_status(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }
}

pub(crate) fn limits() -> RequestLimits {
    RequestLimits {
        body_bytes: 100_000,
        texts: 100,
        memory_bytes: 16 * 1024 * 1024,
        time: Duration::from_mins(1),
        batches: BatchLimits {
            tokens: NonZeroUsize::new(64).unwrap(),
            parallel: NonZeroUsize::new(2).unwrap(),
            waiting_tokens: NonZeroUsize::new(10_000).unwrap(),
        },
    }
}

/// Returns a server of the double.
pub(crate) async fn server() -> Router {
    serving(Arc::new(MemoryEmbedder::default()), limits()).await
}

/// Returns a server of this embedder, which counts tokens as the double does.
pub(crate) async fn serving(embedder: Arc<dyn Embedder>, limits: RequestLimits) -> Router {
    let tokenizer: Arc<dyn Tokenizer> = Arc::new(MemoryEmbedder::default());
    router(Server::start(ServedModel { embedder, tokenizer }, limits).await.unwrap())
}

/// Posts `body` without a Content-Type.
pub(crate) async fn post(router: &Router, path: &str, body: impl Into<Body>) -> Answer {
    send(router, Request::post(path).body(body.into()).unwrap()).await
}

/// Posts a JSON document.
pub(crate) async fn post_json(router: &Router, path: &str, body: &Value) -> Answer {
    post(router, path, body.to_string()).await
}

pub(crate) async fn get(router: &Router, path: &str) -> Answer {
    send(router, Request::get(path).body(Body::empty()).unwrap()).await
}

/// Returns the value of a metric without labels.
pub(crate) async fn metric(router: &Router, name: &str) -> usize {
    let text = String::from_utf8(get(router, "/metrics").await.body).unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no {name}: {text}")).parse().unwrap()
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer { status: head.status, headers: head.headers, body }
}

/// Returns the embedding that the double gives a text.
pub(crate) async fn embedding(text: &str) -> Vec<f32> {
    let embedder: &dyn Embedder = &MemoryEmbedder::default();
    embedder.embed_one(text).await.unwrap().as_slice().to_vec()
}

/// Reads an embedding of a document.
pub(crate) fn vector(value: &Value) -> Vec<f32> {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"))
}
