use crate::compose::DataSettings;
use crate::output::Format;
use crate::{exit, output};
use comfy_table::Cell;
use serde::Serialize;
use std::process::ExitCode;
use std::sync::Arc;
use usecases::CatalogueStatus;

/// Say what there is to find, and what is still to be done.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  akin status --json")]
pub(crate) struct Arguments {
    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    data: DataSettings,
}

#[derive(Debug, Serialize)]
struct Report {
    data: String,
    products: u64,
    indexed: u64,
    waiting: u64,
    quarantined: u64,
    model: Option<String>,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let engine = arguments.data.open().await?;
    let status =
        CatalogueStatus { store: Arc::new(engine.store()), index: Arc::new(engine.index()) };
    let status = status.run().await?;
    let report = Report {
        data: arguments.data.folder()?.display().to_string(),
        products: status.store.products,
        indexed: status.indexed,
        waiting: status.store.outbox,
        quarantined: status.store.quarantined,
        model: status.fingerprint.map(|fingerprint| fingerprint.to_string()),
    };
    if arguments.format.json {
        output::json(&report);
    } else {
        report.print();
    }
    Ok(exit::DONE)
}

impl Report {
    fn print(self) {
        let mut table = output::table(&[]);
        for (name, value) in [
            ("data", self.data),
            ("products", self.products.to_string()),
            ("indexed", self.indexed.to_string()),
            ("waiting to be embedded", self.waiting.to_string()),
            ("rows in quarantine", self.quarantined.to_string()),
            ("model", self.model.unwrap_or_else(|| "none yet".to_owned())),
        ] {
            table.add_row([Cell::new(name), output::text(&value)]);
        }
        output::print(table);
    }
}
