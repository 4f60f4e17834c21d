use crate::Api;
use crate::error::{ApiError, Envelope, Nothing};
use crate::openapi::Failures;
use akin_usecases::IndexStatus;
use akin_views::{Audience, LAST_RUNS, StatusView, format_rfc3339};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The response of `/api/status`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Status)]
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RelevanceRules)]
struct RelevanceView {
    loaded: String,
    synonyms: usize,
    rules: usize,
    /// True if the file has changed since, and is faulty.
    faulty: bool,
}

/// Report that the process is running; no engine is asked.
#[utoipa::path(
    get, path = "/api/health_status", tag = "compatible", operation_id = "health_status",
    responses((status = 200, description = "The process is running.", body = Envelope<Nothing>))
)]
pub(crate) async fn health() -> Json<Envelope<Nothing>> {
    Json(Envelope { message: "Health status OK", data: None, error: None })
}

/// Report the state of the catalogue, the queue and the last runs.
#[utoipa::path(
    get, path = "/api/status", tag = "operation", operation_id = "status",
    responses((status = 200, description = "The state.", body = ServerView), Failures)
)]
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
