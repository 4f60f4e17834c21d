use akin_entities::Change;
use akin_ports::{ChangeQueue, Failures, PortResult, ProductStore, SentChanges};
use std::sync::Arc;

/// Moves changes from the outbox to the queue, from which any number of workers receive them.
///
/// If it is killed it may send a change twice, which is harmless. None is lost, because a change leaves the
/// outbox only when the queue has it. Several processes share the pages, where the store can tell.
#[derive(Clone, Debug)]
pub struct RelayChanges {
    /// The store with the outbox.
    pub store: Arc<dyn ProductStore>,
    /// The queue that receives the changes.
    pub queue: Arc<dyn ChangeQueue>,
}

/// The results of a relay.
#[derive(Debug, Default)]
pub struct RelaySummary {
    /// Changes that were sent.
    pub sent: u64,
    /// Products whose changes the queue refused, and why. They stay in the outbox.
    pub failures: Failures,
}

/// The number of changes taken from the outbox at a time, which bounds the memory.
const PAGE: usize = 1024;

impl RelayChanges {
    /// Relays what is in the outbox.
    pub async fn run(&self) -> PortResult<RelaySummary> {
        let mut summary = RelaySummary::default();
        let mut after = None;
        let queue = &*self.queue;
        let send = move |changes: Vec<Change>| -> SentChanges<'_> {
            Box::pin(async move { queue.send(&changes).await })
        };
        loop {
            let page = self.store.relay(after, PAGE, &send).await?;
            summary.sent += page.sent;
            summary.failures.extend(page.failures);
            if page.last.is_none() {
                return Ok(summary);
            }
            after = page.last;
        }
    }
}
