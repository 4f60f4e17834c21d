//! Quarantined rows, as a list or as a feed to correct.

mod csv_feed;

use crate::output::{Cell, Format, Table};
use crate::sink::Sink;
use crate::{exit, output};
use akin_composition::{BadSettings, CatalogueSettings};
use akin_ports::{ProductStore, QuarantinedRow};
use akin_usecases::ExportQuarantine;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// List quarantined rows with their reasons, or write them as a feed to correct.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin quarantine --json\n  akin quarantine --csv bad.csv\n  akin ingest bad.csv\n\nThe file of --csv has a line for each row: the columns of a feed with their original values, then the feed, the line and the reasons, which `akin ingest` ignores. Correct the values, delete the lines that could not be read at all, and ingest the file with the --currency and --rate of its feed, without --map. That adds and changes products, and removes none.\n\nA row leaves the quarantine when a later `akin ingest` reads its whole feed. Rows that were corrected in a separate file stay until the feed is corrected too. With `--complete`, ingest the corrected file together with the feeds."
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

    /// Replace the file of --csv if it exists.
    #[arg(long, env = "AKIN_OVERWRITE")]
    overwrite: bool,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    catalogue: CatalogueSettings,
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
    if let Some(path) = &arguments.csv {
        return write(store, path, arguments.overwrite).await;
    }
    let rows = store.quarantined(None, arguments.limit).await?;
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

/// Writes all rows to `path`.
async fn write(
    store: Arc<dyn ProductStore>,
    path: &Path,
    overwrite: bool,
) -> anyhow::Result<ExitCode> {
    let file = (path.as_os_str() != "-").then_some(path);
    let exists = file.filter(|file| !overwrite && file.exists());
    let problem = exists.map(|file| {
        format!("--csv (AKIN_CSV): {} exists; --overwrite replaces it", file.display())
    });
    BadSettings::refuse(problem.into_iter().collect())?;
    let mut sink = Sink::open(file, "--csv")?;
    sink.write(&csv_feed::header()?)?;
    let export = ExportQuarantine { store };
    export.run(|rows| sink.write(&csv_feed::lines(&rows)?)).await?;
    sink.finish()?;
    Ok(exit::DONE)
}
