use crate::connections::{ConnectionLimits, Connections};
use crate::error::ApiError;
use akin_usecases::Timings;
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tower::{Layer, Service};
use tracing::Instrument;

/// The time that running requests have to finish once the server was asked to stop.
const GRACE_PERIOD: Duration = Duration::from_secs(10);

/// The maximum duration of a request.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The content security policy of responses other than the page: an SVG image may contain scripts.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
);

/// The header with the id of a request, which the log contains too.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The maximum length of an id that a client chooses, in bytes.
const MAX_REQUEST_ID: usize = 64;

/// The pause after a connection could not be accepted, for example because too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves requests on `listener` until `stop` completes, then finishes the running requests.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()> + Send,
) {
    let connections = Connections::new(router, limits).await;
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            stream = accept(&listener) => connections.open(stream),
        }
    }
    drop(listener);
    if timeout(GRACE_PERIOD, connections.close()).await.is_err() {
        let seconds = GRACE_PERIOD.as_secs();
        tracing::warn!("some requests did not finish within {seconds} s and were dropped");
    }
}

/// Accepts the next connection, however long that takes.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // The client was gone before its connection was accepted.
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted at the moment");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Returns the `Server-Timing` header of a search: the duration of each step in milliseconds.
pub(crate) fn server_timing(timings: &Timings) -> [(HeaderName, HeaderValue); 1] {
    let parts = [
        ("embed", timings.embed),
        ("candidates", timings.candidates),
        ("rank", timings.rank),
        ("fetch", timings.fetch),
    ];
    let parts =
        parts.map(|(name, duration)| format!("{name};dur={:.3}", duration.as_secs_f64() * 1e3));
    let value = HeaderValue::from_str(&parts.join(", ")).unwrap_or(HeaderValue::from_static(""));
    [(HeaderName::from_static("server-timing"), value)]
}

/// Middleware that limits the duration of a request to [`TIMEOUT`].
pub(crate) async fn limit_time(request: Request, next: Next) -> Response {
    let response = timeout(TIMEOUT, next.run(request)).await;
    response.unwrap_or_else(|_| {
        tracing::warn!("a request timed out after {} s", TIMEOUT.as_secs());
        ApiError::timed_out().into_response()
    })
}

/// Middleware that gives every request an id, unless the client chose one, and logs one line for
/// each request.
#[derive(Clone, Debug)]
pub(crate) struct RequestIds;

/// The service of [`RequestIds`].
#[derive(Clone, Debug)]
pub(crate) struct RequestIdService<S>(S);

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
            let ms = akin_views::milliseconds(began.elapsed());
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
