//! Quarantined rows, as a list or as a feed to correct, and what has been dealt with removed.

mod csv_feed;

use crate::output::{Cell, Format, Table};
use crate::sink::Sink;
use crate::{exit, output};
use akin_composition::{BadSettings, CatalogueSettings};
use akin_ports::{ProductStore, QuarantinedRow};
use akin_usecases::{ClearQuarantine, ExportQuarantine, QuarantinePages};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// List quarantined rows with their reasons, write them as a feed to correct, or remove them.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin quarantine --json\n  akin quarantine --csv bad.csv\n  akin ingest bad.csv\n  akin quarantine --feed acme --clear\n\nThe file of --csv has a line for each row: the columns of a feed with their original values, then the feed, the line and the reasons, which `akin ingest` ignores. Correct the values, delete the lines that could not be read at all, and ingest the file with the --currency and --rate of its feed, without --map. That adds and changes products, and removes none.\n\nA row leaves the quarantine when a later `akin ingest` reads its whole feed. Rows that were corrected in a separate file stay until the feed is corrected too, or until --clear removes them; a feed that still has them brings them back. With `--complete`, ingest the corrected file together with the feeds."
)]
pub(crate) struct QuarantineArguments {
    /// The maximum number of rows to list.
    #[arg(long, env = "AKIN_LIMIT", default_value_t = 1000, value_name = "N")]
    limit: usize,

    /// Write all rows as a CSV feed to correct and ingest again; to standard output without a name
    /// or with `-`.
    #[arg(
        long,
        env = "AKIN_CSV",
        value_name = "FILE",
        num_args = 0..=1,
        default_missing_value = "-"
    )]
    csv: Option<PathBuf>,

    /// Only the rows of this feed: its path as it was ingested, or its --feed-name.
    #[arg(long, env = "AKIN_QUARANTINE_FEED", value_name = "NAME")]
    feed: Option<String>,

    /// Remove the rows, which have been dealt with.
    #[arg(long, conflicts_with = "csv")]
    clear: bool,

    /// Replace the file of --csv if it exists.
    #[arg(long, env = "AKIN_OVERWRITE")]
    overwrite: bool,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    catalogue: CatalogueSettings,
}

/// The number of refusals that were removed, by feed.
#[derive(Debug, Serialize)]
struct Cleared {
    removed: BTreeMap<String, u64>,
}

#[derive(Debug, Serialize)]
struct Row {
    feed: String,
    line: u64,
    field: String,
    value: String,
    reason: String,
}

impl From<QuarantinedRow> for Row {
    fn from(QuarantinedRow { feed, row, .. }: QuarantinedRow) -> Self {
        let akin_ports::RefusedRow { line, field, value, reason, .. } = row;
        Self { feed, line, field, value, reason }
    }
}

pub(crate) async fn run(arguments: QuarantineArguments) -> anyhow::Result<ExitCode> {
    let store = arguments.catalogue.builder().existing().store().open().await?.store()?;
    if arguments.clear {
        return clear(store, arguments).await;
    }
    if let Some(path) = &arguments.csv {
        let export = ExportQuarantine { store, feed: arguments.feed };
        return write(export, path, arguments.overwrite).await;
    }
    let mut pages = QuarantinePages::new(store, arguments.feed);
    let rows = pages.next(arguments.limit).await?;
    let rows: Vec<_> = rows.into_iter().map(Row::from).collect();
    if arguments.format.json {
        output::json(&rows);
        return Ok(exit::DONE);
    }
    if rows.is_empty() {
        output::note("the quarantine is empty");
        return Ok(exit::DONE);
    }
    let mut table = Table::new(&["feed", "line", "field", "value", "reason"]);
    for Row { feed, line, field, value, reason } in &rows {
        let field = if field.is_empty() { "row" } else { field };
        let line = Cell::number(&line.to_string());
        let [feed, field, value, reason] = [feed, field, value, reason].map(Cell::text);
        table.add_row([feed, line, field, value, reason]);
    }
    output::print(table);
    Ok(exit::DONE)
}

/// Removes rows, and says how many of which feed.
async fn clear(
    store: Arc<dyn ProductStore>,
    arguments: QuarantineArguments,
) -> anyhow::Result<ExitCode> {
    let removed = ClearQuarantine { store }.run(arguments.feed).await?;
    if arguments.format.json {
        output::json(&Cleared { removed });
    } else if removed.is_empty() {
        output::note("nothing is in quarantine");
    } else {
        for (feed, count) in &removed {
            let what = if *count == 1 { "refusal" } else { "refusals" };
            output::line(&format!("{feed}: {count} {what} removed"));
        }
    }
    Ok(exit::DONE)
}

/// Writes all rows to `path`.
async fn write(export: ExportQuarantine, path: &Path, overwrite: bool) -> anyhow::Result<ExitCode> {
    let file = (path.as_os_str() != "-").then_some(path);
    let exists = file.filter(|file| !overwrite && file.exists());
    let problem = exists.map(|file| {
        format!("--csv (AKIN_CSV): {} exists; --overwrite replaces it", file.display())
    });
    BadSettings::refuse(problem.into_iter().collect())?;
    let mut sink = Sink::open(file, "--csv")?;
    sink.write(&csv_feed::header()?)?;
    export.run(|rows| sink.write(&csv_feed::lines(&rows)?)).await?;
    sink.finish()?;
    Ok(exit::DONE)
}
