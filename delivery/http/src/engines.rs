use crate::Api;
use crate::error::ApiError;
use crate::openapi::Failures;
use akin_entities::Fingerprint;
use akin_usecases::{SearchProducts, SimilarProducts, Suggest};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A named pair of an index and an embedder.
#[derive(Clone, Debug)]
pub struct ServedEngine {
    /// The name as in settings: `local+native`.
    pub name: String,
    /// Searches products.
    pub search: SearchProducts,
    /// Finds products similar to a given one.
    pub similar: SimilarProducts,
    /// Suggests what a shopper may be typing.
    pub suggest: Suggest,
}

/// The engines of a server.
#[derive(Clone, Debug)]
pub struct Engines {
    /// The engine of requests that name none.
    pub default: ServedEngine,
    /// The other engines.
    pub others: Vec<ServedEngine>,
}

/// The response of `/api/engines`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Engines)]
pub(crate) struct EnginesView {
    engines: Vec<EngineView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Engine)]
struct EngineView {
    name: String,
    default: bool,
    /// The fingerprint of the model that embeds queries.
    model: String,
    dimension: usize,
    /// True if its index is reachable.
    available: bool,
    /// The number of products in its index; `null` if the index is not reachable.
    #[schema(required)]
    products: Option<u64>,
}

/// List the engines and their state, the default first.
#[utoipa::path(
    get, path = "/api/engines", tag = "engines", operation_id = "engines",
    responses((status = 200, description = "The engines.", body = EnginesView), Failures)
)]
pub(crate) async fn get(State(api): State<Arc<Api>>) -> Json<EnginesView> {
    let mut engines = Vec::new();
    for (position, engine) in api.engines.iter().enumerate() {
        let count = engine.search.index.count().await;
        if let Err(error) = &count {
            tracing::warn!(
                engine = engine.name,
                error = error.report(),
                "the index of an engine is not reachable"
            );
        }
        let Fingerprint { dimension, .. } = *engine.search.embeddings.fingerprint();
        engines.push(EngineView {
            name: engine.name.clone(),
            default: position == 0,
            model: engine.search.embeddings.fingerprint().to_string(),
            dimension,
            available: count.is_ok(),
            products: count.ok(),
        });
    }
    Json(EnginesView { engines })
}

impl Engines {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &ServedEngine> {
        std::iter::once(&self.default).chain(&self.others)
    }

    /// Returns the engine called `name`, or the only engine whose index is called `name`; the default
    /// engine without a name.
    pub(crate) fn find(&self, name: Option<&str>) -> Result<&ServedEngine, ApiError> {
        let Some(name) = name else { return Ok(&self.default) };
        if let Some(engine) = self.iter().find(|engine| engine.name == name) {
            return Ok(engine);
        }
        let has_index = |engine: &&ServedEngine| engine.name.split('+').next() == Some(name);
        let mut candidates = self.iter().filter(has_index);
        if let (Some(engine), None) = (candidates.next(), candidates.next()) {
            return Ok(engine);
        }
        let message = format!("there is no engine {name:?}; the engines are {}", self.names());
        Err(ApiError::invalid(message))
    }

    /// Returns the names of all engines, for a message.
    pub(crate) fn names(&self) -> String {
        let names: Vec<_> = self.iter().map(|engine| engine.name.as_str()).collect();
        names.join(", ")
    }
}
