use crate::queue_state::QueueState;
use crate::{Faults, SYSTEM, lock};
use akin_entities::Change;
use akin_ports::{
    ChangeQueue, DeadLetterCursor, DeadLetterPage, DeadLetters, Delivery, ErrorKind, Failures,
    MAX_ATTEMPTS, PortError, PortResult, QueueCapabilities, QueueCounts, RELEASE_DELAY, Receipt,
    retry_delay,
};
use async_trait::async_trait;
use std::sync::Mutex;
use std::time::Duration;

/// A [`ChangeQueue`] with its [`DeadLetters`] in memory. Its clock advances only by
/// [`MemoryQueue::pass`].
#[derive(Debug, Default)]
pub struct MemoryQueue {
    state: Mutex<QueueState>,
    faults: Faults,
}

impl MemoryQueue {
    /// The duration of a lease.
    pub(crate) const LEASE: Duration = Duration::from_mins(1);

    /// Returns an empty queue with these `faults`.
    pub fn with_faults(faults: Faults) -> Self {
        Self { faults, ..Self::default() }
    }

    /// Returns an empty queue that does what a queue with only these `capabilities` may do: without
    /// any it reorders messages, delivers some twice, loses reasons and estimates its counts, and it
    /// delivers ten messages at a time.
    pub fn with_capabilities(capabilities: QueueCapabilities) -> Self {
        let state = Mutex::new(QueueState { capabilities, ..QueueState::default() });
        Self { state, faults: Faults::default() }
    }

    /// Advances the clock by `time`.
    pub fn pass(&self, time: Duration) {
        lock(&self.state).pass(time);
    }

    /// Makes one call, which fails before its effect or after it if the faults say so.
    async fn call<T>(&self, work: impl FnOnce(&mut QueueState) -> T) -> PortResult<T> {
        self.faults.call(&self.state, work).await
    }
}

#[async_trait]
impl ChangeQueue for MemoryQueue {
    async fn send(&self, changes: &[Change]) -> PortResult<Failures> {
        self.call(|state| {
            let mut failures = Failures::new();
            for change in changes {
                if self.faults.refuses(&change.id, &mut failures) {
                    continue;
                }
                if state.accepts(change) {
                    state.send(change);
                } else {
                    let what = "its version is not a moment of the years 1 to 9999";
                    let error = PortError::new(SYSTEM, ErrorKind::Refused, what);
                    failures.insert(change.id.clone(), error);
                }
            }
            failures
        })
        .await
    }

    async fn receive(&self, limit: usize) -> PortResult<Vec<Delivery>> {
        self.call(|state| state.receive(limit)).await
    }

    fn lease(&self) -> Duration {
        Self::LEASE
    }

    async fn extend(&self, receipts: &[Receipt]) -> PortResult<()> {
        self.call(|state| {
            let until = state.now + Self::LEASE;
            for receipt in receipts {
                if let Some((_, message)) = state.leased(receipt) {
                    message.visible = until;
                }
            }
        })
        .await
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> PortResult<()> {
        self.call(|state| {
            for receipt in receipts {
                if let Some((sequence, _)) = state.leased(receipt) {
                    state.messages.remove(&sequence);
                }
            }
        })
        .await
    }

    async fn release(&self, receipts: &[Receipt]) -> PortResult<()> {
        self.call(|state| {
            let visible = state.now + RELEASE_DELAY;
            let takes_back = state.capabilities.takes_attempts_back;
            for receipt in receipts {
                if let Some((_, message)) = state.leased(receipt) {
                    message.settle(visible);
                    message.attempts -= u32::from(takes_back);
                }
            }
        })
        .await
    }

    async fn fail(&self, failed: &[(Receipt, String)]) -> PortResult<()> {
        self.call(|state| {
            let now = state.now;
            let records = state.capabilities.records_failures;
            for (receipt, reason) in failed {
                if let Some((_, message)) = state.leased(receipt) {
                    message.settle(now + retry_delay(message.attempts));
                    if records && message.attempts >= MAX_ATTEMPTS {
                        message.die(Some(reason.clone()), now);
                    }
                }
            }
        })
        .await
    }

    async fn counts(&self) -> PortResult<QueueCounts> {
        self.call(|state| state.counts()).await
    }

    fn capabilities(&self) -> QueueCapabilities {
        lock(&self.state).capabilities
    }
}

#[async_trait]
impl DeadLetters for MemoryQueue {
    async fn list(
        &self,
        after: Option<&DeadLetterCursor>,
        limit: usize,
    ) -> PortResult<DeadLetterPage> {
        let after = after.map(|cursor| cursor.number(SYSTEM)).transpose()?;
        self.call(|state| state.list(after, limit)).await
    }

    async fn redrive(&self, limit: usize) -> PortResult<u64> {
        self.call(|state| state.redrive(limit)).await
    }
}
