use crate::change_batch::{ChangeBatch, Monitor, Undone};
use crate::embed_target::is_about_all;
use crate::halves::Halves;
use crate::register_indexes::check_indexes;
use crate::{EmbedSummary, EmbedTarget};
use akin_entities::{Change, newest_of_each};
use akin_ports::{Delivery, ErrorKind, PortError, PortResult, ProductStore, Receipt};
use futures::FutureExt as _;
use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// Brings the indexes up to changes that were delivered, and returns an outcome for each message.
///
/// It needs no queue: the caller (a worker's loop, a function's event handler) passes the deliveries, and
/// reports the outcomes to their source. Processing a message again is harmless.
#[derive(Clone, Debug)]
pub struct ProcessChanges {
    /// Keeps the products.
    pub store: Arc<dyn ProductStore>,
    /// The embedders and indexes that are brought up to the changes.
    pub targets: Vec<EmbedTarget>,
}

/// Stops and observes the processing of deliveries.
#[derive(Clone, Copy)]
pub struct ProcessControl<'a> {
    /// Returns whether to finish what was started and release the rest.
    pub is_stopping: &'a (dyn Fn() -> bool + Send + Sync),
    /// Called with each further number of messages that are done, for each target.
    pub observe: &'a (dyn Fn(u64) + Send + Sync),
}

/// The outcomes of deliveries.
#[derive(Debug, Default)]
pub struct ProcessedChanges {
    /// One outcome for each receipt, in the order of the deliveries.
    pub outcomes: Vec<(Receipt, MessageOutcome)>,
    /// The results of embedding; its failures are those that the products caused.
    pub embedding: EmbedSummary,
    /// The error that ended the work early, which is about no single message: an outage, or an index
    /// of another model. The messages it affects are released.
    pub error: Option<PortError>,
}

/// The outcome of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageOutcome {
    /// It is done, or superseded: delete it.
    Done,
    /// It is not at fault and not done: deliver it again, without counting the attempt if possible.
    Released,
    /// The product failed on its own account, for this reason: count the attempt.
    Failed(String),
}

impl ProcessControl<'_> {
    /// Returns a control that neither stops nor observes.
    pub const fn none() -> Self {
        Self { is_stopping: &|| false, observe: &|_| () }
    }
}

impl fmt::Debug for ProcessControl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessControl").finish_non_exhaustive()
    }
}

impl ProcessChanges {
    /// Processes `deliveries`. A batch that is refused as a whole, or whose work panics, is halved until
    /// the messages at fault are found. If the first [`MAX_BLAMED`](crate::MAX_BLAMED) messages all fail and none succeeds, the rest is
    /// released with the error: the fault is more likely to lie elsewhere.
    pub async fn run(
        &self,
        deliveries: &[Delivery],
        control: &ProcessControl<'_>,
    ) -> ProcessedChanges {
        let mut processed = ProcessedChanges::default();
        let mut halves = Halves::new(deliveries);
        while let Some(part) = halves.next() {
            // What a panic leaves half done is done again with each half, which is harmless.
            let applied = AssertUnwindSafe(self.apply(part, &mut processed.embedding, control));
            match applied.catch_unwind().await.unwrap_or_else(|panic| Err(panicked(&*panic))) {
                Ok(undone) => {
                    halves.succeed();
                    processed.settle(part, undone);
                }
                Err(error) if is_about_all(&error) => {
                    // An outage also casts doubt on the failures before it.
                    let doubtful = halves.take_failed().into_iter().map(|(delivery, _)| delivery);
                    let waiting = part.iter().chain(halves.waiting());
                    processed.release(doubtful.chain(waiting), error);
                    break;
                }
                Err(error) => {
                    if let Some(error) = halves.fail(part, error) {
                        processed.release(halves.waiting(), error);
                        break;
                    }
                }
            }
        }
        for (delivery, error) in halves.take_failed() {
            processed.fail(delivery, error);
        }
        processed.sort_by(deliveries);
        processed
    }

    /// Brings every target up to the changes of `deliveries`.
    async fn apply(
        &self,
        deliveries: &[Delivery],
        summary: &mut EmbedSummary,
        control: &ProcessControl<'_>,
    ) -> PortResult<Undone> {
        check_indexes(&*self.store, &self.targets).await?;
        for target in &self.targets {
            target.check().await?;
        }
        let changes: Vec<_> = deliveries.iter().map(|delivery| delivery.change.clone()).collect();
        let batch = ChangeBatch::fetch(&*self.store, &changes).await?;
        let mut all = Undone::default();
        for target in &self.targets {
            let mut monitor = DeliveryMonitor { left: deliveries.len() as u64, control };
            let undone = batch.apply_to(target, summary, &mut monitor).await?;
            if undone.skipped.is_empty() {
                // Superseded messages are done as well.
                monitor.step(monitor.left);
            }
            all.add(undone);
        }
        Ok(all)
    }
}

impl ProcessedChanges {
    /// Decides the outcome of each message. Of several about one product, only the newest may fail.
    fn settle(&mut self, deliveries: &[Delivery], mut undone: Undone) {
        let newest: HashMap<_, _> =
            newest_of_each(deliveries, |delivery| (&delivery.change.id, delivery.change.version))
                .into_iter()
                .map(|delivery| (&delivery.change.id, delivery.change.version))
                .collect();
        for delivery in deliveries {
            let Change { id, version } = &delivery.change;
            let is_superseded = newest.get(id).is_some_and(|newest| newest > version);
            let outcome = match undone.failures.get(id) {
                _ if is_superseded => MessageOutcome::Done,
                Some(error) if !error.is_retryable() => MessageOutcome::Failed(error.report()),
                None if !undone.skipped.contains(id) => MessageOutcome::Done,
                _ => MessageOutcome::Released,
            };
            self.outcomes.push((delivery.receipt.clone(), outcome));
        }
        undone.failures.retain(|_, error| !error.is_retryable());
        self.embedding.failures.extend(undone.failures);
    }

    fn fail(&mut self, delivery: &Delivery, error: PortError) {
        let outcome = MessageOutcome::Failed(error.report());
        self.outcomes.push((delivery.receipt.clone(), outcome));
        self.embedding.failures.insert(delivery.change.id.clone(), error);
    }

    fn release<'a>(&mut self, deliveries: impl Iterator<Item = &'a Delivery>, error: PortError) {
        let receipts = deliveries.map(|delivery| delivery.receipt.clone());
        self.outcomes.extend(receipts.map(|receipt| (receipt, MessageOutcome::Released)));
        self.error = Some(error);
    }

    fn sort_by(&mut self, deliveries: &[Delivery]) {
        let positions: HashMap<_, _> =
            deliveries.iter().enumerate().map(|(at, delivery)| (&delivery.receipt, at)).collect();
        self.outcomes.sort_by_key(|(receipt, _)| positions.get(receipt).copied());
    }
}

/// Returns the error of work that panicked.
fn panicked(panic: &(dyn Any + Send)) -> PortError {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    PortError::new("the work", ErrorKind::Refused, format!("it panicked: {message}"))
}

/// Monitors the work for one target.
struct DeliveryMonitor<'a> {
    /// Messages that are not done yet.
    left: u64,
    control: &'a ProcessControl<'a>,
}

impl Monitor for DeliveryMonitor<'_> {
    fn step(&mut self, done: u64) {
        self.left = self.left.saturating_sub(done);
        (self.control.observe)(done);
    }

    fn is_stopped(&self) -> bool {
        (self.control.is_stopping)()
    }
}
