use crate::{
    EmbedSummary, EmbedTarget, MessageOutcome, ProcessChanges, ProcessControl, ProcessedChanges,
};
use akin_ports::{ChangeQueue, Delivery, PortResult, ProductStore, Receipt};
use futures::future::{BoxFuture, Either, select};
use std::convert::Infallible;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// Receives changes from the queue, processes them, and reports the outcome of each message.
///
/// Messages that are done are acknowledged; messages of products that failed on their own account
/// have failed; all others are released. Killed anywhere, its messages come back when their leases
/// end.
#[derive(Clone, Debug)]
pub struct WorkQueue {
    /// Delivers the changes.
    pub queue: Arc<dyn ChangeQueue>,
    /// Keeps the products.
    pub store: Arc<dyn ProductStore>,
    /// The embedders and indexes that are brought up to the changes.
    pub targets: Vec<EmbedTarget>,
}

/// Connects a worker to its surroundings: a use case neither sleeps nor hears signals by itself.
#[derive(Clone, Copy)]
pub struct WorkerContext<'a> {
    /// Sleeps for the given time.
    pub sleep: &'a (dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync),
    /// Returns whether to finish what was started and release the rest.
    pub is_over: &'a (dyn Fn() -> bool + Send + Sync),
    /// Called with each further number of messages that are done, for each target.
    pub observe: &'a (dyn Fn(u64) + Send + Sync),
}

impl<'a> WorkerContext<'a> {
    fn control(&self) -> ProcessControl<'a> {
        ProcessControl { is_stopping: self.is_over, observe: self.observe }
    }
}

impl fmt::Debug for WorkerContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerContext").finish_non_exhaustive()
    }
}

/// The results of working off a queue.
#[derive(Debug, Default)]
pub struct WorkSummary {
    /// Messages that were received.
    pub received: u64,
    /// Messages that were released, to be processed again.
    pub released: u64,
    /// The results of embedding; its failures are those that the products caused.
    pub embedding: EmbedSummary,
}

/// The number of messages received at a time. It bounds the memory, and the messages that wait for
/// their leases to end if the worker dies.
const BATCH: usize = 512;

impl WorkQueue {
    /// Works until no message is visible, the worker is stopped, or a whole batch was released.
    pub async fn drain(&self, context: &WorkerContext<'_>) -> PortResult<WorkSummary> {
        let mut all = WorkSummary::default();
        while !(context.is_over)() {
            let batch = self.run(context).await?;
            let is_in_vain = batch.is_in_vain();
            all.add(batch);
            if is_in_vain {
                break;
            }
        }
        Ok(all)
    }

    /// Receives and processes one batch, which is empty when no message is visible. After an error
    /// that is about no single message, the messages it affects were released.
    pub async fn run(&self, context: &WorkerContext<'_>) -> PortResult<WorkSummary> {
        let deliveries = self.queue.receive(BATCH).await?;
        if deliveries.is_empty() {
            return Ok(WorkSummary::default());
        }
        let work = pin!(self.work(&deliveries, context));
        let renewal = pin!(self.renew(&deliveries, context));
        match select(work, renewal).await {
            Either::Left((done, _)) => done,
            Either::Right((never, _)) => match never {},
        }
    }

    /// Extends the leases of `deliveries` for as long as it is polled.
    async fn renew(&self, deliveries: &[Delivery], context: &WorkerContext<'_>) -> Infallible {
        let receipts: Vec<_> = deliveries.iter().map(|delivery| delivery.receipt.clone()).collect();
        loop {
            (context.sleep)(self.queue.lease() / 3).await;
            // If a lease cannot be extended it ends, and another worker processes the message again,
            // which is harmless. A queue that fails is noticed when the outcomes are reported.
            drop(self.queue.extend(&receipts).await);
        }
    }

    async fn work(
        &self,
        deliveries: &[Delivery],
        context: &WorkerContext<'_>,
    ) -> PortResult<WorkSummary> {
        let process = ProcessChanges { store: self.store.clone(), targets: self.targets.clone() };
        let ProcessedChanges { outcomes, embedding, error } =
            process.run(deliveries, &context.control()).await;
        let is_released =
            |(_, outcome): &&(_, MessageOutcome)| *outcome == MessageOutcome::Released;
        let released = outcomes.iter().filter(is_released).count() as u64;
        let settled = self.settle(outcomes).await;
        match error {
            // If the queue is unavailable too, the leases end by themselves.
            Some(error) => Err(error),
            None => settled.map(|()| {
                let received = deliveries.len() as u64;
                WorkSummary { received, released, embedding }
            }),
        }
    }

    /// Reports the outcomes to the queue.
    async fn settle(&self, outcomes: Vec<(Receipt, MessageOutcome)>) -> PortResult<()> {
        let (mut done, mut released, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for (receipt, outcome) in outcomes {
            match outcome {
                MessageOutcome::Done => done.push(receipt),
                MessageOutcome::Released => released.push(receipt),
                MessageOutcome::Failed(reason) => failed.push((receipt, reason)),
            }
        }
        self.queue.acknowledge(&done).await?;
        self.queue.fail(&failed).await?;
        self.queue.release(&released).await
    }
}

impl WorkSummary {
    /// Returns whether every message was released, or none was received: more of the same would
    /// achieve nothing.
    pub fn is_in_vain(&self) -> bool {
        self.received == self.released
    }

    /// Adds the summary of another batch.
    pub fn add(&mut self, other: Self) {
        self.received += other.received;
        self.released += other.released;
        self.embedding.add(other.embedding);
    }
}
