use crate::embedding::{QueueProgress, optimize, sleep, work};
use crate::output::Format;
use crate::signals::asked_to_end;
use crate::{exit, output};
use akin_composition::{Composition, EngineSettings, seconds};
use akin_entities::ProductId;
use akin_ports::PortError;
use akin_usecases::{
    RelayChanges, RunWorker, WorkQueue, WorkerContext, WorkerEvent, WorkerHost, WorkerSummary,
};
use async_trait::async_trait;
use serde::Serialize;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Embed the changes in the queue, until asked to stop.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin ingest --no-embed catalogue.csv && akin worker --once\n  akin worker --poll 5\n\nAny number of workers may share a queue. SIGTERM and Ctrl-C finish the current batch and return the rest to the queue; a second one stops at once. While a server is unavailable the worker waits, and then continues."
)]
pub(crate) struct WorkerArguments {
    /// Stop when no message is waiting.
    #[arg(long, env = "AKIN_ONCE")]
    once: bool,

    /// How often to check an empty queue, in seconds.
    #[arg(long, env = "AKIN_POLL", default_value = "1", value_name = "SECONDS", value_parser = seconds)]
    poll: Duration,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    engine: EngineSettings,
}

/// The summary that `--json` prints.
#[derive(Debug, Serialize)]
struct WorkerReport {
    relayed: u64,
    received: u64,
    embedded: u64,
    updated_fields: u64,
    removed: u64,
    released: u64,
    failed: u64,
    seconds: f64,
}

/// The process of the command, as a worker's host.
struct Host<'a> {
    opened: &'a Composition,
    stop: watch::Receiver<bool>,
    work: &'a WorkQueue,
    /// Shown while messages are embedded.
    progress: Mutex<Option<QueueProgress>>,
}

pub(crate) async fn run(arguments: WorkerArguments) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    // From here on a signal is heard, even while the model is loaded.
    let asked = asked_to_end()?;
    let (sender, stop) = watch::channel(false);
    let asked_twice = async {
        asked.await;
        sender.send_replace(true);
        output::note("finishing the current batch; the rest is returned to the queue");
        anyhow::Ok(asked_to_end()?.await)
    };
    let WorkerArguments { once, poll, format, engine } = arguments;
    let builder = engine.builder().engines().queue();
    // A worker that stays may be started before the first ingestion, one that ends has no work then.
    let builder = if once { builder.existing_store() } else { builder };
    let opened = builder.open().await?;
    opened.refuse_other_models().await?;
    // A wrong name of a folder would wait forever without a word.
    if !once && opened.store()?.counts().await.is_ok_and(|counts| counts.products == 0) {
        let catalogue = engine.catalogue.described();
        output::note(&format!("{catalogue} is empty: `akin ingest --no-embed FEED` adds work"));
    }
    let summary = tokio::select! {
        done = work_until_stopped(&opened, once, poll, stop) => done?,
        signal = asked_twice => return Ok(exit::interrupted(signal?)),
    };
    report(&summary, format, began.elapsed());
    Ok(if once && summary.failed > 0 { exit::partly() } else { exit::DONE })
}

async fn work_until_stopped(
    opened: &Composition,
    once: bool,
    poll: Duration,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<WorkerSummary> {
    let relay = RelayChanges { store: opened.store()?, queue: opened.queue()? };
    let worker = RunWorker { relay, work: work(opened)?, once, poll };
    let host = Host { opened, stop, work: &worker.work, progress: Mutex::default() };
    let is_over = || *host.stop.borrow();
    let observe = |done| {
        if let Some(progress) = &*host.progress() {
            progress.more(done);
        }
    };
    let context = WorkerContext { sleep: &sleep, is_over: &is_over, observe: &observe };
    let summary = worker.run(&context, &host).await?;
    // A process that is asked to end ends soon; what it wrote is found, only more slowly.
    if once && summary.needs_optimizing && !is_over() {
        optimize(opened).await;
    }
    Ok(summary)
}

#[async_trait]
impl WorkerHost for Host<'_> {
    async fn stop_requested(&self) {
        // An error means that the sender is gone, because the process is about to end.
        drop(self.stop.clone().wait_for(|stop| *stop).await);
    }

    async fn optimize(&self) {
        optimize(self.opened).await;
    }

    fn notify(&self, event: WorkerEvent<'_>) {
        match event {
            WorkerEvent::Started(waiting) => {
                *self.progress() = Some(QueueProgress::new(self.work, waiting));
            }
            WorkerEvent::Finished => *self.progress() = None,
            WorkerEvent::NotRelayed(id, error) => warn(id, error, "was not relayed"),
            WorkerEvent::NotEmbedded(id, error) => warn(id, error, "was not embedded"),
            WorkerEvent::Waiting(error, pause) => {
                let seconds = pause.as_secs();
                tracing::warn!(error = error.report(), seconds, "waiting before trying again");
            }
        }
    }
}

impl Host<'_> {
    fn progress(&self) -> MutexGuard<'_, Option<QueueProgress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn report(summary: &WorkerSummary, format: Format, took: Duration) {
    let WorkerSummary { relayed, work, failed, .. } = summary;
    let report = WorkerReport {
        relayed: *relayed,
        received: work.received,
        embedded: work.embedding.embedded,
        updated_fields: work.embedding.updated_fields,
        removed: work.embedding.removed,
        released: work.released,
        failed: *failed,
        seconds: akin_views::seconds(took),
    };
    if format.json {
        return output::json(&report);
    }
    output::line(&format!(
        "{} changes relayed, {} received in {:.1} s: {} embedded, {} updated without embedding, \
         {} removed, {} released, {} failed",
        report.relayed,
        report.received,
        report.seconds,
        report.embedded,
        report.updated_fields,
        report.removed,
        report.released,
        report.failed
    ));
}

/// Logs why a product was not processed; the queue or the outbox keeps it.
fn warn(id: &ProductId, error: &PortError, what: &str) {
    tracing::warn!(product = id.as_str(), error = error.report(), "a product {what}");
}
