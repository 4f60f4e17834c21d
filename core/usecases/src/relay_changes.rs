use akin_ports::{ChangeQueue, Failures, PortResult, ProductStore};
use std::sync::Arc;

/// Moves what waits in the outbox to the queue, from which any number of workers take it.
///
/// Killed anywhere, or run by two processes at once, it may send a change twice, which is harmless;
/// none is lost, for it leaves the outbox only when the queue has it.
#[derive(Clone, Debug)]
pub struct RelayChanges {
    /// Whose outbox is relayed.
    pub store: Arc<dyn ProductStore>,
    /// Where to.
    pub queue: Arc<dyn ChangeQueue>,
}

/// What a relay did.
#[derive(Debug, Default)]
pub struct RelaySummary {
    /// Changes that were sent.
    pub sent: u64,
    /// Products whose changes the queue did not take, and why; they stay in the outbox.
    pub failures: Failures,
}

/// How many changes are taken from the outbox at a time: bounds the memory.
const PAGE: usize = 1024;

impl RelayChanges {
    /// Relays the outbox as it stands.
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
