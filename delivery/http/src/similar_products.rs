//! The compatible route: its wire format is what clients of long standing rely on.

use crate::body::Fields;
use crate::error::{ApiError, Envelope};
use crate::{Api, serve};
use akin_entities::{Price, Query, Rating, SearchMode, Similarity, Timestamp};
use akin_usecases::{Hit, Paging, SearchRequest};
use akin_views::{MAX_LIMIT, format_timestamp};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::SystemTime;

/// What a client asks: unknown fields are passed over, as they always were.
#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    query: String,
    limit: Option<i64>,
    threshold: Option<f32>,
}

#[derive(Debug, Serialize)]
struct Data {
    similar_products: Vec<SimilarProduct>,
    query: String,
    created_date: String,
    modified_date: String,
}

#[derive(Debug, Serialize)]
struct SimilarProduct {
    product_id: String,
    name: String,
    main_category: String,
    sub_category: String,
    image_url: String,
    ratings: Option<f64>,
    discount_price: Option<f64>,
    actual_price: Option<f64>,
    modified_date: String,
    created_date: String,
    score: f32,
}

/// `POST /api/similar_products`: semantic search.
pub(crate) async fn post(
    State(api): State<Arc<Api>>,
    Fields(request): Fields<Request>,
) -> Result<impl IntoResponse, ApiError> {
    let query = request.query.clone();
    let answer = api.engines.first.search.run(&request.into_search(&api)?).await?;
    let now = format_timestamp(now());
    let data = Data {
        similar_products: answer.hits.into_iter().map(SimilarProduct::from).collect(),
        query,
        created_date: now.clone(),
        modified_date: now,
    };
    let message = "Query Similar Products successful";
    let body = Envelope { message, data: Some(data), error: None };
    Ok((StatusCode::CREATED, serve::server_timing(&answer.timings), Json(body)))
}

/// Reads the clock.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

impl Request {
    fn into_search(self, api: &Api) -> Result<SearchRequest, ApiError> {
        let query = Query::new(&self.query).map_err(|e| ApiError::invalid(e.to_string()))?;
        let limit = match self.limit {
            None => api.defaults.limit,
            Some(limit) => usize::try_from(limit)
                .ok()
                .filter(|limit| (1..=MAX_LIMIT).contains(limit))
                .ok_or_else(|| ApiError::invalid(format!("limit must be 1 to {MAX_LIMIT}")))?,
        };
        let threshold = match self.threshold {
            None => api.defaults.threshold,
            Some(threshold) => Similarity::new(threshold)
                .ok_or_else(|| ApiError::invalid("threshold must be -1 to 1"))?,
        };
        Ok(SearchRequest {
            mode: SearchMode::Semantic,
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
            score: hit.score,
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
