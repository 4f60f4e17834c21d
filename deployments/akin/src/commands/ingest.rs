//! Ingestion: from feeds to embeddings.

mod explain;
mod outcome;
mod record;
mod schedule;

use crate::embedding::{embed_here, optimize};
use crate::exit;
use crate::feed_settings::FeedSettings;
use crate::output::Format;
use crate::progress::{Progress, Unit};
use crate::signals::{GRACE, Interrupted, Stop, asked_to_end};
use akin_composition::{Composition, CompositionError, EngineSettings, IngestSettings};
use akin_entities::Version;
use akin_ports::{FeedSource, ProductStore};
use akin_usecases::{
    BegunRun, CatalogueProgress, CatalogueStatus, IngestError, IngestToQueue, IngestToQueueError,
    RunError,
};
use outcome::Outcome;
use record::Record;
pub(crate) use record::described;
use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Read product feeds and embed what changed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin ingest catalogue.csv\n  akin ingest 'feeds/*.xml.gz' --map g:color=attributes\n  akin ingest --complete --dry-run catalogue.csv\n  akin ingest --complete --every 1h /srv/feeds/catalogue.csv\n  curl -s https://shop.example/feed.jsonl.zst | akin ingest --feed-name shop -\n\nA second run over the same feed embeds nothing. The next run finishes one that was interrupted."
)]
pub(crate) struct IngestArguments {
    #[command(flatten)]
    feeds: FeedSettings,

    #[command(flatten)]
    ingestion: IngestSettings,

    /// Report what the run would do, and change nothing.
    #[arg(long, env = "AKIN_DRY_RUN")]
    dry_run: bool,

    /// Show how the feeds are understood: the profile, what each column gives and which are not read, and five
    /// products. Nothing is changed.
    #[arg(long, env = "AKIN_EXPLAIN_FEED", conflicts_with_all = ["every", "dry_run"])]
    explain_feed: bool,

    /// Repeat at this interval, start to start (±10%), and print a line for each run.
    #[arg(long, env = "AKIN_EVERY", value_name = "TIME", value_parser = schedule::interval)]
    every: Option<Duration>,

    /// Store the products, and leave the embedding to `akin worker` or to a later run.
    #[arg(long, env = "AKIN_NO_EMBED")]
    no_embed: bool,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    engine: EngineSettings,
}

pub(crate) async fn run(arguments: IngestArguments) -> anyhow::Result<ExitCode> {
    if arguments.explain_feed {
        let feeds = arguments.sources().await?;
        explain::tell(&arguments.ingestion.explain(), &feeds, arguments.format.json).await?;
        return Ok(exit::DONE);
    }
    let asked = asked_to_end()?;
    let (record, stop) = (Record::default(), Stop::default());
    let mut work = Box::pin(arguments.all(&record, &stop));
    let signal = tokio::select! {
        done = &mut work => return done,
        signal = asked => signal,
    };
    // Products that are being embedded are written and leave the outbox, unless it takes too long.
    if stop.ask() {
        let asked_again = asked_to_end()?;
        tokio::select! {
            done = &mut work => match done {
                Err(error) if error.is::<Interrupted>() => {}
                done => return done,
            },
            _ = asked_again => {}
            () = tokio::time::sleep(GRACE) => {}
        }
    }
    drop(work);
    record.interrupt().await;
    Ok(exit::cut_short(signal))
}

impl IngestArguments {
    /// Runs once, or at an interval.
    async fn all(&self, record: &Record, stop: &Stop) -> anyhow::Result<ExitCode> {
        if let Some(interval) = self.every {
            // A bad setting would fail every run.
            self.sources().await?;
            self.feeds.refuse_standard_input("--every (AKIN_EVERY)")?;
            let run = async || self.once(record, stop).await;
            schedule::repeat(interval, self.format.json, run).await;
            return Err(Interrupted.into());
        }
        match self.once(record, stop).await {
            Ok(outcome) => Ok(outcome.tell(self.format.json)),
            Err(error) => {
                outcome::tell_refused(&error);
                Err(advised(error))
            }
        }
    }

    async fn once(&self, record: &Record, stop: &Stop) -> anyhow::Result<Outcome> {
        let feeds = self.sources().await.map_err(anyhow::Error::from);
        if self.dry_run {
            return self.dry_run(&feeds?).await;
        }
        let feeds = match feeds {
            Ok(feeds) => feeds,
            Err(error) => return Err(self.not_begun(error, record).await),
        };
        if self.no_embed {
            self.store(&feeds, record).await
        } else {
            self.embed(&feeds, record, stop).await
        }
    }

    /// Returns the named feeds. All settings of them that are wrong are refused at once.
    async fn sources(&self) -> Result<Vec<Arc<dyn FeedSource>>, CompositionError> {
        self.feeds.sources(&self.engine.catalogue, self.ingestion.problems()).await
    }

    /// Records a run that failed with `error` before it began, unless there is no catalogue yet.
    async fn not_begun(&self, error: anyhow::Error, record: &Record) -> anyhow::Error {
        let opened = self.engine.catalogue.builder().existing().store().open().await;
        if let Ok(runs) = opened.and_then(|opened| opened.runs()) {
            let failure = async |_| Err(anyhow::anyhow!("{error:#}"));
            // While another run works, this one is not recorded. The error is reported in any case.
            drop(record.keep(runs, self.feeds.names(), Duration::ZERO, failure).await);
        }
        error
    }

