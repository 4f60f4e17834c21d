use crate::Api;
use crate::error::{ApiError, Envelope};
use akin_usecases::IndexStatus;
use akin_views::{LAST_RUNS, Reader, StatusView};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;

/// What `/api/status` answers.
#[derive(Debug, Serialize)]
pub(crate) struct ServerView {
    /// The first one: it has what is indexed, and the model.
    engine: String,
    #[serde(flatten)]
    status: StatusView,
}

/// `GET /api/health_status`: the process answers.
pub(crate) async fn health() -> Json<Envelope<()>> {
    Json(Envelope { message: "Health status OK", data: None, error: None })
}

/// `GET /api/status`: what there is to find, what is still to be done, what was done last.
pub(crate) async fn get(State(api): State<Arc<Api>>) -> Result<Json<ServerView>, ApiError> {
    let engine = &api.engines.first;
    let index = IndexStatus::of(&*engine.search.index).await?;
    let status = api.status.run(LAST_RUNS).await?;
    let status = StatusView::new(status, &index, Reader::Anybody);
    Ok(Json(ServerView { engine: engine.name.clone(), status }))
}
