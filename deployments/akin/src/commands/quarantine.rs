//! What was refused, as a list or as a feed to be mended.

mod mending;

use crate::output::Format;
use crate::sink::Sink;
use crate::{exit, output};
use akin_composition::CatalogueSettings;
use akin_ports::{ProductStore, QuarantinedRow};
use akin_usecases::ExportQuarantine;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// List the rows that were refused, and why, or write them to be mended.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin quarantine --json\n  akin quarantine --csv bad.csv\n  akin ingest bad.csv\n\nA file of --csv has a line for each row: the columns of a feed, with what stood in them, then the feed, the line and what was refused, which `akin ingest` passes over. Mend it, delete the lines of which nothing could be read, and ingest it with the --currency and --rate of its feed; no --map applies to it. That adds and changes products, and removes none.\n\nRows leave the quarantine when a later `akin ingest` of the same feed has read it whole: those that were mended in a file of their own stay in it until the feed is mended too. Where `--complete` feeds name all products, hand the mended file over with them."
)]
pub(crate) struct Arguments {
    /// How many rows to list at the most.
    #[arg(long, env = "AKIN_LIMIT", default_value_t = 1000, value_name = "N")]
    limit: usize,

    /// Write all rows as a CSV feed that can be mended and ingested again; without a name, or to
    /// `-`, to the standard output.
    #[arg(
        long,
        env = "AKIN_CSV",
        value_name = "FILE",
        num_args = 0..=1,
        default_missing_value = "-"
    )]
    csv: Option<PathBuf>,

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

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let store = arguments.catalogue.builder().store().open().await?.store()?;
    if let Some(path) = &arguments.csv {
        return write(store, path).await;
    }
    let rows = store.quarantined(None, arguments.limit).await?;
    let rows: Vec<_> = rows.into_iter().map(Row::from).collect();
    if arguments.format.json {
        output::json(&rows);
        return Ok(exit::DONE);
    }
    if rows.is_empty() {
        output::note("no row is in quarantine");
        return Ok(exit::DONE);
    }
    let mut table = output::table(&["feed", "line", "field", "value", "reason"]);
    for Row { feed, line, field, value, reason } in &rows {
        let field = if field.is_empty() { "row" } else { field };
        let line = output::number(&line.to_string());
        let [feed, field, value, reason] = [feed, field, value, reason].map(output::text);
        table.add_row([feed, line, field, value, reason]);
    }
    output::print(table);
    Ok(exit::DONE)
}

/// Writes all rows to `path`, to be mended.
async fn write(store: Arc<dyn ProductStore>, path: &Path) -> anyhow::Result<ExitCode> {
    let file = (path.as_os_str() != "-").then_some(path);
    let mut sink = Sink::open(file, "--csv")?;
    sink.write(&mending::header()?)?;
    let export = ExportQuarantine { store };
    export.run(|rows| sink.write(&mending::lines(&rows)?)).await?;
    sink.finish()?;
    Ok(exit::DONE)
}
