use crate::Api;
use crate::body::{self, JsonObject};
use crate::engines::ServedEngine;
use crate::error::ApiError;
use crate::search::SearchFields;
use akin_usecases::{CompareEngines, ComparedAnswers, RankChange, SearchAnswer, Timings};
use akin_views::{HitView, milliseconds};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// The response of `/api/compare`.
#[derive(Debug, Serialize)]
pub(crate) struct CompareView {
    query: String,
    mode: &'static str,
    /// The number of common products, divided by the length of the longer page.
    overlap: f32,
    engines: Vec<AnswerView>,
    ranks: Vec<RankView>,
}

/// The answer of one engine.
#[derive(Debug, Serialize)]
struct AnswerView {
    engine: String,
    model: String,
    took_ms: f64,
    timings_ms: TimingsView,
    good: bool,
    total: usize,
    hits: Vec<HitView>,
}

#[derive(Debug, Serialize)]
struct TimingsView {
    embed: f64,
    candidates: f64,
    rank: f64,
    matches: f64,
    fetch: f64,
}

/// The ranks of a product on both pages, counted from 1, and the number of ranks it rose from the
/// first to the second.
#[derive(Debug, Serialize)]
struct RankView {
    product_id: String,
    ranks: [Option<usize>; 2],
    rose: Option<i64>,
}

/// `POST /api/compare`: runs one search with two `engines`, side by side.
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
