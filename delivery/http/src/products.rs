use crate::error::ApiError;
use crate::product::{HitView, ProductView};
use crate::{Api, MAX_LIMIT};
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use entities::ProductId;
use serde::Serialize;
use std::sync::Arc;

/// What is most like a product.
#[derive(Debug, Serialize)]
pub(crate) struct Similar {
    product_id: String,
    hits: Vec<HitView>,
}

/// How many similar products an answer holds unless told otherwise.
const DEFAULT_LIMIT: usize = 10;

/// `GET /api/products/{id}`.
pub(crate) async fn get(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
) -> Result<Json<ProductView>, ApiError> {
    let id = product_id(id)?;
    let found = api.search.store.fetch(std::slice::from_ref(&id)).await?.remove(&id);
    found.map(|record| Json(record.into())).ok_or_else(|| unknown(&id))
}

/// `GET /api/products/{id}/similar?limit=..`.
pub(crate) async fn similar(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    RawQuery(parameters): RawQuery,
) -> Result<Json<Similar>, ApiError> {
    let id = product_id(id)?;
    let limit = limit(&parameters.unwrap_or_default())?;
    let hits = api.similar.run(&id, limit).await?.ok_or_else(|| unknown(&id))?;
    let hits = hits.into_iter().map(HitView::from).collect();
    Ok(Json(Similar { product_id: id.to_string(), hits }))
}

fn limit(parameters: &str) -> Result<usize, ApiError> {
    let mut limit = DEFAULT_LIMIT;
    for (name, value) in form_urlencoded::parse(parameters.as_bytes()) {
        let given = (name == "limit").then(|| value.parse().ok()).flatten();
        let given = given.filter(|limit| (1..=MAX_LIMIT).contains(limit));
        limit = given.ok_or_else(|| {
            ApiError::invalid(format!("the only parameter is limit, 1 to {MAX_LIMIT}"))
        })?;
    }
    Ok(limit)
}

fn product_id(id: String) -> Result<ProductId, ApiError> {
    ProductId::new(id).map_err(|error| ApiError::invalid(error.to_string()))
}

fn unknown(id: &ProductId) -> ApiError {
    ApiError::not_found(format!("no product {:?}", id.as_str()))
}
