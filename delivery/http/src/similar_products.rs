//! The compatible route, which keeps the wire format of existing clients.

use crate::body::JsonObject;
use crate::error::{ApiError, Envelope, Nothing};
use crate::{Api, serve};
use akin_entities::{Price, Query, Rating, SearchMode, Similarity, Timestamp};
use akin_usecases::{Hit, Paging, Scope, SearchRequest};
use akin_views::{MAX_LIMIT, format_timestamp};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::SystemTime;
use utoipa::ToSchema;

/// The fields of a request. Unknown fields are ignored, as existing clients expect.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SimilarProductsRequest)]
pub(crate) struct SimilarProductsFields {
    #[schema(min_length = 1, max_length = 4000)]
    query: String,
    #[schema(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    #[schema(minimum = -1, maximum = 1)]
    threshold: Option<f32>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SimilarProductsData)]
pub(crate) struct Data {
    similar_products: Vec<SimilarProduct>,
    query: String,
    created_date: String,
    modified_date: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct SimilarProduct {
    product_id: String,
    name: String,
    main_category: String,
    sub_category: String,
    image_url: String,
    #[schema(required)]
    ratings: Option<f64>,
    #[schema(required)]
    discount_price: Option<f64>,
    #[schema(required)]
    actual_price: Option<f64>,
    modified_date: String,
    created_date: String,
    score: f32,
}

/// Search by meaning, in the format of existing clients.
#[utoipa::path(
    post, path = "/api/similar_products", tag = "compatible", operation_id = "similar_products",
    request_body = SimilarProductsFields,
    responses(
        (status = 201, description = "The most similar products.", body = Envelope<Data>),
        (status = 400, description = "The request is invalid.", body = Envelope<Nothing>),
        (status = 413, description = "The body is too large.", body = Envelope<Nothing>),
        (status = 415, description = "The body is encoded.", body = Envelope<Nothing>),
        (status = 500, description = "The server could not answer.", body = Envelope<Nothing>),
        (status = 503, description = "Try again later.", body = Envelope<Nothing>),
    )
)]
pub(crate) async fn post(
    State(api): State<Arc<Api>>,
    JsonObject(fields): JsonObject<SimilarProductsFields>,
) -> Result<impl IntoResponse, ApiError> {
    let query = fields.query.clone();
    let search = &api.engines.default.search;
    let found = search.find(&fields.into_request(&api)?).await?;
    let _held = api.answers.products(found.count()).await?;
    let answer = search.fetch(found).await?;
    let now = format_timestamp(now());
    let data = Data {
        similar_products: answer.hits.into_iter().map(SimilarProduct::from).collect(),
        query,
        created_date: now.clone(),
        modified_date: now,
    };
    let message = "Query Similar Products successful";
    let body = Envelope { message, data: Some(data), error: None };
    let timing = serve::server_timing(&answer.timings);
    Ok((StatusCode::CREATED, timing, api.answers.json(&body)?))
}

/// Returns the current time.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

impl SimilarProductsFields {
    fn into_request(self, api: &Api) -> Result<SearchRequest, ApiError> {
        let query =
            Query::new(&self.query).map_err(|error| ApiError::invalid(error.to_string()))?;
        let limit = match self.limit {
            None => api.defaults.limit,
            Some(limit) => usize::try_from(limit)
                .ok()
                .filter(|limit| (1..=MAX_LIMIT).contains(limit))
                .ok_or_else(|| {
                    ApiError::invalid(format!("limit must be a whole number from 1 to {MAX_LIMIT}"))
                })?,
        };
        let threshold = match self.threshold {
            None => api.defaults.threshold,
            Some(threshold) => Similarity::new(threshold)
                .ok_or_else(|| ApiError::invalid("threshold must be a number from -1 to 1"))?,
        };
        Ok(SearchRequest {
            mode: SearchMode::Semantic,
            scope: Scope::Candidates,
            threshold: Some(threshold),
            paging: Paging { page: 1, size: limit },
            depth: limit,
            ..SearchRequest::new(query)
        })
    }
}

impl From<Hit> for SimilarProduct {
    fn from(hit: Hit) -> Self {
        let product = hit.record.product;
        Self {
            score: hit.score.unwrap_or_default(),
            ratings: product.rating.map(Rating::stars),
            discount_price: product.discount_price.map(Price::amount),
            actual_price: product.actual_price.map(Price::amount),
            product_id: product.id.to_string(),
            name: product.name,
            main_category: product.main_category,
            sub_category: product.sub_category,
            image_url: product.image_url,
            modified_date: format_timestamp(hit.record.version.timestamp()),
            created_date: format_timestamp(hit.record.created),
        }
    }
}
