use crate::compose::{self, EngineSettings, Opened};
use crate::feed_settings::{FeedSettings, Found};
use crate::output::Format;
use crate::progress::{Progress, Unit};
use crate::{exit, output};
use entities::Currency;
use ports::{PortError, ProductFeed, RefusedRow};
use serde::Serialize;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use usecases::{EmbedChanges, EmbedSummary, IngestError, IngestFeed, IngestSummary};

/// Read product feeds and embed what changed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin ingest catalogue.csv\n  akin ingest 'feeds/*.xml.gz' --map g:color=attributes\n  curl -s https://shop.example/feed.jsonl.zst | akin ingest -\n\nA second run over the same feed embeds nothing. A run that was cut short is finished by the next."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    feeds: FeedSettings,

    /// Keep the products, but leave their embedding to a later run.
    #[arg(long, env = "AKIN_NO_EMBED")]
    no_embed: bool,

    /// The currency of a price without sign or code.
    #[arg(long, env = "AKIN_CURRENCY", default_value = "USD", value_name = "CODE", value_parser = Currency::new)]
    currency: Currency,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    engine: EngineSettings,
}

/// What the whole run did.
#[derive(Debug, Default)]
struct Run {
    rows: IngestSummary,
    /// The first rows that were refused, with the feed they stand in.
    refused: Vec<(String, RefusedRow)>,
    embedding: EmbedSummary,
    seconds: f64,
    /// Feeds that could not be read to their ends; what was read of them is kept.
    unread: Vec<anyhow::Error>,
}

/// What a script learns of a run.
#[derive(Debug, Serialize)]
struct Report {
    read: u64,
    inserted: u64,
    changed: u64,
    unchanged: u64,
    removed: u64,
    quarantined: u64,
    embedded: u64,
    updated_fields: u64,
    failed: usize,
    seconds: f64,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let (feeds, unsigned) = (arguments.feeds.found()?, arguments.currency);
    let mut run = Run::default();
    if arguments.no_embed {
        let store = arguments.engine.catalogue.open_store().await?;
        run.read(&feeds, &IngestFeed { store, unsigned }).await?;
    } else {
        let engine = arguments.engine.open().await?;
        run.read(&feeds, &IngestFeed { store: engine.store.clone(), unsigned }).await?;
        run.embedding = embed(&engine).await?;
        engine.backends.settle().await?;
    }
    run.seconds = began.elapsed().as_secs_f64();
    if arguments.format.json {
        output::json(&run.report());
    } else if run.rows.read > 0 || run.unread.is_empty() {
        run.print(arguments.no_embed);
    }
    run.remarks();
    Ok(run.code())
}

async fn embed(engine: &Opened) -> Result<EmbedSummary, PortError> {
    let embed = EmbedChanges { store: engine.store.clone(), targets: engine.targets() };
    let progress = Progress::new("embedding".to_owned(), Unit::Products);
    embed.run(&|at: usecases::EmbedProgress| progress.at(at.done, Some(at.total), "")).await
}

impl Run {
    /// Reads every feed; one that cannot be read to its end keeps none of the others waiting.
    async fn read(&mut self, feeds: &Found, ingest: &IngestFeed) -> Result<(), IngestError> {
        for path in &feeds.files {
            match feeds::open(path, &feeds.options) {
                Ok(feed) => self.read_one(feed, ingest).await?,
                Err(error) => self.unread.push(error.into()),
            }
        }
        Ok(())
    }

    async fn read_one(
        &mut self,
        mut feed: Box<dyn ProductFeed>,
        ingest: &IngestFeed,
    ) -> Result<(), IngestError> {
        let name = feed.name().to_owned();
        let progress = Progress::new(format!("reading {name}"), Unit::Bytes);
        let so_far = Mutex::new(IngestSummary::default());
        let observe = |at: usecases::IngestProgress<'_>| {
            progress.at(at.feed.read, at.feed.total, &format!("{} rows", at.summary.read));
            at.summary.clone_into(&mut so_far.lock().unwrap_or_else(PoisonError::into_inner));
        };
        let read = ingest.run(&mut *feed, compose::now(), &observe).await;
        let summary = match read {
            Ok(summary) => summary,
            Err(error @ IngestError::Feed { .. }) => {
                self.unread.push(error.into());
                so_far.into_inner().unwrap_or_else(PoisonError::into_inner)
            }
            Err(error) => return Err(error),
        };
        self.rows.read += summary.read;
        self.rows.inserted += summary.inserted;
        self.rows.changed += summary.changed;
        self.rows.unchanged += summary.unchanged;
        self.rows.quarantined += summary.quarantined;
        self.refused.extend(summary.refused.into_iter().map(|row| (name.clone(), row)));
        Ok(())
    }

    fn code(&self) -> ExitCode {
        match self.unread.first() {
            Some(error) => exit::of(error),
            None if !self.embedding.failures.is_empty() => exit::partly(),
            None => exit::DONE,
        }
    }

    /// What went wrong, and what should be looked at.
    fn remarks(&self) {
        if self.embedding.truncated > 0 {
            let texts = plural(self.embedding.truncated, "text is", "texts are");
            output::note(&format!("{texts} longer than the model reads; the end does not count"));
        }
        for (feed, RefusedRow { line, field, value, reason }) in &self.refused {
            let field = if field.is_empty() { "row" } else { field };
            output::note(&format!("{feed}, line {line}, {field} {value:?}: {reason}"));
        }
        if self.rows.quarantined > self.refused.len() as u64 {
            output::note("`akin quarantine` lists the rest");
        }
        for (id, error) in &self.embedding.failures {
            output::note(&format!("product {id} was not embedded: {}", error.report()));
        }
        self.unread.iter().for_each(output::failure);
    }

    fn print(&self, no_embed: bool) {
        let Self { rows, embedding, seconds, .. } = self;
        output::line(&format!(
            "{} read in {seconds:.1} s: {} new, {} changed, {} unchanged, {} quarantined",
            plural(rows.read, "row", "rows"),
            rows.inserted,
            rows.changed,
            rows.unchanged,
            rows.quarantined
        ));
        if no_embed {
            return output::line("nothing embedded yet: the next run without --no-embed does it");
        }
        output::line(&format!(
            "{} embedded, {} updated without embedding, {} removed",
            plural(embedding.embedded, "product", "products"),
            embedding.updated_fields,
            embedding.removed
        ));
    }

    fn report(&self) -> Report {
        let Self { rows, embedding, seconds, .. } = self;
        Report {
            read: rows.read,
            inserted: rows.inserted,
            changed: rows.changed,
            unchanged: rows.unchanged,
            removed: embedding.removed,
            quarantined: rows.quarantined,
            embedded: embedding.embedded,
            updated_fields: embedding.updated_fields,
            failed: embedding.failures.len(),
            seconds: *seconds,
        }
    }
}

fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
