use crate::{RegisterIndexes, RelayChanges, WorkQueue, WorkSummary, WorkerContext};
use akin_entities::ProductId;
use akin_ports::{PortError, PortResult};
use async_trait::async_trait;
use futures::future::select;
use std::time::{Duration, Instant};

/// Relays the outbox and works on the queue, until it is stopped or, on request, until nothing waits.
///
/// While a server is unavailable it waits, twice as long each time, and then continues.
#[derive(Clone, Debug)]
pub struct RunWorker {
    /// Moves the outbox to the queue.
    pub relay: RelayChanges,
    /// Works on the queue.
    pub work: WorkQueue,
    /// Returns when nothing waits. An unavailable server is an error then.
    pub once: bool,
    /// The pause before the queue is looked at again when nothing waits.
    pub poll: Duration,
}

/// The process that a worker runs in.
#[async_trait]
pub trait WorkerHost: Send + Sync {
    /// Completes when the worker is asked to stop, and at once if it was asked before.
    async fn stop_requested(&self);

    /// Brings searches of what was written to full speed. A failure is the host's to report.
    async fn optimize(&self);

    /// Receives what happens.
    fn notify(&self, event: WorkerEvent<'_>);
}

/// An event in a worker's life.
#[derive(Clone, Copy, Debug)]
pub enum WorkerEvent<'a> {
    /// It begins to work on this many waiting messages, or more.
    Started(u64),
    /// It has worked on what was visible.
    Finished,
    /// The queue refused a change of this product, which stays in the outbox.
    NotRelayed(&'a ProductId, &'a PortError),
    /// A product failed on its own account.
    NotEmbedded(&'a ProductId, &'a PortError),
    /// A server is unavailable: it tries again after this time.
    Waiting(&'a PortError, Duration),
}

/// The results of a worker.
#[derive(Debug, Default)]
pub struct WorkerSummary {
    /// Changes that were moved from the outbox to the queue.
    pub relayed: u64,
    /// The outcomes of the messages. Failures were reported as events and are not kept.
    pub work: WorkSummary,
    /// Failures of products, in relaying and in embedding.
    pub failed: u64,
    /// True once its indexes are registered.
    is_registered: bool,
    /// True if anything was written since the host last optimized the indexes.
    pub needs_optimizing: bool,
}

/// The first pause while a server is unavailable; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The minimum time between two optimizations, since each takes a while.
const OPTIMIZE_EVERY: Duration = Duration::from_mins(10);

impl RunWorker {
    /// Runs the worker. `context` may stop it within a batch; its `observe` is called between
    /// [`WorkerEvent::Started`] and [`WorkerEvent::Finished`].
    pub async fn run(
        &self,
        context: &WorkerContext<'_>,
        host: &dyn WorkerHost,
    ) -> PortResult<WorkerSummary> {
        let mut summary = WorkerSummary::default();
        let mut pause = FIRST_PAUSE;
        let mut optimized: Option<Instant> = None;
        while !(context.is_over)() {
            match self.round(&mut summary, context, host).await {
                Ok(()) if self.once => break,
                Ok(()) => {
                    pause = FIRST_PAUSE;
                    let is_due = optimized.is_none_or(|at| at.elapsed() > OPTIMIZE_EVERY);
                    if summary.needs_optimizing && is_due {
                        (summary.needs_optimizing, optimized) = (false, Some(Instant::now()));
                        host.optimize().await;
                    }
                    wait(self.poll, context, host).await;
                }
                Err(error) if error.is_retryable() && !self.once => {
                    host.notify(WorkerEvent::Waiting(&error, pause));
                    wait(pause, context, host).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(summary)
    }

    /// Relays the outbox, and works on what is visible. The first round registers the indexes.
    async fn round(
        &self,
        summary: &mut WorkerSummary,
        context: &WorkerContext<'_>,
        host: &dyn WorkerHost,
    ) -> PortResult<()> {
        if !summary.is_registered {
            let WorkQueue { store, targets, .. } = self.work.clone();
            RegisterIndexes { store, targets }.run().await?;
            summary.is_registered = true;
        }
        let relayed = self.relay.run().await?;
        summary.relayed += relayed.sent;
        summary.failed += relayed.failures.len() as u64;
        for (id, error) in &relayed.failures {
            host.notify(WorkerEvent::NotRelayed(id, error));
        }
        let waiting = self.work.queue.counts().await?.waiting;
        if waiting == 0 && self.work.queue.capabilities().counts_exactly {
            return Ok(());
        }
        host.notify(WorkerEvent::Started(waiting));
        let worked = self.work_off(summary, context, host).await;
        host.notify(WorkerEvent::Finished);
        worked
    }

    async fn work_off(
        &self,
        summary: &mut WorkerSummary,
        context: &WorkerContext<'_>,
        host: &dyn WorkerHost,
    ) -> PortResult<()> {
        while !(context.is_over)() {
            let mut batch = self.work.run(context).await?;
            for (id, error) in batch.embedding.failures.drain() {
                host.notify(WorkerEvent::NotEmbedded(&id, &error));
                summary.failed += 1;
            }
            let is_in_vain = batch.is_in_vain();
            summary.needs_optimizing |= !is_in_vain;
            summary.work.add(batch);
            if is_in_vain {
                break;
            }
        }
        Ok(())
    }
}

/// Waits for `time`, or until the worker is asked to stop.
async fn wait(time: Duration, context: &WorkerContext<'_>, host: &dyn WorkerHost) {
    select((context.sleep)(time), host.stop_requested()).await;
}
