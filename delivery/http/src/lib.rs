//! The search API and the search page.
//!
//! A handler reads a request, runs one use case and writes its result; it makes no decisions. The
//! routes `/api/similar_products` and `/api/health_status` keep the wire format of existing clients.
//! All other errors are problem details by RFC 9457.
//!
//! A server stops when its signal completes and the running requests are answered:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use akin_http::ConnectionLimits;
//!
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let signal = async {};
//! akin_http::serve(listener, axum::Router::new(), ConnectionLimits::default(), signal).await;
//! # Ok(())
//! # }
//! ```

mod body;
mod budget;
mod compare;
mod engines;
mod error;
mod filters;
mod images;
mod metrics;
mod openapi;
mod origins;
mod page;
mod products;
mod search;
mod serve;
mod similar_products;
mod status;
mod suggest;

pub use akin_http_server::ConnectionLimits;
pub use budget::AnswerBudget;
pub use engines::{Engines, ServedEngine};
pub use origins::Origin;
pub use serve::serve;

use akin_entities::Similarity;
use akin_http_server::RequestIds;
use akin_usecases::CatalogueStatus;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::get;
use std::path::PathBuf;
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;

/// The use cases and settings behind the routes.
#[derive(Clone, Debug)]
pub struct Api {
    /// The engines that search products.
    pub engines: Engines,
    /// Reports the state of the catalogue that the engines share.
    pub status: CatalogueStatus,
    /// The defaults of `/api/similar_products`.
    pub defaults: SimilarProductsDefaults,
    /// The memory that answers with products may take.
    pub answers: AnswerBudget,
    /// The folder of the images that the catalogue refers to by relative paths, served at `/images`.
    pub images: Option<PathBuf>,
    /// The origins whose pages may use the API from a browser, besides its own.
    pub origins: Vec<Origin>,
}

/// The values of `/api/similar_products` for the fields that a request omits.
#[derive(Clone, Copy, Debug)]
pub struct SimilarProductsDefaults {
    /// The number of products.
    pub limit: usize,
    /// The minimum cosine.
    pub threshold: Similarity,
}

/// The maximum size of a request body, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// Builds the router with all routes.
pub fn router(api: Api) -> Router {
    let images = match &api.images {
        Some(folder) => {
            let get = get(images::get).with_state(Arc::from(folder.as_path()));
            Router::new().route("/images/{*path}", get)
        }
        None => Router::new(),
    };
    let origins = origins::layer(&api.origins);
    let api = Arc::new(api);
    let router = Router::new()
        .merge(openapi::router(&api))
        .merge(page::router())
        .merge(images)
        .fallback(error::no_such_route)
        .method_not_allowed_fallback(error::no_such_method)
        .with_state(api)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(serve::limit_time))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(middleware::from_fn(error::in_envelope))
        .layer(RequestIds);
    match origins {
        Some(origins) => router.layer(origins),
        None => router,
    }
}
