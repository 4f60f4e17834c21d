mod files;

use crate::output::{Cell, Table};
use crate::progress::{Progress, Unit};
use crate::{exit, output};
use akin_composition::EngineSettings;
use akin_entities::{ProductId, SearchMode};
use akin_evaluation::{
    Evaluation, EvaluationComparison, EvaluationReport, MeanEstimate, Measure, compare_evaluations,
};
use akin_usecases::{EvaluateSearch, JudgedQuery};
use anyhow::bail;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Measure search quality against judged queries.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  akin evaluate data/queries.csv data/judgments.csv\n\nThe queries are a CSV file with the columns query_id and query, the judgments one with query_id, product_id and grade: 3 exact, 2 good, 1 related, 0 wrong. Products of grade 2 and 3 are relevant. A hit without a judgment counts as wrong; the judged nDCG leaves such hits out."
)]
pub(crate) struct EvaluateArguments {
    /// The CSV file of queries.
    queries: PathBuf,

    /// The CSV file of judgments.
    judgments: PathBuf,

    /// How many hits per query to evaluate.
    #[arg(long, env = "AKIN_DEPTH", default_value = "10")]
    depth: NonZeroUsize,

    /// Also list each query, worst first.
    #[arg(long, env = "AKIN_BY_QUERY")]
    by_query: bool,

    #[command(flatten)]
    format: output::Format,

    #[command(flatten)]
    engine: EngineSettings,
}

pub(crate) async fn run(arguments: EvaluateArguments) -> anyhow::Result<ExitCode> {
    let queries = files::judged_queries(&arguments.queries, &arguments.judgments)?;
    let engine = arguments.engine.open_first_engine().await?;
    let evaluate = EvaluateSearch { search: engine.search() };
    let missing = evaluate.missing(&queries).await?;
    tell_missing(&queries, &missing)?;
    let mut evaluations = Vec::new();
    for mode in SearchMode::ALL {
        let progress = Progress::new(format!("evaluating {}", mode.name()), Unit::Queries);
        let total = queries.len() as u64;
        let observe = |done: usize| progress.at(done as u64, Some(total), "");
        evaluations.push(evaluate.run(mode, &queries, arguments.depth, &observe).await?);
    }
    if arguments.format.json {
        let mut document = document(&evaluations, &queries, &missing, arguments.depth);
        document["engine"] = json!(engine.name.to_string());
        document["model"] = json!(engine.embedder.fingerprint().to_string());
        output::json(&document);
    } else {
        if arguments.by_query {
            print_by_query(&evaluations, &queries, arguments.depth);
        }
        print(&evaluations, arguments.depth);
    }
    Ok(exit::DONE)
}

/// Judgments of other products than those at hand measure nothing.
fn tell_missing(queries: &[JudgedQuery], missing: &[ProductId]) -> anyhow::Result<()> {
    let judged = EvaluateSearch::judged(queries).len();
    let Some(first) = missing.first() else { return Ok(()) };
    if missing.len() == judged {
        bail!(
            "none of the {judged} judged products is in this catalogue: ingest the feed that was \
             judged, or choose another folder with --data"
        );
    }
    output::note(&format!(
        "{} of the {judged} judged products are not in this catalogue, for example {:?}",
        missing.len(),
        first.as_str()
    ));
    Ok(())
}

