mod comparison;
mod document;
mod files;
mod gate;
mod lab;
mod report;
mod tables;

use crate::sink::Sink;
use crate::{exit, output};
use akin_composition::{EngineSettings, RelevanceSettings, now};
use akin_views::format_timestamp;
use comparison::{Baseline, ComparedRuns};
use gate::{Minimum, Verdict};
use lab::Lab;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

/// How many of the worst queries a report shows by default.
const WORST: usize = 10;

/// The length of a date and a time of the day, `2026-11-30 17:33`.
const MINUTES: usize = 16;

/// Measure search quality against judged queries.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin evaluate data/queries.csv data/judgments.csv --worst 3\n  akin evaluate data/queries.csv data/judgments.csv --json > before.json\n  akin evaluate data/queries.csv data/judgments.csv --compare before.json --report report.html\n  akin evaluate data/queries.csv data/judgments.csv --min hybrid.ndcg=0.75,hybrid.set_recall=0.75\n\nEvery mode is measured on every engine of --engine. The queries are a CSV file with the columns query_id and query, the judgments one with query_id, product_id and grade: 3 exact, 2 good, 1 related, 0 wrong. Products of grade 2 and 3 are relevant. A hit without a judgment counts as wrong; the judged nDCG leaves such hits out. The ranking is measured over all candidates; the result set is what fits, up to 10,000 products of a query, and its precision and recall are over all judged pairs.\n\nExit code 4: a minimum of --min was not reached, or a run is worse (--fail-if-worse)."
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

    /// Show this many of the worst queries with their hits and the relevant products that they miss
    /// [default: 0; 10 in a report].
    #[arg(long, env = "AKIN_WORST", value_name = "N")]
    worst: Option<usize>,

    /// Compare with an earlier evaluation, a file of `--json`; or compare a run of this one with the
    /// others (semantic), or two (semantic,hybrid). Runs of several engines are named as
    /// postgres:hybrid.
    #[arg(long, env = "AKIN_COMPARE", value_name = "FILE|RUN[,RUN]")]
    compare: Option<String>,

    /// End with exit code 4 if a run is worse than what it is compared with: if the interval of a
    /// difference lies below 0.
    #[arg(long, env = "AKIN_FAIL_IF_WORSE", requires = "compare")]
    fail_if_worse: bool,

    /// End with exit code 4 if a mean is below a minimum.
    #[arg(
        long = "min",
        help = "End with exit code 4 if a mean is below a minimum. Measures: ndcg, judged_ndcg, mrr, recall, \
                precision, set_precision, set_recall, price_precision, shown_ndcg",
        env = "AKIN_MIN",
        value_name = "[ENGINE:]MODE.MEASURE=VALUE",
        value_delimiter = ','
    )]
    minimums: Vec<Minimum>,

    /// Write a report with plots to this HTML file, which opens offline.
    #[arg(long, env = "AKIN_REPORT", value_name = "FILE")]
    report: Option<PathBuf>,

    #[command(flatten)]
    format: output::Format,

    #[command(flatten)]
    relevance: RelevanceSettings,

    #[command(flatten)]
    engine: EngineSettings,
}

pub(crate) async fn run(arguments: EvaluateArguments) -> anyhow::Result<ExitCode> {
    let queries = files::judged_queries(&arguments.queries, &arguments.judgments)?;
    let rules = arguments.relevance.load(arguments.engine.catalogue.language)?;
    let engines = arguments.engine.open_engines().await?.into_iter();
    let engines: Vec<_> = engines.map(|engine| engine.steered_by(rules.as_ref())).collect();
    let names: Vec<_> = engines.iter().map(|engine| engine.name).collect();
    Minimum::check(&arguments.minimums, &names)?;
    let baseline = arguments.compare.as_ref();
    let baseline =
        baseline.map(|text| Baseline::read(text, &names, arguments.depth)).transpose()?;
    let report = match &arguments.report {
        Some(path) => Some(Sink::open(Some(path), "--report").await?),
        None => None,
    };
    let lab = Lab::run(&engines, queries, arguments.depth).await?;
    let mut comparisons = comparison::usual(&lab);
    if let Some(baseline) = baseline {
        comparisons.extend(baseline.compare(&lab)?);
    }
    let verdicts = arguments.minimums.iter().flat_map(|minimum| minimum.verdicts(&lab));
    let verdicts: Vec<_> = verdicts.collect();
    if let Some(mut sink) = report {
        let now = format_timestamp(now());
        let when = format!("{} UTC", now.get(..MINUTES).unwrap_or(&now));
        let worst = arguments.worst.unwrap_or(WORST);
        let html = report::report(&lab, &comparisons, &verdicts, worst, &when);
        sink.write(html.as_bytes())?;
        sink.finish()?;
    }
    arguments.print(&lab, &comparisons, &verdicts);
    Ok(arguments.exit_code(&comparisons, &verdicts))
}

impl EvaluateArguments {
    fn print(&self, lab: &Lab, comparisons: &[ComparedRuns], verdicts: &[Verdict]) {
        let worst = self.worst.unwrap_or(0);
        if self.format.json {
            output::json(&document::document(lab, comparisons, verdicts, worst));
            return;
        }
        if self.by_query {
            tables::print_by_query(lab);
        }
        tables::print_worst(lab, worst);
        tables::print(lab, comparisons);
    }

    /// Reports what is below a minimum or worse, and returns the exit code.
    fn exit_code(&self, comparisons: &[ComparedRuns], verdicts: &[Verdict]) -> ExitCode {
        let failed = verdicts.iter().filter(|verdict| !verdict.passes());
        let mut problems: Vec<_> = failed.map(ToString::to_string).collect();
        let asked = comparisons.iter().filter(|runs| runs.is_asked && self.fail_if_worse);
        problems.extend(asked.filter_map(|runs| {
            let worse = runs.worse()?;
            let (from, to, high) = (&worse.from, &worse.to, worse.difference.mean.high);
            let measure = worse.measure.name(self.depth);
            Some(format!("{to} is worse than {from} by {measure}: at most {high:+.3}"))
        }));
        for problem in &problems {
            output::note(&format!("akin: {problem}"));
        }
        if problems.is_empty() { exit::DONE } else { exit::below_standard() }
    }
}
