use crate::output::{Cell, Format, Table};
use crate::{exit, output, process};
use akin_composition::{Builder, CatalogueSettings, EngineName, StoreName};
use akin_ports::Run;
use akin_usecases::{IndexStatus, Status};
use akin_views::{Audience, LAST_RUNS, StatusView};
use serde::Serialize;
use std::process::ExitCode;

/// Show the state of the catalogue, the queue and recent runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  akin status\n  akin status --runs 20 --json")]
pub(crate) struct StatusArguments {
    /// The number of recent runs [default: 5, with --json 10].
    #[arg(long, env = "AKIN_RUNS", value_name = "N")]
    runs: Option<usize>,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    catalogue: CatalogueSettings,
}

/// The number of runs in the table.
const SHOWN_RUNS: usize = 5;

#[derive(Debug, Serialize)]
struct StatusReport {
    /// The folder of the embedded store, if it holds the products.
    data: Option<String>,
    /// The ingestion that is running.
    running: Option<RunningReport>,
    /// `indexed` and `model` are those of the first engine.
    #[serde(flatten)]
    status: StatusView,
    engines: Vec<EngineReport>,
}

#[derive(Debug, Serialize)]
struct RunningReport {
    began: String,
    holder: Option<String>,
    feeds: Vec<String>,
}

impl RunningReport {
    fn new(run: &Run) -> Self {
        let holder = run.holder.as_ref().map(|holder| holder.name.clone());
        let began = akin_views::format_rfc3339(run.began);
        Self { began, holder, feeds: run.feeds.clone() }
    }
}

#[derive(Debug, Serialize)]
struct EngineReport {
    engine: String,
    indexed: u64,
    model: Option<String>,
}

impl EngineReport {
    fn new((engine, index): &(EngineName, IndexStatus)) -> Self {
        Self {
            engine: engine.to_string(),
            indexed: index.indexed,
            model: index.fingerprint.as_ref().map(ToString::to_string),
        }
    }
}

pub(crate) async fn run(arguments: StatusArguments) -> anyhow::Result<ExitCode> {
    let StatusArguments { runs, format, catalogue } = arguments;
    let runs = runs.unwrap_or(if format.json { LAST_RUNS } else { SHOWN_RUNS });
    let builder = catalogue.builder().existing().store().queue();
    let indexes = catalogue.engines.iter().map(|engine| engine.index);
    let opened = indexes.fold(builder, Builder::index).open().await?;
    let mut status = opened.status()?.run(runs.max(1)).await?;
    let running = status.runs.first().filter(|run| is_running(run)).cloned();
    status.runs.truncate(runs);
    let mut engines = Vec::new();
    for engine in &catalogue.engines {
        let index = opened.index(engine.index)?;
        engines.push((*engine, IndexStatus::of(&*index).await?));
    }
    let is_local = catalogue.store() == StoreName::Local;
    let data = catalogue.local.folder().filter(|_| is_local);
    let data = data.map(|folder| folder.display().to_string());
    if format.json {
        let first = engines.first().map(|(_, index)| index.clone());
        let status = StatusView::new(status, &first.unwrap_or_default(), Audience::Operator);
        let engines = engines.iter().map(EngineReport::new).collect();
        let running = running.as_ref().map(RunningReport::new);
        output::json(&StatusReport { data, running, status, engines });
    } else {
        print(data, &status, &engines, running.as_ref());
        print_runs(&status.runs);
    }
    Ok(exit::DONE)
}

/// Returns whether a run holds the lease, and its process is not known to be gone.
fn is_running(run: &Run) -> bool {
    run.holds_lease && !run.holder.as_ref().is_some_and(process::is_gone)
}

