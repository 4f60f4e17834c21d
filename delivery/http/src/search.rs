use crate::body::Fields;
use crate::error::ApiError;
use crate::filters::Filters;
use crate::{Api, serve};
use akin_entities::{Query, SearchMode, Similarity};
use akin_usecases::{Facet, Paging, SearchRequest, Sort};
use akin_views::SearchView;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

/// The largest page.
const MAX_PAGE_SIZE: usize = 100;

/// What a client asks. A field that does not exist is a mistake, and is said to be one.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Request {
    query: String,
    mode: Option<String>,
    engine: Option<String>,
    page: Option<usize>,
    page_size: Option<usize>,
    threshold: Option<f32>,
    filters: Filters,
    facets: Vec<String>,
    sort: Option<String>,
}

/// `POST /api/search`.
pub(crate) async fn post(
    State(api): State<Arc<Api>>,
    Fields(request): Fields<Request>,
) -> Result<impl IntoResponse, ApiError> {
    run(&api, request).await
}

/// `GET /api/search?q=..`: the same, for links.
pub(crate) async fn get(
    State(api): State<Arc<Api>>,
    RawQuery(parameters): RawQuery,
) -> Result<impl IntoResponse, ApiError> {
    run(&api, Request::from_parameters(&parameters.unwrap_or_default())?).await
}

async fn run(api: &Api, request: Request) -> Result<impl IntoResponse + use<>, ApiError> {
    let engine = api.engines.named(request.engine.as_deref())?;
    let request = request.into_search()?;
    let answer = engine.search.run(&request).await?;
    let timing = serve::server_timing(&answer.timings);
    let model = engine.search.embeddings.fingerprint();
    Ok((timing, Json(SearchView::new(&engine.name, model, &request, answer))))
}

impl Request {
    /// Reads the parameters of a link: those of the body, with `q` for the query and the filters
    /// spelled out (`brand` may be repeated, `price_min`, `price_max`).
    fn from_parameters(parameters: &str) -> Result<Self, ApiError> {
        let mut request = Self::default();
        for (name, value) in form_urlencoded::parse(parameters.as_bytes()) {
            let value = value.into_owned();
            let filters = &mut request.filters;
            match &*name {
                "q" | "query" => request.query = value,
                "mode" => request.mode = Some(value),
                "engine" => request.engine = Some(value),
                "sort" => request.sort = Some(value),
                "facets" => request.facets.extend(value.split(',').map(str::to_owned)),
                "main_category" => filters.main_category.push(value),
                "sub_category" => filters.sub_category.push(value),
                "brand" => filters.brand.push(value),
                "page" => request.page = Some(number("page", &value)?),
                "page_size" => request.page_size = Some(number("page_size", &value)?),
                "threshold" => request.threshold = Some(number("threshold", &value)?),
                "price_min" => filters.price.min = Some(number("price_min", &value)?),
                "price_max" => filters.price.max = Some(number("price_max", &value)?),
                "min_rating" => filters.min_rating = Some(number("min_rating", &value)?),
                "discounted" => filters.discounted = Some(number("discounted", &value)?),
                _ => return Err(ApiError::invalid(format!("there is no parameter {name:?}"))),
            }
        }
        Ok(request)
    }

    /// What it asks of an engine.
    pub(crate) fn into_search(self) -> Result<SearchRequest, ApiError> {
        let query =
            Query::new(&self.query).map_err(|error| ApiError::invalid(error.to_string()))?;
        let mode = self.mode.map(|mode| one_of("mode", &mode, SearchMode::parse)).transpose()?;
        let sort = self.sort.map(|sort| one_of("sort", &sort, Sort::parse)).transpose()?;
        let facets = self.facets.iter().map(|facet| one_of("facets", facet, Facet::parse));
        let (page, size) = (self.page.unwrap_or(1), self.page_size.unwrap_or(24));
        if page == 0 {
            return Err(ApiError::invalid("page is counted from 1"));
        }
        if !(1..=MAX_PAGE_SIZE).contains(&size) {
            return Err(ApiError::invalid(format!("page_size must be 1 to {MAX_PAGE_SIZE}")));
        }
        let threshold = self.threshold.map(|threshold| {
            Similarity::new(threshold).ok_or_else(|| ApiError::invalid("threshold must be -1 to 1"))
        });
        Ok(SearchRequest {
            mode: mode.unwrap_or_default(),
            facets: facets.collect::<Result<BTreeSet<_>, _>>()?.into_iter().collect(),
            filter: self.filters.try_into()?,
            threshold: threshold.transpose()?,
            paging: Paging { page, size },
            sort: sort.unwrap_or_default(),
            ..SearchRequest::new(query)
        })
    }
}

fn one_of<T>(field: &str, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, ApiError> {
    parse(name).ok_or_else(|| ApiError::invalid(format!("{field} cannot be {name:?}")))
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, ApiError> {
    value.parse().map_err(|_| ApiError::invalid(format!("{name} cannot be {value:?}")))
}
