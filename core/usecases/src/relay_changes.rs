use akin_ports::{ChangeQueue, Failures, PortResult, ProductStore};
use std::sync::Arc;

/// Moves changes from the outbox to the queue, from which any number of workers receive them.
///
/// If it is killed, or run by two processes at once, it may send a change twice, which is harmless. None
/// is lost, because a change leaves the outbox only when the queue has it.
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
        loop {
            let mut entries = self.store.outbox(after, PAGE).await?;
            let Some(last) = entries.last() else { return Ok(summary) };
            after = Some(last.sequence);
            let changes: Vec<_> = entries.iter().map(|entry| entry.change.clone()).collect();
            let failures = self.queue.send(&changes).await?;
            entries.retain(|entry| !failures.contains_key(&entry.change.id));
            self.store.clear_outbox(&entries).await?;
            summary.sent += entries.len() as u64;
            summary.failures.extend(failures);
        }
    }
}
