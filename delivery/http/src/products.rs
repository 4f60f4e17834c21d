use crate::Api;
use crate::error::ApiError;
use crate::openapi::{Absent, EngineName, Failures};
use akin_entities::ProductId;
use akin_views::{MAX_LIMIT, ProductView, SimilarView};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use std::sync::Arc;

/// The default number of similar products.
const DEFAULT_LIMIT: usize = 10;

/// Return a product.
#[utoipa::path(
    get, path = "/api/products/{id}", tag = "products", operation_id = "product",
    params(("id" = String, Path, description = "The id of the product.", max_length = 256)),
    responses((status = 200, description = "The product.", body = ProductView), Absent, Failures)
)]
pub(crate) async fn get(
    State(api): State<Arc<Api>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let id = product_id(id)?;
    let _held = api.answers.products(1).await?;
    let mut records = api.engines.default.search.store.fetch(std::slice::from_ref(&id)).await?;
    let record = records.remove(&id).ok_or_else(|| no_such_product(&id))?;
    api.answers.json(&ProductView::from(record))
}

/// Return the products most similar to one, without the product itself.
#[utoipa::path(
    get, path = "/api/products/{id}/similar", tag = "products", operation_id = "similar_to_product",
    params(
        ("id" = String, Path, description = "The id of the product.", max_length = 256),
        ("limit" = Option<usize>, Query, description = "10 by default.", minimum = 1, maximum = 1000),
        ("engine" = Option<EngineName>, Query),
    ),
    responses((status = 200, description = "The nearest in meaning first.", body = SimilarView), Absent, Failures)
)]
pub(crate) async fn similar(
    State(api): State<Arc<Api>>,
    id: Result<Path<String>, PathRejection>,
    RawQuery(parameters): RawQuery,
) -> Result<Response, ApiError> {
    let id = product_id(id)?;
    let (limit, engine) = limit_and_engine(&parameters.unwrap_or_default())?;
    let engine = api.engines.find(engine.as_deref())?;
    let found = engine.similar.find(&id, limit).await?.ok_or_else(|| no_such_product(&id))?;
    let _held = api.answers.products(found.len()).await?;
    let hits = engine.similar.fetch(found).await?;
    api.answers.json(&SimilarView::new(&id, hits))
}

fn limit_and_engine(parameters: &str) -> Result<(usize, Option<String>), ApiError> {
    let (mut limit, mut engine) = (DEFAULT_LIMIT, None);
    for (name, value) in form_urlencoded::parse(parameters.as_bytes()) {
        if name == "engine" {
            engine = Some(value.into_owned());
            continue;
        }
        if name != "limit" {
            let message =
                format!("there is no parameter {name:?}; the parameters are limit, engine");
            return Err(ApiError::invalid(message));
        }
        let parsed = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
        limit = parsed.ok_or_else(|| {
            let message =
                format!("limit must be a whole number from 1 to {MAX_LIMIT}, not {value:?}");
            ApiError::invalid(message)
        })?;
    }
    Ok((limit, engine))
}

fn product_id(id: Result<Path<String>, PathRejection>) -> Result<ProductId, ApiError> {
    let Path(id) =
        id.map_err(|_| ApiError::invalid("the product id in the path is not valid UTF-8"))?;
    ProductId::new(id).map_err(|error| ApiError::invalid(error.to_string()))
}

fn no_such_product(id: &ProductId) -> ApiError {
    ApiError::not_found(format!("there is no product {:?}", id.as_str()))
}
