use crate::compose::{self, EngineSettings, Opened};
use crate::progress::{Progress, Unit};
use crate::{exit, output};
use entities::Currency;
use ports::{PortError, RefusedRow};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use usecases::{EmbedChanges, EmbedSummary, IngestFeed, IngestSummary};

/// Read product feeds and embed what changed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  akin ingest catalogue.csv\n\nA second run over the same feed embeds nothing. A run that was cut short is finished by the next."
)]
pub(crate) struct Arguments {
    /// The feeds: CSV files, `-` for standard input.
    #[arg(required = true, value_name = "FEED")]
    feeds: Vec<PathBuf>,

    /// Keep the products, but leave their embedding to a later run.
    #[arg(long, env = "AKIN_NO_EMBED")]
    no_embed: bool,

    /// The currency of a price without sign or code.
    #[arg(long, env = "AKIN_CURRENCY", default_value = "USD", value_name = "CODE", value_parser = Currency::new)]
    currency: Currency,

    /// Print one JSON document.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    engine: EngineSettings,
}

/// What the whole run did.
#[derive(Debug, Default)]
struct Run {
    rows: IngestSummary,
    embedding: EmbedSummary,
    seconds: f64,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let mut run = Run::default();
    if arguments.no_embed {
        let store = arguments.engine.data.open().await?.store();
        let ingest = IngestFeed { store: std::sync::Arc::new(store), unsigned: arguments.currency };
        read(&arguments.feeds, &ingest, &mut run.rows).await?;
    } else {
        let engine = arguments.engine.open().await?;
        let ingest = IngestFeed { store: engine.store.clone(), unsigned: arguments.currency };
        read(&arguments.feeds, &ingest, &mut run.rows).await?;
        run.embedding = embed(&engine).await?;
    }
    run.seconds = began.elapsed().as_secs_f64();
    if arguments.json {
        run.print_json();
    } else {
        run.print();
    }
    Ok(if run.embedding.failures.is_empty() { exit::DONE } else { exit::partly() })
}

async fn read(
    feeds: &[PathBuf],
    ingest: &IngestFeed,
    total: &mut IngestSummary,
) -> anyhow::Result<()> {
    for path in feeds {
        let mut feed = feeds::open(path)?;
        let progress = Progress::new(format!("reading {}", feed.name()), Unit::Bytes);
        let observe = |at: usecases::IngestProgress<'_>| {
            progress.at(at.feed.read, at.feed.total, &format!("{} rows", at.summary.read));
        };
        let summary = ingest.run(&mut *feed, compose::now(), &observe).await?;
        total.read += summary.read;
        total.inserted += summary.inserted;
        total.changed += summary.changed;
        total.unchanged += summary.unchanged;
        total.quarantined += summary.quarantined;
        total.refused.extend(summary.refused);
    }
    Ok(())
}

async fn embed(engine: &Opened) -> Result<EmbedSummary, PortError> {
    let embed = EmbedChanges {
        store: engine.store.clone(),
        embedder: engine.embedder.clone(),
        index: engine.index.clone(),
    };
    let progress = Progress::new("embedding".to_owned(), Unit::Products);
    embed.run(&|at: usecases::EmbedProgress| progress.at(at.done, Some(at.total), "")).await
}

impl Run {
    fn print(&self) {
        let Self { rows, embedding, seconds } = self;
        output::line(&format!(
            "{} rows read in {seconds:.1} s: {} new, {} changed, {} unchanged, {} quarantined",
            rows.read, rows.inserted, rows.changed, rows.unchanged, rows.quarantined
        ));
        output::line(&format!(
            "{} products embedded, {} updated without embedding, {} removed",
            embedding.embedded, embedding.updated_fields, embedding.removed
        ));
        if embedding.truncated > 0 {
            let texts = embedding.truncated;
            output::note(&format!(
                "{texts} texts are longer than the model reads; their ends do not count"
            ));
        }
        for RefusedRow { line, field, value, reason } in &rows.refused {
            let field = if field.is_empty() { "row" } else { field };
            output::note(&format!("line {line}, {field} {value:?}: {reason}"));
        }
        if rows.quarantined > rows.refused.len() as u64 {
            output::note("`akin quarantine` lists the rest");
        }
        for (id, error) in &embedding.failures {
            output::note(&format!("product {id} was not embedded: {}", error.report()));
        }
    }

    fn print_json(&self) {
        let Self { rows, embedding, seconds } = self;
        output::json(&json!({
            "read": rows.read,
            "inserted": rows.inserted,
            "changed": rows.changed,
            "unchanged": rows.unchanged,
            "removed": embedding.removed,
            "quarantined": rows.quarantined,
            "embedded": embedding.embedded,
            "updated_fields": embedding.updated_fields,
            "failed": embedding.failures.len(),
            "seconds": seconds,
        }));
    }
}
