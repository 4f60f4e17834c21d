use crate::embed_page::{Outcome, Page, Watch, newest_versions};
use crate::embed_target::is_about_all;
use crate::{EmbedSummary, EmbedTarget};
use akin_entities::Change;
use akin_ports::{ChangeQueue, Delivery, PortError, PortResult, ProductStore, Receipt};
use futures::future::{BoxFuture, Either, select};
use std::convert::Infallible;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// Takes changes from the queue and brings the indexes up to them, with an outcome for each message.
///
/// What is done is acknowledged, what a product itself is to blame for has failed, and what it is not
/// to blame for is released. Killed anywhere, its messages come back when their leases end.
#[derive(Clone, Debug)]
pub struct WorkQueue {
    /// Where the changes come from.
    pub queue: Arc<dyn ChangeQueue>,
    /// Keeps the products.
    pub store: Arc<dyn ProductStore>,
    /// What embeds them, and what finds them.
    pub targets: Vec<EmbedTarget>,
}

/// What a worker is told from outside: a use case has no clock.
#[derive(Clone, Copy)]
pub struct WorkerContext<'a> {
    /// Waits so long.
    pub sleep: &'a (dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync),
    /// Whether the batch in hand should be finished, and the rest given back.
    pub is_over: &'a (dyn Fn() -> bool + Send + Sync),
    /// Is told of every so many messages that are done, for each target.
    pub observe: &'a (dyn Fn(u64) + Send + Sync),
}

impl fmt::Debug for WorkerContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerContext").finish_non_exhaustive()
    }
}

/// What a worker did.
#[derive(Debug, Default)]
pub struct WorkSummary {
    /// Messages that were received.
    pub received: u64,
    /// Messages that were given back without blame, to be tried again.
    pub released: u64,
    /// What became of the others; the failures are of those that are to blame.
    pub embedding: EmbedSummary,
}

/// How many messages are taken at a time: bounds the memory, and what a dead worker keeps waiting.
const PAGE: usize = 512;

impl WorkQueue {
    /// Works until nothing is in sight, the shift is over, or a batch could only be given back.
    pub async fn drain(&self, shift: &WorkerContext<'_>) -> PortResult<WorkSummary> {
        let mut all = WorkSummary::default();
        while !(shift.is_over)() {
            let batch = self.run(shift).await?;
            let is_in_vain = batch.received == batch.released;
            all.add(batch);
            if is_in_vain {
                break;
            }
        }
        Ok(all)
    }

    /// Works at one batch; none is received when nothing is in sight. An error is about all of it,
    /// and all of it was given back.
    pub async fn run(&self, shift: &WorkerContext<'_>) -> PortResult<WorkSummary> {
        let deliveries = self.queue.receive(PAGE).await?;
        if deliveries.is_empty() {
            return Ok(WorkSummary::default());
        }
        let work = pin!(self.work(&deliveries, shift));
        let renewal = pin!(self.renew(&deliveries, shift));
        match select(work, renewal).await {
            Either::Left((done, _)) => done,
            Either::Right((never, _)) => match never {},
        }
    }

    /// Keeps the leases of `deliveries` for as long as it is polled.
    async fn renew(&self, deliveries: &[Delivery], shift: &WorkerContext<'_>) -> Infallible {
        let receipts = receipts(deliveries);
        loop {
            (shift.sleep)(self.queue.lease() / 3).await;
            // A lease that cannot be renewed ends, and another does the work again, which is
            // harmless; what is wrong with the queue shows when the work is acknowledged.
            drop(self.queue.extend(&receipts).await);
        }
    }

    async fn work(
        &self,
        deliveries: &[Delivery],
        shift: &WorkerContext<'_>,
    ) -> PortResult<WorkSummary> {
        let received = deliveries.len() as u64;
        let mut summary = WorkSummary { received, ..WorkSummary::default() };
        match self.process(deliveries, &mut summary.embedding, shift).await {
            Ok(outcome) => self.settle(deliveries, outcome, &mut summary).await?,
            Err(error) if is_about_all(&error) => self.give_back(deliveries, error).await?,
            Err(error) => self.one_by_one(deliveries, error, &mut summary, shift).await?,
        }
        Ok(summary)
    }