fn print(
    data: Option<String>,
    status: &Status,
    engines: &[(EngineName, IndexStatus)],
    running: Option<&Run>,
) {
    let several = engines.len() > 1;
    let named = |what: &str, engine: &EngineName| {
        if several { format!("{what}, {engine}") } else { what.to_owned() }
    };
    let line = |what: &str, count: u64| (what.to_owned(), count.to_string());
    let mut lines: Vec<_> = data.map(|data| ("data".to_owned(), data)).into_iter().collect();
    lines.push(line("products", status.store.products));
    lines.extend(
        engines.iter().map(|(engine, index)| line(&named("indexed", engine), index.indexed)),
    );
    lines.push(line("waiting to be embedded", status.waiting()));
    lines.push(line("taken by workers", status.queue.in_flight));
    lines.push(line("dead letters", status.queue.dead));
    lines.push(line("rows in quarantine", status.store.quarantined));
    if status.store.blanked > 0 {
        lines.push(line("values left out", status.store.blanked));
    }
    for (engine, index) in engines {
        let model = index.fingerprint.as_ref();
        let model = model.map_or_else(|| "none yet".to_owned(), ToString::to_string);
        lines.push((named("model", engine), model));
    }
    if let Some(run) = running {
        let holder = run.holder.as_ref().map_or("another process", |holder| &holder.name);
        lines.push(("running".to_owned(), format!("{holder}, since {} UTC", began(run))));
    }
    let mut table = Table::new(&[]);
    for (name, value) in lines {
        table.add_row([Cell::text(&name), Cell::text(&value)]);
    }
    output::print(table);
}

/// Prints each run on lines of its own: when, how it ended, its feeds and counts.
fn print_runs(runs: &[Run]) {
    for run in runs {
        output::line("");
        let (outcome, reason) = outcome(run);
        let took = run.end.as_ref().map(|end| format!(", {:.1} s", end.took.as_secs_f64()));
        output::line(&format!("{} UTC  {outcome}{}", began(run), took.unwrap_or_default()));
        let counts = run.end.as_ref().and_then(|end| end.counts).map(|is| {
            let repeated = match is.repeated {
                0 => String::new(),
                repeated => format!("{repeated} repeated, "),
            };
            let left_out = match is.blanked {
                0 => String::new(),
                blanked => format!("{blanked} values left out, "),
            };
            format!(
                "{} read, {} new, {} changed, {repeated}{} removed, {} quarantined, {left_out}{} embedded",
                is.read, is.inserted, is.changed, is.removed, is.quarantined, is.embedded
            )
        });
        let details = [feeds(run), counts, reason.map(str::to_owned)];
        for detail in details.into_iter().flatten() {
            output::line(&format!("  {}", output::one_line(&detail)));
        }
    }
}

/// Returns the first feed, and the number of the others.
fn feeds(run: &Run) -> Option<String> {
    match &*run.feeds {
        [] => None,
        [feed] => Some(feed.clone()),
        [feed, others @ ..] => Some(format!("{feed} and {} more", others.len())),
    }
}

/// Returns the start of a run, to the second.
fn began(run: &Run) -> String {
    let began = akin_views::format_timestamp(run.began);
    began.split_once('.').map_or(&*began, |(second, _)| second).to_owned()
}

/// Returns the outcome and its reason.
fn outcome(run: &Run) -> (&'static str, Option<&str>) {
    let is_alive = run.holder.as_ref().and_then(process::is_alive);
    let unfinished = match is_alive {
        _ if is_running(run) => "unfinished: still running",
        Some(true) => "unfinished: its process is alive, but has not renewed its lease",
        Some(false) => "unfinished: killed",
        // Of processes on other machines only the lease is known.
        None => "unfinished: no sign of life, its lease has expired",
    };
    run.end.as_ref().map_or((unfinished, None), |end| end.outcome.parts())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use akin_entities::{Timestamp, Version};
    use akin_ports::RunHolder;

    #[test]
    fn a_run_whose_lease_has_expired_is_killed_only_if_its_process_is_known_to_be_gone() {
        let run = |holder, holds_lease| {
            let (version, began) = (Version(1), Timestamp(1));
            Run { version, began, holder: Some(holder), feeds: Vec::new(), holds_lease, end: None }
        };
        let elsewhere = RunHolder { name: String::new(), key: "another machine".to_owned() };
        assert_eq!(outcome(&run(process::holder(), true)).0, "unfinished: still running");
        let lapsed = "unfinished: its process is alive, but has not renewed its lease";
        assert_eq!(outcome(&run(process::holder(), false)).0, lapsed);
        let unknown = "unfinished: no sign of life, its lease has expired";
        assert_eq!(outcome(&run(elsewhere, false)).0, unknown);
        let own = process::holder().key;
        let parts: Vec<_> = own.split(' ').collect();
        // A process of this number that began at another time.
        let key = [parts[0], parts[1], parts[2], "1"].join(" ");
        let gone = RunHolder { name: String::new(), key };
        assert_eq!(outcome(&run(gone, true)).0, "unfinished: killed");
    }
}
