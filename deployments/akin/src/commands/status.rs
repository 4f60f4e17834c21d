use crate::backends::CatalogueSettings;
use crate::commands::queue::Counts;
use crate::engine::{Engine, StoreName};
use crate::output::Format;
use crate::settings::BadSettings;
use crate::{exit, output};
use comfy_table::Cell;
use serde::Serialize;
use std::process::ExitCode;
use usecases::{CatalogueStatus, Status};

/// Say what there is to find, and what is still to be done.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  akin status --json")]
pub(crate) struct Arguments {
    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    catalogue: CatalogueSettings,
}

#[derive(Debug, Serialize)]
struct Report {
    /// The folder of the embedded store, if it keeps the products.
    data: Option<String>,
    products: u64,
    /// By the first engine, as is the model.
    indexed: u64,
    /// In the outbox and in the queue.
    waiting: u64,
    queue: Counts,
    quarantined: u64,
    model: Option<String>,
    engines: Vec<EngineReport>,
}

#[derive(Debug, Serialize)]
struct EngineReport {
    engine: String,
    indexed: u64,
    model: Option<String>,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { format, catalogue } = arguments;
    let indexes: Vec<_> = catalogue.engines().iter().map(|engine| engine.index).collect();
    let (store, stores) = (catalogue.store(), [catalogue.store(), catalogue.queue()]);
    BadSettings::refuse(catalogue.problems_of(&stores, &indexes))?;
    let backends = catalogue.open(&stores, &indexes).await?;
    let queue = catalogue.queue_of(&backends)?.counts().await?.into();
    let mut all = Vec::new();
    for engine in catalogue.engines() {
        let status =
            CatalogueStatus { store: backends.store(store)?, index: backends.index(engine.index)? };
        all.push((*engine, status.run().await?));
    }
    let is_local = store == StoreName::Local;
    let data = is_local.then(|| catalogue.folder()).transpose()?;
    let report = Report::new(data.map(|folder| folder.display().to_string()), queue, &all);
    if format.json {
        output::json(&report);
    } else {
        report.print();
    }
    Ok(exit::DONE)
}

impl Report {
    fn new(data: Option<String>, queue: Counts, all: &[(Engine, Status)]) -> Self {
        let counts = all.first().map(|(_, status)| status.store).unwrap_or_default();
        let engines: Vec<_> = all.iter().map(EngineReport::new).collect();
        Self {
            data,
            products: counts.products,
            indexed: engines.first().map_or(0, |engine| engine.indexed),
            waiting: counts.outbox + queue.waiting,
            queue,
            quarantined: counts.quarantined,
            model: engines.first().and_then(|engine| engine.model.clone()),
            engines,
        }
    }

    fn print(self) {
        let mut lines = vec![("products".to_owned(), self.products.to_string())];
        lines.splice(..0, self.data.map(|data| ("data".to_owned(), data)));
        let several = self.engines.len() > 1;
        let named = |what: &str, engine: &str| {
            if several { format!("{what}, {engine}") } else { what.to_owned() }
        };
        for engine in &self.engines {
            lines.push((named("indexed", &engine.engine), engine.indexed.to_string()));
        }
        lines.push(("waiting to be embedded".to_owned(), self.waiting.to_string()));
        lines.push(("taken by workers".to_owned(), self.queue.in_flight.to_string()));
        lines.push(("dead letters".to_owned(), self.queue.dead.to_string()));
        lines.push(("rows in quarantine".to_owned(), self.quarantined.to_string()));
        for engine in self.engines {
            let model = engine.model.unwrap_or_else(|| "none yet".to_owned());
            lines.push((named("model", &engine.engine), model));
        }
        let mut table = output::table(&[]);
        for (name, value) in lines {
            table.add_row([Cell::new(name), output::text(&value)]);
        }
        output::print(table);
    }
}

impl EngineReport {
    fn new((engine, status): &(Engine, Status)) -> Self {
        Self {
            engine: engine.to_string(),
            indexed: status.indexed,
            model: status.fingerprint.as_ref().map(ToString::to_string),
        }
    }
}
