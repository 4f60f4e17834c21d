use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tower::{Layer, Service};
use tracing::Instrument;

/// The content security policy of responses that set none: an SVG image may contain scripts.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
);

/// The header with the id of a request, which the log contains too.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The maximum length of an id that a client chooses, in bytes.
const MAX_REQUEST_ID: usize = 64;

/// Middleware that gives every request an id, unless the client chose one, and logs one line for
/// each request.
#[derive(Clone, Debug)]
pub struct RequestIds;

/// The service of [`RequestIds`].
#[derive(Clone, Debug)]
pub struct RequestIdService<S>(S);

impl<S> Layer<S> for RequestIds {
    type Service = RequestIdService<S>;

    fn layer(&self, inner: S) -> RequestIdService<S> {
        RequestIdService(inner)
    }
}

impl<S> Service<Request> for RequestIdService<S>
where
    S: Service<Request, Response = Response>,
    S::Future: Send + 'static,
    S::Error: Send,
{
    type Response = Response;
    type Error = S::Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let id = request.headers().get(&REQUEST_ID).filter(|id| is_id(id)).cloned();
        let id = id.unwrap_or_else(next_id);
        let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
        let route = route.unwrap_or_else(|| request.uri().path().to_owned());
        let method = request.method().clone();
        // At error level, so that errors carry the id at every log level.
        let span = tracing::error_span!("request", id = id.to_str().unwrap_or_default());
        let response = self.0.call(request);
        let began = Instant::now();
        let work = async move {
            let mut response = response.await?;
            let ms = milliseconds(began.elapsed());
            let status = response.status().as_u16();
            tracing::info!(%method, route, status, ms, "answered");
            let headers = response.headers_mut();
            headers.insert(REQUEST_ID, id);
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(POLICY);
            Ok(response)
        };
        Box::pin(work.instrument(span))
    }
}

/// Returns a duration in milliseconds, rounded to microseconds.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn is_id(id: &HeaderValue) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    !id.is_empty() && id.len() <= MAX_REQUEST_ID && id.as_bytes().iter().all(is_allowed)
}

/// Returns an id that is unique in this process.
fn next_id() -> HeaderValue {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let text = format!("{:08x}-{number:08x}", std::process::id());
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("unnamed"))
}
