use crate::output::Format;
use crate::{exit, output};
use akin_composition::{Builder, CatalogueSettings, EngineName, StoreName};
use akin_ports::Run;
use akin_usecases::{IndexStatus, Status};
use akin_views::{Audience, LAST_RUNS, StatusView};
use comfy_table::{Cell, ColumnConstraint};
use serde::Serialize;
use std::process::ExitCode;

/// Say what there is to find, what is still to be done, and what the last ingestions did.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  akin status --json")]
pub(crate) struct Arguments {
    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    catalogue: CatalogueSettings,
}

/// How many ingestions the table shows.
const SHOWN_RUNS: usize = 5;

#[derive(Debug, Serialize)]
struct Report {
    /// The folder of the embedded store, if it keeps the products.
    data: Option<String>,
    /// What is indexed is so by the first engine, as is the model.
    #[serde(flatten)]
    status: StatusView,
    engines: Vec<EngineReport>,
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

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { format, catalogue } = arguments;
    let builder = catalogue.builder().store().queue();
    let indexes = catalogue.engines.iter().map(|engine| engine.index);
    let opened = indexes.fold(builder, Builder::index).open().await?;
    let status = opened.status()?.run(LAST_RUNS).await?;
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
        output::json(&Report { data, status, engines });
    } else {
        print(data, &status, &engines);
        print_runs(&status.runs);
    }
    Ok(exit::DONE)
}

fn print(data: Option<String>, status: &Status, engines: &[(EngineName, IndexStatus)]) {
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
    for (engine, index) in engines {
        let model = index.fingerprint.as_ref();
        let model = model.map_or_else(|| "none yet".to_owned(), ToString::to_string);
        lines.push((named("model", engine), model));
    }
    let mut table = output::table(&[]);
    for (name, value) in lines {
        table.add_row([Cell::new(name), output::text(&value)]);
    }
    output::print(table);
}

/// The last ingestions, below the rest, and why some did not do all; nothing where there was none.
fn print_runs(runs: &[Run]) {
    if runs.is_empty() {
        return;
    }
    let runs = &runs[..runs.len().min(SHOWN_RUNS)];
    output::line("");
    let mut table = output::table(&[
        "began (UTC)",
        "feed",
        "took",
        "read",
        "new",
        "changed",
        "removed",
        "quarantined",
        "embedded",
        "outcome",
    ]);
    table.add_rows(runs.iter().map(cells));
    for (place, column) in table.column_iter_mut().enumerate() {
        if place != 1 {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    output::print(table);
    for run in runs {
        if let (name, Some(reason)) = outcome(run) {
            let told = output::text(&format!("{} {name}: {reason}", began(run))).content();
            output::line(&told);
        }
    }
}

fn cells(run: &Run) -> Vec<Cell> {
    let feed = match &*run.feeds {
        [] => String::new(),
        [feed] => feed.clone(),
        [feed, others @ ..] => format!("{feed} and {} more", others.len()),
    };
    let took = run.end.as_ref().map(|end| format!("{:.1} s", end.took.as_secs_f64()));
    let mut cells = vec![Cell::new(began(run)), output::text(&feed)];
    cells.push(output::number(&took.unwrap_or_default()));
    let counts = run.end.as_ref().and_then(|end| end.counts).map(|is| {
        [is.read, is.inserted, is.changed, is.removed, is.quarantined, is.embedded].map(Some)
    });
    for count in counts.unwrap_or_default() {
        cells.push(output::number(&count.map_or_else(String::new, |count| count.to_string())));
    }
    cells.push(Cell::new(outcome(run).0));
    cells
}

/// To the second.
fn began(run: &Run) -> String {
    let began = akin_views::format_timestamp(run.began);
    began.split_once('.').map_or(&*began, |(second, _)| second).to_owned()
}

/// Nobody can tell a run that goes on from one whose process was killed.
fn outcome(run: &Run) -> (&'static str, Option<&str>) {
    run.end.as_ref().map_or(("running or killed", None), |end| end.outcome.parts())
}
