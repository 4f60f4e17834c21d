use crate::Api;
use crate::error::ApiError;
use crate::openapi::{Absent, EngineName, Failures};
use crate::search::{SearchFields, SearchParameters};
use akin_entities::{FacetField, KeywordField};
use akin_usecases::Suggest;
use akin_views::{FacetValuesView, SuggestionsView};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use std::sync::Arc;

/// The default and the maximum number of values of a facet.
const DEFAULT_VALUES: usize = 20;
const MAX_VALUES: usize = 100;

/// Suggest what a shopper may be typing: queries that find something, categories, brands and products.
#[utoipa::path(
    get, path = "/api/suggest", tag = "search", operation_id = "suggest",
    params(
        ("q" = Option<String>, Query, description = "What has been typed; 64 characters are used."),
        ("limit" = Option<usize>, Query, description = "Of each kind; 6 by default.", minimum = 1, maximum = 20),
        ("engine" = Option<EngineName>, Query),
    ),
    responses((status = 200, description = "The suggestions.", body = SuggestionsView), Failures)
)]
pub(crate) async fn get(
    State(api): State<Arc<Api>>,
    RawQuery(parameters): RawQuery,
) -> Result<Response, ApiError> {
    let (mut query, mut limit, mut engine) = (String::new(), Suggest::DEFAULT_LIMIT, None);
    for (name, value) in form_urlencoded::parse(parameters.unwrap_or_default().as_bytes()) {
        match &*name {
            "q" => query = value.into_owned(),
            "limit" => limit = limit_of(&value, Suggest::MAX_LIMIT)?,
            "engine" => engine = Some(value.into_owned()),
            _ => {
                let message =
                    format!("there is no parameter {name:?}; the parameters are q, limit, engine");
                return Err(ApiError::invalid(message));
            }
        }
    }
    let engine = api.engines.find(engine.as_deref())?;
    let _held = api.answers.products(Suggest::MAX_FETCHED).await?;
    let suggestions = engine.suggest.run(&query, limit).await?;
    api.answers.json(&SuggestionsView::new(&query, suggestions))
}

/// Return the values of a facet whose words begin with those of `q`, with the filters of a search.
#[utoipa::path(
    get, path = "/api/facets/{field}", tag = "search", operation_id = "facet_values",
    params(
        ("field" = String, Path, description = "A facet with values, such as `brand`."),
        ("limit" = Option<usize>, Query, description = "20 by default.", minimum = 1, maximum = 100),
        ("query" = Option<String>, Query, description = "What the shopper wrote.", max_length = 4000),
        SearchParameters,
    ),
    responses((status = 200, description = "The most frequent values first.", body = FacetValuesView), Absent, Failures)
)]
pub(crate) async fn values(
    State(api): State<Arc<Api>>,
    field: Result<Path<String>, PathRejection>,
    RawQuery(parameters): RawQuery,
) -> Result<Response, ApiError> {
    let field = keyword_field(field)?;
    let (typed, limit, fields) = value_parameters(&parameters.unwrap_or_default())?;
    let engine = api.engines.find(fields.engine())?.clone();
    let (request, name) = (fields.into_request()?, field.name().into_owned());
    let found = engine.search.facet_values(&request, field, &typed, limit).await?;
    api.answers.json(&FacetValuesView::new(&name, &typed, found.values, found.total))
}

/// Reads the beginning of the values, their maximum number, and the other parameters: those of a search.
fn value_parameters(parameters: &str) -> Result<(String, usize, SearchFields), ApiError> {
    let (mut typed, mut limit) = (String::new(), DEFAULT_VALUES);
    let mut others = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(parameters.as_bytes()) {
        match &*name {
            "q" => typed = value.into_owned(),
            "limit" => limit = limit_of(&value, MAX_VALUES)?,
            _ => {
                others.append_pair(&name, &value);
            }
        }
    }
    Ok((typed, limit, SearchFields::from_parameters(&others.finish())?))
}

fn keyword_field(field: Result<Path<String>, PathRejection>) -> Result<FacetField, ApiError> {
    match field.ok().and_then(|Path(name)| FacetField::parse(&name)) {
        Some(field @ (FacetField::Keyword(_) | FacetField::Tag(_))) => Ok(field),
        Some(FacetField::Number(_) | FacetField::TagNumbers(_)) | None => {
            let names = KeywordField::ALL.map(KeywordField::name).join(", ");
            Err(ApiError::not_found(format!(
                "the facets with values are {names}, availability, category, item_group_id and \
                 attributes.NAME"
            )))
        }
    }
}

fn limit_of(value: &str, max: usize) -> Result<usize, ApiError> {
    let limit = value.parse().ok().filter(|limit| (1..=max).contains(limit));
    limit.ok_or_else(|| {
        ApiError::invalid(format!("limit must be a whole number from 1 to {max}, not {value:?}"))
    })
}
