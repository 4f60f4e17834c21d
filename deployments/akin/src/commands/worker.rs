use crate::embedding::{Shown, sleep, work};
use crate::output::Format;
use crate::signals::asked_to_end;
use crate::{exit, output};
use akin_composition::seconds;
use akin_composition::{Composition, EngineSettings};
use akin_ports::{PortError, PortResult};
use akin_usecases::{RelayChanges, WorkQueue, WorkSummary, WorkerContext};
use serde::Serialize;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Embed what the queue holds, until asked to end.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin ingest --no-embed catalogue.csv && akin worker --once\n  akin worker --poll 5\n\nAny number of workers may share a queue. SIGTERM and Ctrl-C let the batch in hand finish and give the rest back; a second one ends at once. While a server is away the worker waits, and then goes on."
)]
pub(crate) struct Arguments {
    /// End when nothing waits.
    #[arg(long, env = "AKIN_ONCE")]
    once: bool,

    /// How many seconds to wait before looking again when nothing waits.
    #[arg(long, env = "AKIN_POLL", default_value = "1", value_name = "SECONDS", value_parser = seconds)]
    poll: Duration,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    engine: EngineSettings,
}

/// Before looking again at a server that is away; each next pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Making searches as fast as they can be takes a while, so it is not done for every few products.
const SETTLE_EVERY: Duration = Duration::from_mins(10);

struct Worker {
    opened: Composition,
    relay: RelayChanges,
    work: WorkQueue,
    over: watch::Receiver<bool>,
    relayed: u64,
    summary: WorkSummary,
    /// How many products could not be done, those that were told of included.
    failed: usize,
    /// Whether anything was written since the engines were settled, and when that was.
    unsettled: bool,
    settled: Option<Instant>,
}

/// What a script learns of a worker.
#[derive(Debug, Serialize)]
struct Report {
    relayed: u64,
    received: u64,
    embedded: u64,
    updated_fields: u64,
    removed: u64,
    released: u64,
    failed: usize,
    seconds: f64,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    // From here on a signal is heard, also while the model is being read.
    let asked = asked_to_end()?;
    let (sender, over) = watch::channel(false);
    let asked_twice = async {
        asked.await;
        sender.send_replace(true);
        output::note("finishing the batch in hand; the rest is given back");
        anyhow::Ok(asked_to_end()?.await)
    };
    let opened = arguments.engine.builder().engines().queue().open().await?;
    let mut worker = Worker {
        relay: RelayChanges { store: opened.store()?, queue: opened.queue()? },
        work: work(&opened)?,
        opened,
        over,
        relayed: 0,
        summary: WorkSummary::default(),
        failed: 0,
        unsettled: false,
        settled: None,
    };
    tokio::select! {
        done = worker.run(arguments.once, arguments.poll) => done?,
        signal = asked_twice => return Ok(exit::interrupted(signal?)),
    }
    worker.report(arguments.format, began.elapsed());
    Ok(if arguments.once && worker.failed > 0 { exit::partly() } else { exit::DONE })
}

impl Worker {
    /// Works until it is asked to end, or until nothing waits.
    async fn run(&mut self, once: bool, poll: Duration) -> anyhow::Result<()> {
        let mut pause = FIRST_PAUSE;
        while !self.is_over() {
            match self.round().await {
                Ok(()) if once => break,
                Ok(()) => {
                    pause = FIRST_PAUSE;
                    self.settle_by_and_by().await;
                    self.wait(poll).await;
                }
                Err(error) if error.is_retryable() && !once => {
                    let seconds = pause.as_secs();
                    tracing::warn!(error = error.report(), seconds, "waiting before trying again");
                    self.wait(pause).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
                Err(error) => return Err(error.into()),
            }
        }
        // Whoever is asked to end should end; what is not settled is found all the same.
        if once && self.unsettled && !self.is_over() {
            self.opened.settle().await?;
        }
        Ok(())
    }

    /// Relays the outbox, and works off what is in sight.
    async fn round(&mut self) -> PortResult<()> {
        let relayed = self.relay.run().await?;
        self.relayed += relayed.sent;
        relayed.failures.iter().for_each(|(id, error)| untold(id, error, "was not relayed"));
        self.failed += relayed.failures.len();
        if self.work.queue.counts().await?.waiting == 0 {
            return Ok(());
        }
        let shown = Shown::new(&self.work).await?;
        let over = self.over.clone();
        let (is_over, observe) = (|| *over.borrow(), |done| shown.more(done));
        let shift = WorkerContext { sleep: &sleep, is_over: &is_over, observe: &observe };
        while !is_over() {
            let mut batch = self.work.run(&shift).await?;
            let is_in_vain = batch.received == batch.released;
            for (id, error) in batch.embedding.failures.drain() {
                untold(&id, &error, "was not embedded");
                self.failed += 1;
            }
            self.unsettled |= !is_in_vain;
            self.summary.add(batch);
            if is_in_vain {
                break;
            }
        }
        Ok(())
    }

    async fn settle_by_and_by(&mut self) {
        let is_due = self.settled.is_none_or(|at| at.elapsed() > SETTLE_EVERY);
        if !self.unsettled || !is_due {
            return;
        }
        (self.unsettled, self.settled) = (false, Some(Instant::now()));
        if let Err(error) = self.opened.settle().await {
            tracing::warn!("searches are slower than they could be: {error:#}");
        }
    }

    /// Waits so long, or until it is asked to end.
    async fn wait(&mut self, time: Duration) {
        // Either way there is nothing left to wait for.
        drop(tokio::time::timeout(time, self.over.wait_for(|over| *over)).await);
    }

    fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    fn report(&self, format: Format, took: Duration) {
        let (Self { relayed, summary, failed, .. }, seconds) = (self, took.as_secs_f64());
        let embedding = &summary.embedding;
        let report = Report {
            relayed: *relayed,
            received: summary.received,
            embedded: embedding.embedded,
            updated_fields: embedding.updated_fields,
            removed: embedding.removed,
            released: summary.released,
            failed: *failed,
            seconds,
        };
        if format.json {
            return output::json(&report);
        }
        output::line(&format!(
            "{} changes relayed, {} received in {seconds:.1} s: {} embedded, {} updated without \
             embedding, {} removed, {} given back, {failed} failed",
            report.relayed,
            report.received,
            report.embedded,
            report.updated_fields,
            report.removed,
            report.released
        ));
    }
}

/// Says why a product was not done: once, here, for the queue or the outbox keeps it.
fn untold(id: &akin_entities::ProductId, error: &PortError, what: &str) {
    tracing::warn!(product = id.as_str(), error = error.report(), "a product {what}");
}
