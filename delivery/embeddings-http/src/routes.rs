use crate::error::{ApiError, Format, Problem};
use crate::{ConnectionLimits, Server, invocations, metrics, openai, tei};
use akin_http_server::RequestIds;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use std::any::Any;
use std::sync::Arc;
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;

/// Builds the router with all routes.
pub fn router(server: Server) -> Router {
    let server = Arc::new(server);
    let openai = Router::new()
        .route("/v1/embeddings", post(openai::embeddings))
        .route("/v1/models", get(openai::models))
        .route("/v1/models/{*model}", get(openai::model))
        .method_not_allowed_fallback(|| async { no_method(Format::OpenAi) });
    let tei = Router::new()
        .route("/", post(tei::embed))
        .route("/embed", post(tei::embed))
        .route("/tokenize", post(tei::tokenize))
        .route("/info", get(tei::info))
        .route("/health", get(|| async { StatusCode::OK }))
        .route("/metrics", get(metrics::scrape))
        .route("/ping", get(invocations::ping))
        .route("/invocations", post(invocations::invoke))
        // The path of SageMaker's API, for its clients without AWS.
        .route("/endpoints/{endpoint}/invocations", post(invocations::invoke))
        .method_not_allowed_fallback(|| async { no_method(Format::Tei) });
    guarded(openai, &server, Format::OpenAi)
        .merge(guarded(tei, &server, Format::Tei))
        .fallback(no_route)
        .layer(middleware::from_fn_with_state(Arc::clone(&server), metrics::observe))
        .layer(RequestIds)
        .with_state(server)
}

/// Serves requests on `listener` until `stop` completes, then finishes the running requests.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()> + Send,
) {
    let refusal = ApiError::overloaded("too many connections are open").respond(Format::Tei);
    // The body is short and in memory.
    let refusal = to_bytes(refusal.into_body(), usize::MAX).await.unwrap_or_default();
    akin_http_server::serve(listener, router, limits, &refusal, stop).await;
}

/// Bounds the time of the routes, and answers for those that panic.
fn guarded(
    routes: Router<Arc<Server>>,
    server: &Arc<Server>,
    format: Format,
) -> Router<Arc<Server>> {
    let server = Arc::clone(server);
    let limit_time = move |State(server): State<Arc<Server>>, request: Request, next: Next| async move {
        let limit = server.limits.time;
        let answered = tokio::time::timeout(limit, next.run(request)).await;
        answered.unwrap_or_else(|_| {
            tracing::warn!("a request timed out after {} s", limit.as_secs());
            let message = "the request timed out; try again later";
            ApiError::new(Problem::TimedOut, message).respond(format)
        })
    };
    routes.layer(middleware::from_fn_with_state(server, limit_time)).layer(CatchPanicLayer::custom(
        move |panic: Box<dyn Any + Send>| {
            let mut response = ApiError::panicked(&*panic).respond(format);
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
            response
        },
    ))
}

async fn no_route(request: Request) -> Response {
    let is_openai = request.uri().path().starts_with("/v1/");
    let format = if is_openai { Format::OpenAi } else { Format::Tei };
    ApiError::new(Problem::NoRoute, "no such route").respond(format)
}

fn no_method(format: Format) -> Response {
    let message = "the route does not support this method; see the Allow header";
    ApiError::new(Problem::NoMethod, message).respond(format)
}
