use crate::error::ApiError;
use akin_usecases::Timings;
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tower::{Layer, Service};
use tracing::Instrument;

/// How long requests under way may go on once the server was asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// What a browser may do with an answer that is no page: a picture of a shop may hold scripts.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
);

/// Names a request in the log and in its answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that a client may give its request.
const MAX_REQUEST_ID: usize = 64;

/// Answers on `listener` until `stop` is done, then finishes the requests under way.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let stop = async move {
        stop.await;
        if stopping.send(()).is_err() {
            tracing::debug!("the server had already ended");
        }
    };
    // The last part of an answer must not wait until the client has acknowledged the others.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let server = axum::serve(listener, router).with_graceful_shutdown(stop).into_future();
    let out_of_patience = async move {
        if stopped.await.is_ok() {
            tokio::time::sleep(GRACE).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        ended = server => ended,
        () = out_of_patience => {
            tracing::warn!("requests were still under way after {} s", GRACE.as_secs());
            Ok(())
        }
    }
}

/// The header that says where the time of a search went, in milliseconds.
pub(crate) fn server_timing(timings: &Timings) -> [(HeaderName, HeaderValue); 1] {
    let parts = [
        ("embed", timings.embed),
        ("candidates", timings.candidates),
        ("rank", timings.rank),
        ("fetch", timings.fetch),
    ];
    let parts = parts.map(|(name, spent)| format!("{name};dur={:.3}", spent.as_secs_f64() * 1e3));
    let value = HeaderValue::from_str(&parts.join(", ")).unwrap_or(HeaderValue::from_static(""));
    [(HeaderName::from_static("server-timing"), value)]
}

/// Answers in bounded time.
pub(crate) async fn within_time(request: Request, next: Next) -> Response {
    let response = tokio::time::timeout(TIMEOUT, next.run(request)).await;
    response.unwrap_or_else(|_| {
        tracing::warn!("no answer within {} s", TIMEOUT.as_secs());
        ApiError::timed_out().into_response()
    })
}

/// Gives every request an id, unless the client did, and logs one line for it.
#[derive(Clone, Debug)]
pub(crate) struct RequestIds;

/// The service that [`RequestIds`] makes of another.
#[derive(Clone, Debug)]
pub(crate) struct WithRequestId<S>(S);

impl<S> Layer<S> for RequestIds {
    type Service = WithRequestId<S>;

    fn layer(&self, inner: S) -> WithRequestId<S> {
        WithRequestId(inner)
    }
}

impl<S> Service<Request> for WithRequestId<S>
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
        // Of the highest level, so that an error carries the id whatever is logged.
        let span = tracing::error_span!("request", id = id.to_str().unwrap_or_default());
        let answer = self.0.call(request);
        let began = Instant::now();
        let work = async move {
            let mut response = answer.await?;
            let ms = began.elapsed().as_secs_f64() * 1e3;
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
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    !id.is_empty() && id.len() <= MAX_REQUEST_ID && id.as_bytes().iter().all(plain)
}

/// An id that no other request of this process has.
fn next_id() -> HeaderValue {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let text = format!("{:08x}-{number:08x}", std::process::id());
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("unnamed"))
}
