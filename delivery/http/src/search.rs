use crate::body::{self, JsonObject, expected};
use crate::error::ApiError;
use crate::filters::Filters;
use crate::openapi::{BodyFailures, Failures, schemas};
use crate::{Api, serve};
use akin_entities::{FacetField, SearchMode, Similarity};
use akin_ports::MAX_DEPTH;
use akin_usecases::{Paging, SearchRequest, Sort};
use akin_views::SearchView;
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The facets besides those with names of their own.
const OTHER_FACETS: [&str; 5] =
    ["availability", "category", "item_group_id", "attributes.NAME", "attributes.NAME:histogram"];

/// The maximum number of hits on a page.
const MAX_PAGE_SIZE: usize = 100;

/// The fields of a search request. Unknown fields are refused.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = SearchRequest)]
pub(crate) struct SearchFields {
    /// What the shopper wrote; without it, products are listed.
    #[schema(max_length = 4000)]
    query: String,
    /// True while the shopper is still typing: the last word also stands for words that begin with it.
    unfinished: bool,
    #[schema(schema_with = schemas::mode_or_null)]
    mode: Option<String>,
    #[schema(schema_with = schemas::engine_or_null)]
    engine: Option<String>,
    /// Page times page size is at most 10,000.
    #[schema(minimum = 1, default = 1)]
    page: Option<usize>,
    #[schema(minimum = 1, maximum = 100, default = 24)]
    page_size: Option<usize>,
    /// The minimum similarity of products found by meaning, in place of the model's own.
    #[schema(minimum = -1, maximum = 1)]
    threshold: Option<f32>,
    #[serde(deserialize_with = "body::object")]
    filters: Filters,
    #[schema(schema_with = schemas::facets)]
    facets: Vec<String>,
    #[schema(schema_with = schemas::sort_or_null)]
    sort: Option<String>,
    /// True explains every hit.
    explain: bool,
}

/// The parameters of a link to a search.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; `from_parameters` reads them")]
pub(crate) struct SearchParameters {
    /// What the shopper wrote; without it, products are listed.
    #[param(max_length = 4000)]
    q: Option<String>,
    /// True while the shopper is still typing.
    unfinished: Option<bool>,
    #[param(schema_with = schemas::mode)]
    mode: Option<String>,
    #[param(schema_with = schemas::engine)]
    engine: Option<String>,
    /// Page times page size is at most 10,000.
    #[param(minimum = 1, default = 1)]
    page: Option<usize>,
    #[param(minimum = 1, maximum = 100, default = 24)]
    page_size: Option<usize>,
    /// The minimum similarity of products found by meaning.
    #[param(minimum = -1, maximum = 1)]
    threshold: Option<f32>,
    /// Main categories, any of which may match.
    main_category: Option<Vec<String>>,
    /// Subcategories, any of which may match.
    sub_category: Option<Vec<String>>,
    /// Brands, any of which may match.
    brand: Option<Vec<String>>,
    /// `in stock`, `out of stock`, `preorder` or `backorder`, any of which may match.
    availability: Option<Vec<String>>,
    /// Categories at any depth with what is below them, `Home > Kitchen`, any of which may match.
    category: Option<Vec<String>>,
    /// The things of which variants are found.
    item_group_id: Option<Vec<String>>,
    #[param(schema_with = schemas::product_ids)]
    id: Option<Vec<String>>,
    /// The minimum price.
    price_min: Option<f64>,
    /// The maximum price.
    price_max: Option<f64>,
    /// The minimum rating, in stars.
    min_rating: Option<f64>,
    /// Discounted products only, or the others only.
    discounted: Option<bool>,
    #[param(schema_with = schemas::facet_list)]
    facets: Option<String>,
    #[param(schema_with = schemas::sort)]
    sort: Option<String>,
    /// True explains every hit.
    explain: Option<bool>,
}

/// Search.
///
/// Totals, facets, orders and pages speak of all products that fit the query. The header `Server-Timing` has
/// the milliseconds of each step.
#[utoipa::path(
    post, path = "/api/search", tag = "search", operation_id = "search", request_body = SearchFields,
    responses((status = 200, description = "The products found.", body = SearchView), BodyFailures, Failures)
)]
pub(crate) async fn post(
    State(api): State<Arc<Api>>,
    JsonObject(fields): JsonObject<SearchFields>,
) -> Result<impl IntoResponse, ApiError> {
    run(&api, fields).await
}

/// Search by the parameters of a link.
///
/// Attributes are filtered by `attributes.NAME`, which may be repeated, or by `attributes.NAME_min` and
/// `attributes.NAME_max`.
#[utoipa::path(
    get, path = "/api/search", tag = "search", operation_id = "search_by_link", params(SearchParameters),
    responses((status = 200, description = "The products found.", body = SearchView), Failures)
)]
pub(crate) async fn get(
    State(api): State<Arc<Api>>,
    RawQuery(parameters): RawQuery,
) -> Result<impl IntoResponse, ApiError> {
    run(&api, SearchFields::from_parameters(&parameters.unwrap_or_default())?).await
}

async fn run(api: &Api, fields: SearchFields) -> Result<impl IntoResponse + use<>, ApiError> {
    let engine = api.engines.find(fields.engine.as_deref())?;
    let request = fields.into_request()?;
    let found = engine.search.find(&request).await?;
    let _held = api.answers.products(found.count()).await?;
    let answer = engine.search.fetch(found).await?;
    let timing = serve::server_timing(&answer.timings);
    let model = engine.search.embeddings.fingerprint();
    let view = SearchView::new(&engine.name, model, &request, answer);
    Ok((timing, api.answers.json(&view)?))
}

