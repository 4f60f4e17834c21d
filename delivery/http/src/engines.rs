use crate::Api;
use crate::error::ApiError;
use akin_entities::Fingerprint;
use akin_usecases::{SearchProducts, SimilarProducts};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;

/// An index and an embedder, with a name.
#[derive(Clone, Debug)]
pub struct Engine {
    /// As settings give it: `local+native`.
    pub name: String,
    /// Finds products.
    pub search: SearchProducts,
    /// Finds products like one.
    pub similar: SimilarProducts,
}

/// The engines of a server.
#[derive(Clone, Debug)]
pub struct Engines {
    /// Answers who names none.
    pub first: Engine,
    /// Answer who names them.
    pub others: Vec<Engine>,
}

/// What `/api/engines` answers.
#[derive(Debug, Serialize)]
pub(crate) struct EnginesView {
    engines: Vec<EngineView>,
}

#[derive(Debug, Serialize)]
struct EngineView {
    name: String,
    default: bool,
    /// What reads the queries.
    model: String,
    dimension: usize,
    /// Whether its index answers.
    available: bool,
    /// How many products it finds; `null` if its index does not answer.
    products: Option<u64>,
}

/// `GET /api/engines`: which engines serve, and whether they can.
pub(crate) async fn get(State(api): State<Arc<Api>>) -> Json<EnginesView> {
    let mut engines = Vec::new();
    for (place, engine) in api.engines.iter().enumerate() {
        let count = engine.search.index.count().await;
        if let Err(error) = &count {
            tracing::warn!(engine = engine.name, error = error.report(), "an index fails");
        }
        let Fingerprint { dimension, .. } = *engine.search.embeddings.fingerprint();
        engines.push(EngineView {
            name: engine.name.clone(),
            default: place == 0,
            model: engine.search.embeddings.fingerprint().to_string(),
            dimension,
            available: count.is_ok(),
            products: count.ok(),
        });
    }
    Json(EnginesView { engines })
}

impl Engines {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Engine> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The engine of that name, or the one whose index has it, if there is only one; the first for
    /// whoever names none.
    pub(crate) fn named(&self, name: Option<&str>) -> Result<&Engine, ApiError> {
        let Some(name) = name else { return Ok(&self.first) };
        if let Some(engine) = self.iter().find(|engine| engine.name == name) {
            return Ok(engine);
        }
        let index = |engine: &&Engine| engine.name.split('+').next() == Some(name);
        let mut of_index = self.iter().filter(index);
        if let (Some(engine), None) = (of_index.next(), of_index.next()) {
            return Ok(engine);
        }
        let names: Vec<_> = self.iter().map(|engine| engine.name.as_str()).collect();
        let message = format!("no engine {name:?} serves here, only {}", names.join(", "));
        Err(ApiError::invalid(message))
    }
}
