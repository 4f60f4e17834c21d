use crate::compose::EngineSettings;
use crate::progress::{Progress, Unit};
use crate::{exit, output};
use anyhow::{Context, anyhow};
use entities::{Mode, ProductId, Query};
use evaluation::{Comparison, Evaluation, Grade, Judgments, Measure, compare};
use serde_json::json;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use usecases::{EvaluateSearch, JudgedQuery};

/// Measure how good the answers are, against judged queries.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  akin evaluate data/queries.csv data/judgments.csv\n\nThe queries are a CSV file with query_id and query, the judgments one with query_id, product_id and grade: 3 exact, 2 good, 1 related, 0 wrong."
)]
pub(crate) struct Arguments {
    /// The queries.
    queries: PathBuf,

    /// What judges said of products.
    judgments: PathBuf,

    /// How many hits count.
    #[arg(long, env = "AKIN_DEPTH", default_value = "10")]
    depth: NonZeroUsize,

    /// Print one JSON document.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    engine: EngineSettings,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let queries = judged_queries(&arguments.queries, &arguments.judgments)?;
    let engine = arguments.engine.open().await?;
    let evaluate = EvaluateSearch { search: engine.search() };
    let mut evaluations = Vec::new();
    for mode in Mode::ALL {
        let progress = Progress::new(format!("evaluating {}", mode.name()), Unit::Queries);
        let total = queries.len() as u64;
        let observe = |done: usize| progress.at(done as u64, Some(total), "");
        evaluations.push(evaluate.run(mode, &queries, arguments.depth, &observe).await?);
    }
    if arguments.json {
        print_json(&evaluations);
    } else {
        print(&evaluations);
    }
    Ok(exit::DONE)
}

fn print(evaluations: &[Evaluation]) {
    let reports: Vec<_> = evaluations.iter().map(Evaluation::report).collect();
    let Some(first) = reports.first() else { return };
    let names = first.figures.iter().map(|figure| figure.name.as_str());
    let headings: Vec<_> = ["mode"].into_iter().chain(names).collect();
    let mut table = output::table(&headings);
    for report in &reports {
        let mut row = vec![comfy_table::Cell::new(&report.name)];
        row.extend(report.figures.iter().map(|figure| match &figure.estimate {
            None => output::number("-"),
            Some(is) => output::number(&format!("{:.3} [{:.3}, {:.3}]", is.mean, is.low, is.high)),
        }));
        table.add_row(row);
    }
    output::line(&table.to_string());
    output::line(&format!("{} queries; the brackets hold the mean with 95 %", first.queries));
    for comparison in comparisons(evaluations) {
        let Comparison { from, to, difference, .. } = comparison;
        output::line(&format!(
            "{to} minus {from}: {:+.3} nDCG (p = {:.4})",
            difference.estimate.mean, difference.p
        ));
    }
}

/// How hybrid search differs from each other mode.
fn comparisons(evaluations: &[Evaluation]) -> impl Iterator<Item = Comparison> {
    let (first, others) = evaluations.split_first().into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
    let others: Vec<_> = others.into_iter().flatten().collect();
    first
        .into_iter()
        .flat_map(move |first| others.clone().into_iter().map(move |other| (other, first)))
        .filter_map(|(from, to)| compare(from, to, Measure::Ndcg))
}

fn print_json(evaluations: &[Evaluation]) {
    let modes = evaluations.iter().map(|evaluation| {
        let report = evaluation.report();
        let figures = report.figures.iter().map(|figure| {
            let estimate = figure.estimate.map(|is| {
                json!({ "mean": is.mean, "low": is.low, "high": is.high, "queries": is.queries })
            });
            (figure.name.clone(), estimate.unwrap_or_default())
        });
        let figures: serde_json::Map<_, _> = figures.collect();
        json!({ "mode": report.name, "queries": report.queries, "figures": figures })
    });
    output::json(&modes.collect());
}

#[derive(Debug, serde::Deserialize)]
struct QueryRow {
    query_id: String,
    query: String,
}

#[derive(Debug, serde::Deserialize)]
struct JudgmentRow {
    query_id: String,
    product_id: String,
    grade: u8,
}

fn judged_queries(queries: &Path, judgments: &Path) -> anyhow::Result<Vec<JudgedQuery>> {
    let mut judged = HashMap::<String, Vec<(ProductId, Grade)>>::new();
    for row in rows::<JudgmentRow>(judgments)? {
        let (line, row) = row?;
        let at = || format!("{}, line {line}", judgments.display());
        let id = ProductId::new(row.product_id).with_context(at)?;
        let grade = Grade::new(row.grade).with_context(at)?;
        judged.entry(row.query_id).or_default().push((id, grade));
    }
    let mut asked = Vec::new();
    for row in rows::<QueryRow>(queries)? {
        let (line, row) = row?;
        let query = Query::new(&row.query)
            .with_context(|| format!("{}, line {line}", queries.display()))?;
        let judgments: Judgments =
            judged.remove(&row.query_id).unwrap_or_default().into_iter().collect();
        asked.push(JudgedQuery { name: row.query_id, query, judgments });
    }
    if let Some(name) = judged.keys().min() {
        let (judgments, queries) = (judgments.display(), queries.display());
        return Err(anyhow!("{judgments} judges a query {name:?} that {queries} lacks"));
    }
    Ok(asked)
}

/// The rows of a CSV file, with their lines.
fn rows<T: serde::de::DeserializeOwned>(
    path: &Path,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<(u64, T)>>> {
    let reader = csv::Reader::from_path(path);
    let reader = reader.with_context(|| format!("cannot read {}", path.display()))?;
    let path = path.to_owned();
    Ok(reader.into_deserialize().enumerate().map(move |(row, read)| {
        // The header is line 1; a query or an id never spans two lines.
        let line = row as u64 + 2;
        read.map(|row| (line, row)).with_context(|| format!("{}, line {line}", path.display()))
    }))
}