impl SearchFields {
    /// Reads the parameters of a link: the fields of the body, with `q` for the query, and one
    /// parameter for each filter (`brand`, which may be repeated, `price_min`, `price_max`).
    pub(crate) fn from_parameters(parameters: &str) -> Result<Self, ApiError> {
        let mut fields = Self::default();
        for (name, value) in form_urlencoded::parse(parameters.as_bytes()) {
            let value = value.into_owned();
            let filters = &mut fields.filters;
            match &*name {
                "q" | "query" => fields.query = value,
                "unfinished" => fields.unfinished = parse("unfinished", &value)?,
                "mode" => fields.mode = Some(value),
                "engine" => fields.engine = Some(value),
                "explain" => fields.explain = parse("explain", &value)?,
                "sort" => fields.sort = Some(value),
                "facets" => fields.facets.extend(value.split(',').map(str::to_owned)),
                "main_category" => filters.main_category.push(value),
                "sub_category" => filters.sub_category.push(value),
                "brand" => filters.brand.push(value),
                "availability" => filters.availability.push(value),
                "category" => filters.category.push(value),
                "item_group_id" => filters.item_group_id.push(value),
                "id" => filters.ids.push(value),
                "page" => fields.page = Some(parse("page", &value)?),
                "page_size" => fields.page_size = Some(parse("page_size", &value)?),
                "threshold" => fields.threshold = Some(parse("threshold", &value)?),
                "price_min" => filters.price.min = Some(parse("price_min", &value)?),
                "price_max" => filters.price.max = Some(parse("price_max", &value)?),
                "min_rating" => filters.min_rating = Some(parse("min_rating", &value)?),
                "discounted" => filters.discounted = Some(parse("discounted", &value)?),
                name if name.starts_with("attributes.") => filters.add_attribute(name, value)?,
                _ => return Err(unknown_parameter(&name)),
            }
        }
        Ok(fields)
    }

    /// Returns the name of the engine, if the request names one.
    pub(crate) fn engine(&self) -> Option<&str> {
        self.engine.as_deref()
    }

    /// Checks the fields.
    pub(crate) fn into_request(self) -> Result<SearchRequest, ApiError> {
        let request = if self.unfinished {
            SearchRequest::while_typing(&self.query)
        } else {
            SearchRequest::for_text(&self.query)
        };
        let request = request.map_err(|error| ApiError::invalid(error.to_string()))?;
        let modes = SearchMode::ALL.map(SearchMode::name);
        let sorts = Sort::NAMES.map(|(name, _)| name);
        let facet_names = FacetField::FIXED.map(|field| field.name().into_owned());
        let facet_names: Vec<_> = facet_names.iter().map(String::as_str).collect();
        let facet_names = [&*facet_names, &OTHER_FACETS].concat();
        let sorts = [&sorts[..], &["attributes.NAME:asc", "attributes.NAME:desc"]].concat();
        let mode =
            self.mode.map(|mode| one_of("mode", &mode, SearchMode::parse, &modes)).transpose()?;
        let sort = self.sort.map(|sort| one_of("sort", &sort, Sort::parse, &sorts)).transpose()?;
        let facets = self
            .facets
            .iter()
            .map(|facet| one_of("facets", facet, FacetField::parse, &facet_names));
        let (page, size) = (self.page.unwrap_or(1), self.page_size.unwrap_or(24));
        if page == 0 {
            return Err(ApiError::invalid("page must be a whole number from 1"));
        }
        if !(1..=MAX_PAGE_SIZE).contains(&size) {
            return Err(ApiError::invalid(format!(
                "page_size must be a whole number from 1 to {MAX_PAGE_SIZE}"
            )));
        }
        if page.saturating_mul(size) > MAX_DEPTH {
            return Err(ApiError::invalid(format!(
                "page times page_size must be at most {MAX_DEPTH}: ask for an earlier page, or narrow \
                 the search with filters"
            )));
        }
        let threshold = self.threshold.map(|threshold| {
            Similarity::new(threshold)
                .ok_or_else(|| ApiError::invalid("threshold must be a number from -1 to 1"))
        });
        Ok(SearchRequest {
            mode: mode.unwrap_or_default(),
            facets: facets.collect::<Result<BTreeSet<_>, _>>()?.into_iter().collect(),
            filter: self.filters.try_into()?,
            threshold: threshold.transpose()?,
            paging: Paging { page, size },
            sort: sort.unwrap_or_default(),
            explain: self.explain,
            ..request
        })
    }
}

/// The parameters of a link.
const PARAMETERS: &str = "q, unfinished, mode, engine, page, page_size, threshold, main_category, sub_category, \
                          brand, availability, category, item_group_id, id, price_min, price_max, min_rating, \
                          discounted, attributes.NAME, attributes.NAME_min, attributes.NAME_max, facets, sort, explain";

fn unknown_parameter(name: &str) -> ApiError {
    ApiError::invalid(format!("there is no parameter {name:?}; the parameters are {PARAMETERS}"))
}

/// Parses the `value` of a field that has a fixed set of values.
fn one_of<T>(
    field: &str,
    value: &str,
    parse: impl Fn(&str) -> Option<T>,
    names: &[&str],
) -> Result<T, ApiError> {
    parse(value).ok_or_else(|| {
        let names = names.join(", ");
        ApiError::invalid(format!("{field} must be one of {names}, not {value:?}"))
    })
}

/// Parses the `value` of a parameter.
fn parse<T: FromStr>(name: &str, value: &str) -> Result<T, ApiError> {
    value.parse().map_err(|_| {
        let expected = expected(name).unwrap_or("another value");
        ApiError::invalid(format!("{name} must be {expected}, not {value:?}"))
    })
}
