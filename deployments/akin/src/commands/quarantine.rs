use crate::backends::CatalogueSettings;
use crate::output::Format;
use crate::{exit, output};
use ports::QuarantinedRow;
use serde::Serialize;
use std::process::ExitCode;

/// List the rows that were refused, and why.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  akin quarantine --json\n\nRows leave the quarantine when a later `akin ingest` of the same feed has read it whole."
)]
pub(crate) struct Arguments {
    /// How many rows to list at the most.
    #[arg(long, env = "AKIN_LIMIT", default_value_t = 1000, value_name = "N")]
    limit: usize,

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
        let ports::RefusedRow { line, field, value, reason } = row;
        Self { feed, line, field, value, reason }
    }
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let rows = arguments.catalogue.open_store().await?.quarantined(arguments.limit).await?;
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
