use crate::compose::DataSettings;
use crate::{exit, output};
use ports::ProductStore;
use serde_json::json;
use std::process::ExitCode;

/// List the rows that were refused, and why.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  akin quarantine --json")]
pub(crate) struct Arguments {
    /// How many rows to list at the most.
    #[arg(long, default_value_t = 1000)]
    limit: usize,

    /// Print one JSON document.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    data: DataSettings,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let rows = arguments.data.open().await?.store().quarantined(arguments.limit).await?;
    if arguments.json {
        let rows = rows.iter().map(|row| {
            json!({
                "feed": row.feed,
                "line": row.row.line,
                "field": row.row.field,
                "value": row.row.value,
                "reason": row.row.reason,
            })
        });
        output::json(&rows.collect());
        return Ok(exit::DONE);
    }
    if rows.is_empty() {
        output::note("no row is in quarantine");
        return Ok(exit::DONE);
    }
    let mut table = output::table(&["feed", "line", "field", "value", "reason"]);
    for row in rows {
        let line = row.row.line.to_string();
        table.add_row([&row.feed, &line, &row.row.field, &row.row.value, &row.row.reason]);
    }
    output::line(&table.to_string());
    Ok(exit::DONE)
}
