use crate::compose::DataSettings;
use crate::{exit, output};
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;
use usecases::CatalogueStatus;

/// Say what there is to find, and what is still to be done.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  akin status --json")]
pub(crate) struct Arguments {
    /// Print one JSON document.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    data: DataSettings,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let engine = arguments.data.open().await?;
    let status =
        CatalogueStatus { store: Arc::new(engine.store()), index: Arc::new(engine.index()) };
    let status = status.run().await?;
    let folder = arguments.data.folder()?.display().to_string();
    let model = status.fingerprint.map(|fingerprint| fingerprint.to_string());
    if arguments.json {
        output::json(&json!({
            "data": folder,
            "products": status.store.products,
            "indexed": status.indexed,
            "waiting": status.store.outbox,
            "quarantined": status.store.quarantined,
            "model": model,
        }));
        return Ok(exit::DONE);
    }
    let mut table = output::table(&["", ""]);
    for (name, value) in [
        ("data", folder),
        ("products", status.store.products.to_string()),
        ("indexed", status.indexed.to_string()),
        ("waiting to be embedded", status.store.outbox.to_string()),
        ("rows in quarantine", status.store.quarantined.to_string()),
        ("model", model.unwrap_or_else(|| "none yet".to_owned())),
    ] {
        table.add_row([name, &value]);
    }
    output::line(&table.to_string());
    Ok(exit::DONE)
}
