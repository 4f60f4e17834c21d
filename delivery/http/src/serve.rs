use crate::error::ApiError;
use akin_http_server::ConnectionLimits;
use akin_usecases::Timings;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;

/// The maximum duration of a request.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Serves requests on `listener` until `stop` completes, then finishes the running requests.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()> + Send,
) {
    let response = ApiError::too_many_connections().into_response();
    // Reading fails only if the body breaks off or is too long; this one is short and in memory.
    let refusal = to_bytes(response.into_body(), crate::MAX_BODY).await.unwrap_or_default();
    akin_http_server::serve(listener, router, limits, &refusal, stop).await;
}

/// Returns the `Server-Timing` header of a search: the duration of each step in milliseconds.
pub(crate) fn server_timing(timings: &Timings) -> [(HeaderName, HeaderValue); 1] {
    let parts = [
        ("embed", timings.embed),
        ("candidates", timings.candidates),
        ("rank", timings.rank),
        ("matches", timings.matches),
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
