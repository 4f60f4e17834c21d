use crate::Api;
use crate::error::{ApiError, Envelope};
use akin_usecases::IndexStatus;
use akin_views::{Audience, LAST_RUNS, StatusView, format_rfc3339};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;

/// The response of `/api/status`.
#[derive(Debug, Serialize)]
pub(crate) struct ServerView {
    /// The name of the default engine, whose index and model are reported.
    engine: String,
    #[serde(flatten)]
    status: StatusView,
    /// The relevance rules, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    relevance: Option<RelevanceView>,
}

/// The relevance rules in force.
#[derive(Debug, Serialize)]
struct RelevanceView {
    loaded: String,
    synonyms: usize,
    rules: usize,
    /// True if the file has changed since, and is faulty.
    faulty: bool,
}

/// `GET /api/health_status`: reports that the process is running.
pub(crate) async fn health() -> Json<Envelope<()>> {
    Json(Envelope { message: "Health status OK", data: None, error: None })
}

/// `GET /api/status`: reports the state of the catalogue, the queue and the last runs.
pub(crate) async fn get(State(api): State<Arc<Api>>) -> Result<Json<ServerView>, ApiError> {
    let engine = &api.engines.default;
    let index = IndexStatus::of(&*engine.search.index).await?;
    let status = api.status.run(LAST_RUNS).await?;
    let status = StatusView::new(status, &index, Audience::Public);
    let relevance = engine.search.relevance.report().map(|report| RelevanceView {
        loaded: format_rfc3339(report.loaded),
        synonyms: report.synonyms,
        rules: report.rules,
        faulty: report.problem.is_some(),
    });
    Ok(Json(ServerView { engine: engine.name.clone(), status, relevance }))
}