fn print(evaluations: &[Evaluation], depth: NonZeroUsize) {
    let reports: Vec<_> = evaluations.iter().map(Evaluation::report).collect();
    let names = SHOWN.map(|measure| measure.name(depth));
    let headings: Vec<_> = ["mode"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let mut table = Table::new(&headings);
    for report in &reports {
        let mut row = vec![Cell::text(&report.name)];
        row.extend(SHOWN.map(|measure| figure(report, measure, &reports)));
        table.add_row(row);
    }
    output::print(table);
    if let Some(report) = reports.first() {
        output::line(&format!("means with their 95% intervals, over {}", counted(report, depth)));
    }
    for EvaluationComparison { from, to, difference, .. } in comparisons(evaluations) {
        let MeanEstimate { mean, low, high, .. } = difference.mean;
        let name = Measure::Ndcg.name(depth);
        let p = difference.p_value;
        output::line(&format!(
            "{to} - {from}: {mean:+.3} {name} [{low:+.3}, {high:+.3}], p = {p:.4}"
        ));
    }
}

/// Over how many queries each measure is a mean: a query with nothing to find has none.
fn counted(report: &EvaluationReport, depth: NonZeroUsize) -> String {
    let mut groups: Vec<(usize, Vec<String>)> = Vec::new();
    for measure in SHOWN {
        let queries = report.mean(measure).map_or(0, |is| is.queries);
        match groups.last_mut().filter(|(count, _)| *count == queries) {
            Some((_, names)) => names.push(measure.name(depth)),
            None => groups.push((queries, vec![measure.name(depth)])),
        }
    }
    let all = report.queries;
    if groups.iter().all(|(queries, _)| *queries == all) {
        return format!("{all} queries");
    }
    let groups = groups.iter().map(|(queries, names)| format!("{queries} ({})", names.join(", ")));
    let groups = groups.collect::<Vec<_>>().join(" and ");
    format!("{groups} of {all} queries: the others have nothing to find")
}

/// The measures of the table. Precision is left to the JSON document: over one set of judgments
/// it says what recall says.
const SHOWN: [Measure; 4] =
    [Measure::Ndcg, Measure::JudgedNdcg, Measure::ReciprocalRank, Measure::Recall];

/// A mean above its interval; bold if no other report has a larger one.
fn figure(report: &EvaluationReport, measure: Measure, reports: &[EvaluationReport]) -> Cell {
    let Some(MeanEstimate { mean, low, high, .. }) = report.mean(measure) else {
        return Cell::number("-");
    };
    let cell = Cell::number(&format!("{mean:.3}\n[{low:.3}, {high:.3}]"));
    let best = reports.iter().filter_map(|report| report.mean(measure));
    if best.into_iter().all(|other| other.mean <= mean) { cell.bold() } else { cell }
}

fn print_by_query(evaluations: &[Evaluation], queries: &[JudgedQuery], depth: NonZeroUsize) {
    let names: Vec<_> = evaluations.iter().map(Evaluation::name).collect();
    let heading = format!("{} by query", Measure::Ndcg.name(depth));
    let mut table = Table::new(&["query", &heading].into_iter().chain(names).collect::<Vec<_>>());
    let by_query: Vec<HashMap<_, _>> =
        evaluations.iter().map(|evaluation| evaluation.by_query(Measure::Ndcg).collect()).collect();
    let figures = |query: &JudgedQuery| -> Vec<Option<f64>> {
        by_query.iter().map(|figures| *figures.get(query.name.as_str())?).collect()
    };
    let mut rows: Vec<_> = queries.iter().map(|query| (figures(query), query)).collect();
    let first = |figures: &[Option<f64>]| figures.first().copied().flatten().unwrap_or(f64::MAX);
    rows.sort_by(|(a, _), (b, _)| first(a).total_cmp(&first(b)));
    for (figures, query) in rows {
        let mut row = vec![Cell::text(&query.name), Cell::text(query.query.as_str())];
        let text = |figure: Option<f64>| figure.map_or_else(|| "-".into(), |is| format!("{is:.3}"));
        row.extend(figures.into_iter().map(|figure| Cell::number(&text(figure))));
        table.add_row(row);
    }
    output::print(table);
}

/// The differences between the first mode and each other.
fn comparisons(evaluations: &[Evaluation]) -> Vec<EvaluationComparison> {
    let Some((first, others)) = evaluations.split_first() else { return Vec::new() };
    others.iter().filter_map(|other| compare_evaluations(other, first, Measure::Ndcg)).collect()
}

fn document(
    evaluations: &[Evaluation],
    queries: &[JudgedQuery],
    missing: &[ProductId],
    depth: NonZeroUsize,
) -> Value {
    let comparisons = comparisons(evaluations).into_iter().map(|comparison| {
        let mut document = estimate(&comparison.difference.mean);
        document["p"] = json!(comparison.difference.p_value);
        json!({
            "from": comparison.from,
            "to": comparison.to,
            "measure": comparison.measure.name(depth),
            "difference": document,
        })
    });
    json!({
        "queries": queries.len(),
        "judged_products": EvaluateSearch::judged(queries).len(),
        "missing_products": missing.iter().map(ProductId::as_str).collect::<Vec<_>>(),
        "modes": evaluations.iter().map(|mode| of_mode(mode, depth)).collect::<Vec<_>>(),
        "comparisons": comparisons.collect::<Vec<_>>(),
    })
}

fn of_mode(evaluation: &Evaluation, depth: NonZeroUsize) -> Value {
    let report = evaluation.report();
    let figures: serde_json::Map<_, _> = report
        .measures
        .iter()
        .map(|figure| (figure.name.clone(), figure.mean.as_ref().map_or(Value::Null, estimate)))
        .collect();
    let by_query: serde_json::Map<_, _> = Measure::ALL
        .into_iter()
        .map(|measure| {
            let figures = evaluation.by_query(measure);
            let figures = figures.map(|(query, figure)| (query.to_owned(), json!(figure)));
            (measure.name(depth), Value::Object(figures.collect()))
        })
        .collect();
    json!({ "mode": report.name, "figures": figures, "by_query": by_query })
}

fn estimate(is: &MeanEstimate) -> Value {
    json!({ "mean": is.mean, "low": is.low, "high": is.high, "queries": is.queries })
}
