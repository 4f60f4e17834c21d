//! The JSON document.

use super::comparison::ComparedRuns;
use super::gate::Verdict;
use super::lab::{Lab, Run, SetMeasure};
use akin_entities::{ProductId, Similarity};
use akin_evaluation::{MeanEstimate, Measure};
use akin_usecases::{EvaluateSearch, EvaluatedAnswer, EvaluatedHit, JudgedQuery};
use serde_json::{Map, Value, json};
use std::num::NonZeroUsize;

/// Returns the document of an evaluation, with the `worst` queries and their hits.
pub(super) fn document(
    lab: &Lab,
    comparisons: &[ComparedRuns],
    verdicts: &[Verdict],
    worst: usize,
) -> Value {
    let depth = lab.depth;
    let engines: Vec<_> = lab.by_engine().map(|runs| engine(runs, depth)).collect();
    let first = engines.first().cloned().unwrap_or_default();
    let worst = lab.worst(worst);
    json!({
        "engine": first["engine"],
        "model": first["model"],
        "depth": depth,
        "queries": lab.queries.len(),
        "judged_products": EvaluateSearch::judged(&lab.queries).len(),
        "missing_products": lab.missing.iter().map(ProductId::as_str).collect::<Vec<_>>(),
        "modes": first["modes"],
        "engines": engines,
        "comparisons": comparisons.iter().flat_map(|one| compared(one, depth)).collect::<Vec<_>>(),
        "minimums": verdicts.iter().map(verdict).collect::<Vec<_>>(),
        "worst": worst.into_iter().map(|one| answered(lab, one)).collect::<Vec<_>>(),
    })
}

fn engine(runs: &[Run], depth: NonZeroUsize) -> Value {
    let modes: Vec<_> = runs.iter().map(|run| of_mode(run, depth)).collect();
    let first = runs.first();
    json!({
        "engine": first.map(|run| run.engine.to_string()),
        "model": first.map(|run| &run.model),
        "modes": modes,
    })
}

fn of_mode(run: &Run, depth: NonZeroUsize) -> Value {
    let figures: Map<_, _> = run
        .report
        .measures
        .iter()
        .map(|figure| (figure.name.clone(), figure.mean.as_ref().map_or(Value::Null, estimate)))
        .collect();
    let by_query: Map<_, _> = Measure::ALL
        .into_iter()
        .map(|measure| {
            let figures = run.evaluation().by_query(measure);
            let figures = figures.map(|(query, figure)| (query.to_owned(), json!(figure)));
            (measure.name(depth), Value::Object(figures.collect()))
        })
        .collect();
    let set: Map<_, _> = SetMeasure::ALL
        .into_iter()
        .map(|measure| {
            let figure = run.set(measure).as_ref().map_or(Value::Null, estimate);
            (measure.key().to_owned(), figure)
        })
        .collect();
    let mode = run.mode.name();
    json!({ "mode": mode, "figures": figures, "result_set": set, "by_query": by_query })
}

/// A comparison that was asked for has every measure that is shown, any other the nDCG.
fn compared(runs: &ComparedRuns, depth: NonZeroUsize) -> impl Iterator<Item = Value> {
    let measures = if runs.is_asked { runs.differences.len() } else { 1 };
    runs.differences.iter().take(measures).map(move |comparison| {
        let mut document = estimate(&comparison.difference.mean);
        document["p"] = json!(comparison.difference.p_value);
        json!({
            "from": comparison.from,
            "to": comparison.to,
            "measure": comparison.measure.name(depth),
            "difference": document,
        })
    })
}

fn verdict(verdict: &Verdict) -> Value {
    json!({
        "run": verdict.run,
        "measure": verdict.measure,
        "minimum": verdict.least,
        "mean": verdict.mean,
        "passes": verdict.passes(),
    })
}

fn answered(lab: &Lab, (ndcg, query, answer): (f64, &JudgedQuery, &EvaluatedAnswer)) -> Value {
    let missed = answer.missed.iter().map(|product| {
        json!({
            "product_id": product.id.as_str(),
            "name": lab.names.get(&product.id),
            "grade": product.grade.get(),
            "rank": product.rank,
            "fits": product.fits,
        })
    });
    json!({
        "query_id": query.name,
        "query": query.query.as_str(),
        Measure::Ndcg.name(lab.depth): ndcg,
        "total": answer.total,
        "hits": answer.hits.iter().map(hit).collect::<Vec<_>>(),
        "missed": missed.collect::<Vec<_>>(),
    })
}

fn hit(hit: &EvaluatedHit) -> Value {
    json!({
        "product_id": hit.id.as_str(),
        "name": hit.name,
        "grade": hit.grade.map(akin_evaluation::Grade::get),
        "score": hit.score,
        "similarity": hit.similarity.map(Similarity::get),
    })
}

fn estimate(is: &MeanEstimate) -> Value {
    json!({ "mean": is.mean, "low": is.low, "high": is.high, "queries": is.queries })
}