    /// Something in the batch is refused, and nobody says what: the others are done without it. If
    /// it is all of them, they are not to blame.
    async fn one_by_one(
        &self,
        deliveries: &[Delivery],
        error: PortError,
        summary: &mut WorkSummary,
        shift: &WorkerContext<'_>,
    ) -> PortResult<()> {
        if let [one] = deliveries {
            return self.blame(vec![(one, error)], summary).await;
        }
        let mut blamed = Vec::new();
        for (at, one) in deliveries.iter().enumerate() {
            let alone = std::slice::from_ref(one);
            match self.process(alone, &mut summary.embedding, shift).await {
                Ok(outcome) => self.settle(alone, outcome, summary).await?,
                Err(error) if is_about_all(&error) => {
                    let rest = blamed.iter().map(|(one, _): &(&Delivery, _)| *one);
                    let rest: Vec<_> = rest.chain(&deliveries[at..]).cloned().collect();
                    return self.give_back(&rest, error).await;
                }
                Err(error) => blamed.push((one, error)),
            }
        }
        if blamed.len() == deliveries.len() {
            return self.give_back(deliveries, error).await;
        }
        self.blame(blamed, summary).await
    }

    /// Brings every target up to the changes of `deliveries`.
    async fn process(
        &self,
        deliveries: &[Delivery],
        summary: &mut EmbedSummary,
        shift: &WorkerContext<'_>,
    ) -> PortResult<Outcome> {
        for target in &self.targets {
            target.check().await?;
        }
        let page = Page::of(&*self.store, &changes(deliveries)).await?;
        let mut all = Outcome::default();
        for target in &self.targets {
            let mut steps = Steps { left: deliveries.len() as u64, shift };
            let outcome = page.bring_to(target, summary, &mut steps).await?;
            all.failures.extend(outcome.failures);
            if outcome.left.is_empty() {
                // What was superseded is done as well.
                steps.step(steps.left);
            }
            all.left.extend(outcome.left);
        }
        Ok(all)
    }

    /// Tells the queue what became of each message.
    async fn settle(
        &self,
        deliveries: &[Delivery],
        mut outcome: Outcome,
        summary: &mut WorkSummary,
    ) -> PortResult<()> {
        let changes = changes(deliveries);
        let newest = newest_versions(&changes);
        let (mut done, mut back, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for delivery in deliveries {
            let Change { id, version } = &delivery.change;
            let is_superseded = newest.get(id).is_some_and(|newest| newest > version);
            let failure = outcome.failures.get(id);
            match failure {
                _ if is_superseded => done.push(delivery.receipt.clone()),
                Some(error) if !error.is_retryable() => {
                    failed.push((delivery.receipt.clone(), error.report()));
                }
                None if !outcome.left.contains(id) => done.push(delivery.receipt.clone()),
                _ => back.push(delivery.receipt.clone()),
            }
        }
        self.queue.acknowledge(&done).await?;
        self.queue.fail(&failed).await?;
        self.queue.release(&back).await?;
        summary.released += back.len() as u64;
        outcome.failures.retain(|_, error| !error.is_retryable());
        summary.embedding.failures.extend(outcome.failures);
        Ok(())
    }

    async fn blame(
        &self,
        blamed: Vec<(&Delivery, PortError)>,
        summary: &mut WorkSummary,
    ) -> PortResult<()> {
        let reason = |(one, error): &(&Delivery, PortError)| (one.receipt.clone(), error.report());
        self.queue.fail(&blamed.iter().map(reason).collect::<Vec<_>>()).await?;
        let failures = blamed.into_iter().map(|(one, error)| (one.change.id.clone(), error));
        summary.embedding.failures.extend(failures);
        Ok(())
    }

    /// Releases what an error is not about; hands on the error.
    async fn give_back(&self, deliveries: &[Delivery], error: PortError) -> PortResult<()> {
        // If the queue is gone as well, the leases end by themselves.
        drop(self.queue.release(&receipts(deliveries)).await);
        Err(error)
    }
}

impl WorkSummary {
    /// Adds what another batch came to.
    pub fn add(&mut self, other: Self) {
        self.received += other.received;
        self.released += other.released;
        self.embedding.add(other.embedding);
    }
}

/// Tells how far the work for one target is, and whether to stop.
struct Steps<'a> {
    left: u64,
    shift: &'a WorkerContext<'a>,
}

impl Watch for Steps<'_> {
    fn step(&mut self, done: u64) {
        self.left = self.left.saturating_sub(done);
        (self.shift.observe)(done);
    }

    fn is_stopped(&self) -> bool {
        (self.shift.is_over)()
    }
}

fn changes(deliveries: &[Delivery]) -> Vec<Change> {
    deliveries.iter().map(|delivery| delivery.change.clone()).collect()
}

fn receipts(deliveries: &[Delivery]) -> Vec<Receipt> {
    deliveries.iter().map(|delivery| delivery.receipt.clone()).collect()
}
