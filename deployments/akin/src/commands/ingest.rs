//! Feeds in, as far as the embeddings.

mod outcome;
mod record;
mod schedule;

use crate::embedding::{embed_here, hand_on};
use crate::exit;
use crate::feed_settings::FeedSettings;
use crate::output::{self, Format};
use crate::progress::{Progress, Unit};
use crate::signals::asked_to_end;
use akin_composition::EngineSettings;
use akin_entities::{Currency, Version};
use akin_ports::{FeedSource, ProductStore};
use akin_usecases::{
    CatalogueProgress, CatalogueStatus, IngestCatalogue, IngestError, Limits, Percentage,
    StartedRun,
};
use outcome::{Outcome, plural};
use record::Record;
use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Read product feeds and embed what changed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin ingest catalogue.csv\n  akin ingest 'feeds/*.xml.gz' --map g:color=attributes\n  akin ingest --complete --dry-run catalogue.csv\n  akin ingest --complete --every 1h /srv/feeds/catalogue.csv\n  curl -s https://shop.example/feed.jsonl.zst | akin ingest -\n\nA second run over the same feed embeds nothing. A run that was cut short is finished by the next."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    feeds: FeedSettings,

    /// The feeds together name all that the shop sells: remove the products that none of them names.
    #[arg(long, env = "AKIN_COMPLETE")]
    complete: bool,

    /// Say what the run would do, and do nothing.
    #[arg(long, env = "AKIN_DRY_RUN")]
    dry_run: bool,

    /// Change nothing if more of the rows than this cannot be products.
    #[arg(long, env = "AKIN_MAX_REFUSED", default_value = "20%", value_name = "SHARE")]
    max_refused: Percentage,

    /// Change nothing if complete feeds do not name more of the products than this.
    #[arg(long, env = "AKIN_MAX_REMOVED", default_value = "20%", value_name = "SHARE")]
    max_removed: Percentage,

    /// Run again and again, this long from one beginning to the next, give or take a tenth; a line
    /// is printed for each run.
    #[arg(long, env = "AKIN_EVERY", value_name = "TIME", value_parser = schedule::interval)]
    every: Option<Duration>,

    /// Keep the products, and leave their embedding to `akin worker` or to a later run.
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

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let asked = asked_to_end()?;
    let record = Record::default();
    tokio::select! {
        done = arguments.all(&record) => done,
        signal = asked => {
            record.interrupt().await;
            Ok(exit::cut_short(signal))
        }
    }
}

impl Arguments {
    /// One run, or one after another.
    async fn all(&self, record: &Record) -> anyhow::Result<ExitCode> {
        if let Some(interval) = self.every {
            // A setting that cannot be is no reason to try again by and by.
            self.feeds.sources()?;
            self.feeds.refuse_standard_input("--every (AKIN_EVERY)")?;
            schedule::repeat(interval, async || self.once(record).await.map_err(advised)).await;
            return Ok(exit::DONE);
        }
        match self.once(record).await {
            Ok(outcome) => Ok(outcome.tell(self.format.json)),
            Err(error) => {
                tell_refused(&error);
                Err(advised(error))
            }
        }
    }

    async fn once(&self, record: &Record) -> anyhow::Result<Outcome> {
        let feeds = self.feeds.sources()?;
        if self.dry_run {
            self.dry_run(&feeds).await
        } else if self.no_embed {
            self.keep(&feeds, record).await
        } else {
            self.embed(&feeds, record).await
        }
    }

    /// As far as the queue.
    async fn keep(
        &self,
        feeds: &[Arc<dyn FeedSource>],
        record: &Record,
    ) -> anyhow::Result<Outcome> {
        let since = Instant::now();
        let opened = self.engine.catalogue.builder().store().queue().open().await?;
        let CatalogueStatus { store, queue, runs } = opened.status()?;
        let begun = StartedRun { runs, at: akin_composition::now(), since };
        let at = Version::from_timestamp(begun.at);
        let run = async {
            let summary = self.read(feeds, store.clone(), at).await?;
            let failures = hand_on(store, queue).await?;
            Ok(Outcome::kept(summary, failures, since.elapsed()))
        };
        record.keep(begun, feeds, run).await
    }

