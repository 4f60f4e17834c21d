//! Quarantined rows, as a list or as a feed to correct, and what has been dealt with removed.

mod csv_feed;

use crate::output::{Cell, Format, Table};
use crate::sink::{Sink, is_standard_output};
use crate::{exit, output};
use akin_composition::{BadSettings, CatalogueSettings};
use akin_ports::{PortResult, ProductStore, QuarantinedRow};
use akin_usecases::{ClearQuarantine, ExportQuarantine, QuarantinePages};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// List refused rows, and values that were left out of products, with their reasons; write them as a feed to
/// correct, or remove them.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin quarantine --json\n  akin quarantine --csv bad.csv\n  akin ingest --max-refused 100% bad.csv\n  akin quarantine --feed acme --clear\n\nThe file of --csv has a line for each row: the columns of a feed with their original values, then the feed, the line and the reasons, which `akin ingest` ignores. Correct the values, delete the lines that could not be read at all, and ingest the file with the --currency and --rate of its feed, without --map. Rows that are not corrected are quarantined again, as many as --max-refused allows. That adds and changes products, and removes none.\n\nA row leaves the quarantine when a later `akin ingest` reads its whole feed. Rows that were corrected in a separate file stay until the feed is corrected too, or until --clear removes them; a feed that still has them brings them back. With `--complete`, ingest the corrected file together with the feeds."
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
    /// `refused` if the row is no product, `kept` if it is one without this value.
    #[serde(rename = "row")]
    outcome: &'static str,
    field: String,
    value: String,
    reason: String,
}

impl From<QuarantinedRow> for Row {
    fn from(QuarantinedRow { feed, row, .. }: QuarantinedRow) -> Self {
        let akin_ports::RefusedRow { line, is_kept, field, value, reason, .. } = row;
        let outcome = if is_kept { "kept" } else { "refused" };
        Self { feed, line, outcome, field, value, reason }
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
    let is_filtered = arguments.feed.is_some();
    let mut pages = QuarantinePages::new(store.clone(), arguments.feed);
    let rows = pages.next(arguments.limit).await?;
    let rows: Vec<_> = rows.into_iter().map(Row::from).collect();
    let total = if is_filtered {
        rows.len() as u64 + count(pages).await?
    } else {
        let counts = store.counts().await?;
        counts.quarantined + counts.blanked
    };
    let more = unlisted(rows.len(), total);
    if arguments.format.json {
        output::json(&rows);
        if let Some(more) = more {
            output::note(&more);
        }
    } else if rows.is_empty() && more.is_none() {
        output::note("the quarantine is empty");
    } else {
        print(&rows);
        if let Some(more) = more {
            output::line(&more);
        }
    }
    Ok(exit::DONE)
}

/// Counts the rows that are left.
async fn count(mut pages: QuarantinePages) -> PortResult<u64> {
    let mut count = 0;
    loop {
        match pages.next(PAGE).await?.len() {
            0 => return Ok(count),
            page => count += page as u64,
        }
    }
}

/// The number of rows read at a time, which bounds the memory.
const PAGE: usize = 1_000;

/// Says that the quarantine has more rows than were listed.
fn unlisted(listed: usize, total: u64) -> Option<String> {
    ((listed as u64) < total).then(|| {
        format!(
            "{listed} of {total} rows listed: --limit {total} lists all, --csv FILE writes them"
        )
    })
}

fn print(rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    let mut table = Table::new(&["feed", "line", "row", "field", "value", "reason"]);
    for Row { feed, line, outcome, field, value, reason } in rows {
        let line = Cell::number(&line.to_string());
        let [feed, outcome, field, value, reason] =
            [feed, *outcome, field, value, reason].map(Cell::text);
        table.add_row([feed, line, outcome, field, value, reason]);
    }
    output::print(table);
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
    // Neither pipes and devices nor folders are replaced.
    let would_replace = !overwrite && !is_standard_output(path) && path.is_file();
    let problem = would_replace
        .then(|| format!("--csv (AKIN_CSV): {} exists; --overwrite replaces it", path.display()));
    BadSettings::refuse(problem.into_iter().collect())?;
    let mut sink = Sink::open(Some(path), "--csv").await?;
    sink.write(&csv_feed::header()?)?;
    export.run(|rows| sink.write(&csv_feed::lines(&rows)?)).await?;
    sink.finish()?;
    Ok(exit::DONE)
}
