//! The search API and its page, for whatever serves them.
//!
//! A handler reads a request, runs one use case and writes its answer; it decides nothing. The
//! routes `/api/similar_products` and `/api/health_status` keep a wire format that clients of long
//! standing rely on. Whatever goes wrong is answered in one envelope.
//!
//! A server stops when its signal is done and the requests under way are answered:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let signal = async {};
//! akin_http::serve(listener, axum::Router::new(), signal).await?;
//! # Ok(())
//! # }
//! ```

mod body;
mod compare;
mod engines;
mod error;
mod filters;
mod metrics;
mod page;
mod products;
mod search;
mod serve;
mod similar_products;
mod status;

pub use engines::{Engine, Engines};
pub use serve::serve;

use akin_entities::Similarity;
use akin_usecases::CatalogueStatus;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::HandlerWithoutStateExt;
use axum::middleware;
use axum::routing::{get, post};
use std::path::PathBuf;
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::services::ServeDir;

/// What the routes run.
#[derive(Clone, Debug)]
pub struct Api {
    /// What finds products.
    pub engines: Engines,
    /// Says what the catalogue of all of them holds.
    pub status: CatalogueStatus,
    /// What the compatible route assumes of a request that leaves it open.
    pub defaults: Defaults,
    /// The folder of pictures that a catalogue names by relative paths, served under `/images`.
    pub images: Option<PathBuf>,
}

/// What the compatible route assumes of a request that leaves it open.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    /// How many products.
    pub limit: usize,
    /// The least cosine.
    pub threshold: Similarity,
}

/// The largest body of a request, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// Every route.
pub fn router(api: Api) -> Router {
    let images = api.images.clone();
    let api = Arc::new(api);
    let mut router = Router::new()
        .route("/api/similar_products", post(similar_products::post))
        .route("/api/health_status", get(status::health))
        .route("/api/search", get(search::get).post(search::post))
        .route("/api/products/{id}", get(products::get))
        .route("/api/products/{id}/similar", get(products::similar))
        .route("/api/status", get(status::get))
        .route("/api/engines", get(engines::get))
        .route("/api/compare", post(compare::post))
        .merge(metrics::router(Arc::clone(&api)))
        .merge(page::router())
        .fallback(error::no_such_route)
        .method_not_allowed_fallback(error::no_such_method)
        .with_state(api);
    if let Some(images) = images {
        let images = ServeDir::new(images).append_index_html_on_directories(false);
        let images = images.call_fallback_on_method_not_allowed(true);
        router =
            router.nest_service("/images", images.fallback(error::no_such_picture.into_service()));
    }
    router
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(serve::within_time))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(serve::RequestIds)
}