    /// Ingests without embedding.
    async fn store(
        &self,
        feeds: &[Arc<dyn FeedSource>],
        record: &Record,
    ) -> anyhow::Result<Outcome> {
        let opened = self.engine.catalogue.builder().store().queue().open().await?;
        let CatalogueStatus { store, queue, runs } = opened.status()?;
        let ingest = IngestToQueue { ingest: self.ingestion.ingest(store), queue };
        let run = async |begun: BegunRun| {
            let observer = Observer::default();
            let observe = |at: CatalogueProgress<'_>| observer.show(at);
            let stored = ingest.run(feeds, begun.version, &observe).await;
            let summary = stored.map_err(|error| match error {
                // What is said of these depends on their kind.
                IngestToQueueError::Ingest(error) => anyhow::Error::from(error),
                error => error.into(),
            })?;
            Ok(Outcome::stored(summary, begun.since.elapsed()))
        };
        record.keep(runs, names(feeds), self.ingestion.wait, run).await
    }

    /// Ingests and embeds.
    async fn embed(
        &self,
        feeds: &[Arc<dyn FeedSource>],
        record: &Record,
        stop: &Stop,
    ) -> anyhow::Result<Outcome> {
        let opened = match self.open_engines().await {
            Ok(opened) => opened,
            Err(error) => return Err(self.not_begun(error.into(), record).await),
        };
        let run = async |begun: BegunRun| {
            let summary = self.read(feeds, opened.store()?, begun.version).await?;
            let embedded = embed_here(&opened, stop).await?;
            optimize(&opened).await;
            let limit = opened.engines().first().map(|engine| engine.embedder.token_limit());
            let took = begun.since.elapsed();
            Ok(Outcome::embedded(summary, embedded, took).with_token_limit(limit))
        };
        record.keep(opened.runs()?, names(feeds), self.ingestion.wait, run).await
    }

    /// Opens the engines and registers their indexes, unless they hold embeddings of another model.
    async fn open_engines(&self) -> Result<Composition, CompositionError> {
        let opened = self.engine.builder().engines().queue().open().await?;
        opened.refuse_other_models().await?;
        opened.register_indexes()?.run().await?;
        Ok(opened)
    }

    async fn read(
        &self,
        feeds: &[Arc<dyn FeedSource>],
        store: Arc<dyn ProductStore>,
        at: Version,
    ) -> anyhow::Result<akin_usecases::CatalogueSummary> {
        let observer = Observer::default();
        let observe = |at: CatalogueProgress<'_>| observer.show(at);
        let ingest = self.ingestion.ingest(store);
        Ok(ingest.run(feeds, at, &observe).await?)
    }

    async fn dry_run(&self, feeds: &[Arc<dyn FeedSource>]) -> anyhow::Result<Outcome> {
        let began = Instant::now();
        let store = self.engine.catalogue.builder().open_store_or_empty().await?;
        let observer = Observer::default();
        let observe = |at: CatalogueProgress<'_>| observer.show(at);
        let ingest = self.ingestion.ingest(store);
        let dry_run = ingest.dry_run(feeds, &observe).await?;
        match dry_run.refusal {
            Some(refusal) => Err(refusal.into()),
            None => Ok(Outcome::dry_run(dry_run, began.elapsed())),
        }
    }
}

/// Returns the names of `feeds`.
fn names(feeds: &[Arc<dyn FeedSource>]) -> Vec<String> {
    feeds.iter().map(|feed| feed.name().to_owned()).collect()
}

/// Adds the remedy to a run that was refused, or did not begin.
pub(crate) fn advised(error: anyhow::Error) -> anyhow::Error {
    if let Some(RunError::Busy(run)) = error.downcast_ref() {
        let run = described(run);
        return anyhow::anyhow!(
            "{run} is still running: run this one later, or wait longer with --wait (AKIN_WAIT)"
        );
    }
    let remedy = match error.downcast_ref::<IngestError>() {
        Some(IngestError::TooManyRefused { .. }) => {
            "fix the feed, or allow more with --max-refused (AKIN_MAX_REFUSED)"
        }
        Some(IngestError::TooManyMissing { .. }) => {
            "check whether the feed was cut short, or allow more with --max-removed \
             (AKIN_MAX_REMOVED)"
        }
        Some(IngestError::EmptySnapshot { .. }) => {
            "check whether the feed was cut short; without --complete nothing is removed"
        }
        _ => return error,
    };
    anyhow::anyhow!("{error}; {remedy}")
}

/// Shows the progress of each part of a run.
#[derive(Debug, Default)]
struct Observer(Mutex<HashMap<String, Progress>>);

impl Observer {
    fn show(&self, at: CatalogueProgress<'_>) {
        let reading = |feed: akin_usecases::IngestProgress<'_>| {
            (feed.feed.read, feed.feed.total, format!("{} rows", feed.summary.read))
        };
        let (what, unit, (done, total, detail)) = match at {
            CatalogueProgress::Surveying(name, at) => {
                (format!("reading {name}"), Unit::Bytes, reading(at))
            }
            CatalogueProgress::Writing(name, at) => {
                (format!("storing {name}"), Unit::Bytes, reading(at))
            }
            CatalogueProgress::Removing(done, all) => {
                ("removing".to_owned(), Unit::Products, (done, Some(all), String::new()))
            }
        };
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !shown.contains_key(&what) {
            // The previous part is done.
            shown.clear();
        }
        let progress = shown.entry(what.clone()).or_insert_with(|| Progress::new(what, unit));
        progress.at(done, total, &detail);
    }
}
