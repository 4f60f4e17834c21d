use crate::Api;
use crate::body::{self, JsonObject};
use crate::engines::ServedEngine;
use crate::error::ApiError;
use crate::filters::Filters;
use crate::openapi::{BodyFailures, Failures, schemas};
use crate::search::SearchFields;
use akin_usecases::{CompareEngines, ComparedAnswers, RankChange, SearchAnswer, Timings};
use akin_views::{HitView, milliseconds};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// The response of `/api/compare`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Comparison)]
pub(crate) struct CompareView {
    query: String,
    mode: &'static str,
    /// The number of common products, divided by the length of the longer page.
    overlap: f32,
    engines: Vec<AnswerView>,
    ranks: Vec<RankView>,
}

/// The answer of one engine.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ComparedAnswer)]
struct AnswerView {
    engine: String,
    model: String,
    took_ms: f64,
    timings_ms: TimingsView,
    good: bool,
    total: usize,
    hits: Vec<HitView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Timings)]
struct TimingsView {
    embed: f64,
    candidates: f64,
    rank: f64,
    matches: f64,
    fetch: f64,
}

/// The ranks of a product on both pages, counted from 1, and the number of ranks it rose from the
/// first to the second.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RankChange)]
struct RankView {
    product_id: String,
    ranks: [Option<usize>; 2],
    #[schema(required)]
    rose: Option<i64>,
}

/// The fields of a comparison: those of a search without `engine`, and the names of two engines.
#[derive(Debug, ToSchema)]
#[schema(as = ComparisonRequest)]
#[expect(dead_code, reason = "describes the body; the handler reads it as a search")]
pub(crate) struct CompareFields {
    #[schema(schema_with = schemas::two_engines)]
    engines: Option<[String; 2]>,
    #[schema(max_length = 4000, nullable = false)]
    query: Option<String>,
    #[schema(nullable = false)]
    unfinished: Option<bool>,
    #[schema(schema_with = schemas::mode_or_null)]
    mode: Option<String>,
    #[schema(minimum = 1, default = 1)]
    page: Option<usize>,
    #[schema(minimum = 1, maximum = 100, default = 24)]
    page_size: Option<usize>,
    #[schema(minimum = -1, maximum = 1)]
    threshold: Option<f32>,
    #[schema(nullable = false)]
    filters: Option<Filters>,
    #[schema(schema_with = schemas::facets)]
    facets: Option<Vec<String>>,
    #[schema(schema_with = schemas::sort_or_null)]
    sort: Option<String>,
    #[schema(nullable = false)]
    explain: Option<bool>,
}

/// Run one search with two engines, side by side.
#[utoipa::path(
    post, path = "/api/compare", tag = "engines", operation_id = "compare", request_body = CompareFields,
    responses((status = 200, description = "Both answers.", body = CompareView), BodyFailures, Failures)
)]
pub(crate) async fn post(
    State(api): State<Arc<Api>>,
    JsonObject(mut fields): JsonObject<Map<String, Value>>,
) -> Result<Response, ApiError> {
    let engines = choose_two(&api, fields.remove("engines"))?;
    if fields.contains_key("engine") {
        return Err(ApiError::invalid(
            "engine is a field of /api/search; /api/compare has engines",
        ));
    }
    let request: Result<SearchFields, _> = body::deserialize(Value::Object(fields));
    // The fields that exist are listed for an unknown one.
    let request = request.map_err(|error| error.replacing("`engine`,", "`engines`,"))?;
    let request = request.into_request()?;
    let compare = CompareEngines { engines: engines.map(|engine| engine.search.clone()) };
    // The answers of both engines are held at once.
    let _held = api.answers.products(request.paging.size * engines.len()).await?;
    let ComparedAnswers { answers, took, overlap, ranks } = compare.run(&request).await?;
    let views = engines.into_iter().zip(answers).zip(took);
    api.answers.json(&CompareView {
        query: request.query.as_ref().map_or_else(String::new, |query| query.as_str().to_owned()),
        mode: request.mode.name(),
        overlap,
        engines: views.map(|((engine, answer), took)| view(engine, answer, took)).collect(),
        ranks: ranks.into_iter().map(RankView::from).collect(),
    })
}

/// Returns the engines to compare: those that are named, by default the first two.
fn choose_two(api: &Api, names: Option<Value>) -> Result<[&ServedEngine; 2], ApiError> {
    let Some(names) = names else {
        let mut all = api.engines.iter();
        return match (all.next(), all.next()) {
            (Some(first), Some(second)) => Ok([first, second]),
            _ => Err(ApiError::invalid("a comparison needs two engines, but this server has one")),
        };
    };
    let names: [String; 2] = serde_json::from_value(names).map_err(|_| {
        let known = api.engines.names();
        ApiError::invalid(format!("engines must be a list of two names; the engines are {known}"))
    })?;
    let [first, second] = names.each_ref().map(|name| api.engines.find(Some(name)));
    Ok([first?, second?])
}

fn view(engine: &ServedEngine, answer: SearchAnswer, took: Duration) -> AnswerView {
    let Timings { embed, candidates, rank, matches, fetch } = answer.timings;
    AnswerView {
        engine: engine.name.clone(),
        model: engine.search.embeddings.fingerprint().to_string(),
        took_ms: milliseconds(took),
        timings_ms: TimingsView {
            embed: milliseconds(embed),
            candidates: milliseconds(candidates),
            rank: milliseconds(rank),
            matches: milliseconds(matches),
            fetch: milliseconds(fetch),
        },
        good: answer.good,
        total: answer.total,
        hits: answer.hits.into_iter().map(HitView::from).collect(),
    }
}

impl From<RankChange> for RankView {
    fn from(change: RankChange) -> Self {
        let [from, to] = change.ranks.map(|rank| rank.and_then(|rank| i64::try_from(rank).ok()));
        let rose = from.zip(to).map(|(from, to)| from - to);
        Self { product_id: change.id.to_string(), ranks: change.ranks, rose }
    }
}
