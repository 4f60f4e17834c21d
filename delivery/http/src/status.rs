use crate::Api;
use crate::error::{ApiError, Envelope};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;

/// What there is to find.
#[derive(Debug, Serialize)]
pub(crate) struct StatusView {
    engine: String,
    products: u64,
    indexed: u64,
    waiting: u64,
    quarantined: u64,
    model: Option<String>,
}

/// `GET /api/health_status`: the process answers.
pub(crate) async fn health() -> Json<Envelope<()>> {
    Json(Envelope { message: "Health status OK", data: None, error: None })
}

/// `GET /api/status`: what there is to find, and what is still to be done.
pub(crate) async fn get(State(api): State<Arc<Api>>) -> Result<Json<StatusView>, ApiError> {
    let engine = &api.engines.first;
    let status = engine.status.run().await?;
    Ok(Json(StatusView {
        engine: engine.name.clone(),
        products: status.store.products,
        indexed: status.indexed,
        waiting: status.store.outbox,
        quarantined: status.store.quarantined,
        model: status.fingerprint.map(|fingerprint| fingerprint.to_string()),
    }))
}
