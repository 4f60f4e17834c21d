use crate::Api;
use crate::body::Fields;
use crate::engines::Engine;
use crate::error::ApiError;
use crate::search::Request;
use akin_usecases::{CompareEngines, ComparedAnswers, RankChange, SearchAnswer, Timings};
use akin_views::HitView;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// What `/api/compare` answers.
#[derive(Debug, Serialize)]
pub(crate) struct CompareView {
    query: String,
    mode: &'static str,
    /// Which share of the longer page both engines show.
    overlap: f32,
    engines: Vec<AnswerView>,
    ranks: Vec<RankView>,
}

/// What one engine answered.
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
    fetch: f64,
}

/// Where a product stands on either page, counted from 1, and how far it rose from the first to
/// the second.
#[derive(Debug, Serialize)]
struct RankView {
    product_id: String,
    ranks: [Option<usize>; 2],
    rose: Option<i64>,
}

/// `POST /api/compare`: a search, answered by two `engines` side by side.
pub(crate) async fn post(
    State(api): State<Arc<Api>>,
    Fields(mut fields): Fields<Map<String, Value>>,
) -> Result<Json<CompareView>, ApiError> {
    let engines = two(&api, fields.remove("engines"))?;
    if fields.contains_key("engine") {
        return Err(ApiError::invalid("engine is a field of /api/search; here it is engines"));
    }
    let request: Request = serde_json::from_value(Value::Object(fields))
        .map_err(|error| ApiError::invalid(error.to_string()))?;
    let request = request.into_search()?;
    let compare = CompareEngines { engines: engines.map(|engine| engine.search.clone()) };
    let ComparedAnswers { answers, took, overlap, ranks } = compare.run(&request).await?;
    let views = engines.into_iter().zip(answers).zip(took);
    Ok(Json(CompareView {
        query: request.query.as_str().to_owned(),
        mode: request.mode.name(),
        overlap,
        engines: views.map(|((engine, answer), took)| view(engine, answer, took)).collect(),
        ranks: ranks.into_iter().map(RankView::from).collect(),
    }))
}

/// The engines to compare: those that are given, else the first two.
fn two(api: &Api, given: Option<Value>) -> Result<[&Engine; 2], ApiError> {
    let Some(given) = given else {
        let mut all = api.engines.iter();
        return match (all.next(), all.next()) {
            (Some(one), Some(other)) => Ok([one, other]),
            _ => Err(ApiError::invalid("only one engine serves here: start akin with several")),
        };
    };
    let names: [String; 2] = serde_json::from_value(given)
        .map_err(|_| ApiError::invalid("engines must be a list of two names"))?;
    let [one, other] = names.each_ref().map(|name| api.engines.named(Some(name)));
    Ok([one?, other?])
}

fn view(engine: &Engine, answer: SearchAnswer, took: Duration) -> AnswerView {
    let Timings { embed, candidates, rank, fetch } = answer.timings;
    AnswerView {
        engine: engine.name.clone(),
        model: engine.search.embeddings.fingerprint().to_string(),
        took_ms: milliseconds(took),
        timings_ms: TimingsView {
            embed: milliseconds(embed),
            candidates: milliseconds(candidates),
            rank: milliseconds(rank),
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

/// To a microsecond: more digits would be noise.
fn milliseconds(spent: Duration) -> f64 {
    (spent.as_secs_f64() * 1e6).round() / 1e3
}
