use crate::Api;
use crate::error::ApiError;
use akin_entities::ProductId;
use akin_views::{MAX_LIMIT, ProductView, SimilarView};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use std::sync::Arc;

/// How many similar products an answer holds unless told otherwise.
const DEFAULT_LIMIT: usize = 10;

/// `GET /api/products/{id}`.
pub(crate) async fn get(
    State(api): State<Arc<Api>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<ProductView>, ApiError> {
    let id = product_id(id)?;
    let found = api.engines.first.search.store.fetch(std::slice::from_ref(&id)).await?.remove(&id);
    found.map(|record| Json(record.into())).ok_or_else(|| unknown(&id))
}

/// `GET /api/products/{id}/similar?limit=..&engine=..`.
pub(crate) async fn similar(
    State(api): State<Arc<Api>>,
    id: Result<Path<String>, PathRejection>,
    RawQuery(parameters): RawQuery,
) -> Result<Json<SimilarView>, ApiError> {
    let id = product_id(id)?;
    let (limit, engine) = limit_and_engine(&parameters.unwrap_or_default())?;
    let engine = api.engines.named(engine.as_deref())?;
    let hits = engine.similar.run(&id, limit).await?.ok_or_else(|| unknown(&id))?;
    Ok(Json(SimilarView::new(&id, hits)))
}

fn limit_and_engine(parameters: &str) -> Result<(usize, Option<String>), ApiError> {
    let (mut limit, mut engine) = (DEFAULT_LIMIT, None);
    for (name, value) in form_urlencoded::parse(parameters.as_bytes()) {
        if name == "engine" {
            engine = Some(value.into_owned());
            continue;
        }
        let given = (name == "limit").then(|| value.parse().ok()).flatten();
        let given = given.filter(|limit| (1..=MAX_LIMIT).contains(limit));
        limit = given.ok_or_else(|| {
            let known = format!("the parameters are limit, 1 to {MAX_LIMIT}, and engine");
            ApiError::invalid(known)
        })?;
    }
    Ok((limit, engine))
}

fn product_id(id: Result<Path<String>, PathRejection>) -> Result<ProductId, ApiError> {
    let Path(id) = id.map_err(|error| ApiError::invalid(error.body_text()))?;
    ProductId::new(id).map_err(|error| ApiError::invalid(error.to_string()))
}

fn unknown(id: &ProductId) -> ApiError {
    ApiError::not_found(format!("no product {:?}", id.as_str()))
}