    /// As far as the embeddings.
    async fn embed(
        &self,
        feeds: &[Arc<dyn FeedSource>],
        record: &Record,
    ) -> anyhow::Result<Outcome> {
        let since = Instant::now();
        let opened = self.engine.builder().engines().queue().open().await?;
        let runs = opened.runs()?;
        let begun = StartedRun { runs, at: akin_composition::now(), since };
        let at = Version::from_timestamp(begun.at);
        let run = async {
            let summary = self.read(feeds, opened.store()?, at).await?;
            let embedded = embed_here(&opened).await?;
            opened.optimize().await?;
            Ok(Outcome::embedded(summary, embedded, since.elapsed()))
        };
        record.keep(begun, feeds, run).await
    }

    async fn read(
        &self,
        feeds: &[Arc<dyn FeedSource>],
        store: Arc<dyn ProductStore>,
        at: Version,
    ) -> anyhow::Result<akin_usecases::CatalogueSummary> {
        let observer = Observer::default();
        let observe = |at: CatalogueProgress<'_>| observer.show(at);
        let ingest = self.ingest(store);
        Ok(ingest.run(feeds, at, &observe).await?)
    }

    async fn dry_run(&self, feeds: &[Arc<dyn FeedSource>]) -> anyhow::Result<Outcome> {
        let began = Instant::now();
        let store = self.engine.catalogue.builder().store().open().await?.store()?;
        let observer = Observer::default();
        let observe = |at: CatalogueProgress<'_>| observer.show(at);
        let ingest = self.ingest(store);
        let rehearsal = ingest
            .dry_run(feeds, Version::from_timestamp(akin_composition::now()), &observe)
            .await?;
        match rehearsal.refusal {
            Some(refusal) => Err(refusal.into()),
            None => Ok(Outcome::rehearsed(rehearsal, began.elapsed())),
        }
    }

    fn ingest(&self, store: Arc<dyn ProductStore>) -> IngestCatalogue {
        let limits = Limits { refused: self.max_refused, removed: self.max_removed };
        let pricing = self.feeds.pricing(self.currency);
        let columns = self.feeds.columns();
        IngestCatalogue { store, pricing, columns, is_complete: self.complete, limits }
    }
}

/// The error, and what to do about feeds that are too bad to be true.
fn advised(error: anyhow::Error) -> anyhow::Error {
    let remedy = match error.downcast_ref::<IngestError>() {
        Some(IngestError::TooManyRefused { .. }) => {
            "mend the feed, or allow more with --max-refused (AKIN_MAX_REFUSED)"
        }
        Some(IngestError::TooManyMissing { .. }) => {
            "look whether the feed was cut short, or allow more with --max-removed \
             (AKIN_MAX_REMOVED)"
        }
        Some(IngestError::EmptySnapshot { .. }) => {
            "look whether the feed was cut short; without --complete it is no reason to remove \
             anything"
        }
        _ => return error,
    };
    anyhow::anyhow!("{error}: {remedy}")
}

/// The first rows for which a run was refused.
fn tell_refused(error: &anyhow::Error) {
    let refused = error.downcast_ref::<IngestError>();
    if let Some(IngestError::TooManyRefused { refused, first, .. }) = refused {
        for (feed, row) in first {
            outcome::note_refused(feed, row);
        }
        let rest = refused - first.len() as u64;
        if rest > 0 {
            output::note(&format!("and {} more", plural(rest, "row", "rows")));
        }
    }
}

/// A bar, or lines, for each part of a run.
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
                (format!("keeping {name}"), Unit::Bytes, reading(at))
            }
            CatalogueProgress::Removing(done, all) => {
                ("removing".to_owned(), Unit::Products, (done, Some(all), String::new()))
            }
        };
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !shown.contains_key(&what) {
            // What came before is done: its bar makes room.
            shown.clear();
        }
        let progress = shown.entry(what.clone()).or_insert_with(|| Progress::new(what, unit));
        progress.at(done, total, &detail);
    }
}
