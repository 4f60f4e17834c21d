use crate::{Failures, PortResult};
use akin_entities::Change;
use async_trait::async_trait;
use std::fmt::Debug;
use std::time::Duration;

/// Delivers changes that wait to be embedded to any number of workers.
///
/// Receiving a message leases it: for [`lease`](ChangeQueue::lease) it is delivered to nobody else.
/// Its receipt is valid until the message is delivered again; a receipt that is no longer valid does
/// nothing and is not an error. Receiving counts as an attempt, which
/// [`release`](ChangeQueue::release) takes back. A message whose lease ends without an outcome on its
/// last attempt becomes a dead letter at a later receive.
///
/// A message that was received [`ISOLATE_AFTER`] times in a row without an outcome (its workers
/// probably died) is delivered alone, so that a message which kills its worker delays no others.
///
/// A queue that cannot do all of this says so in its [`capabilities`](ChangeQueue::capabilities), each
/// of which documents what the queue does instead.
#[async_trait]
pub trait ChangeQueue: Debug + Send + Sync {
    /// Sends each of `changes` as a message of its own, even if it is queued already. Of the
    /// products among the failures, at least one change was not sent.
    async fn send(&self, changes: &[Change]) -> PortResult<Failures>;

    /// Receives at most `limit` visible messages, the oldest first. A queue may return fewer than
    /// are visible; it returns none only if none is visible.
    async fn receive(&self, limit: usize) -> PortResult<Vec<Delivery>>;

    /// Returns the duration of a lease.
    fn lease(&self) -> Duration;

    /// Restarts the leases of these messages.
    async fn extend(&self, receipts: &[Receipt]) -> PortResult<()>;

    /// Deletes messages that are done.
    async fn acknowledge(&self, receipts: &[Receipt]) -> PortResult<()>;

    /// Returns messages that are not at fault to the queue. They are visible again after
    /// [`RELEASE_DELAY`], and this attempt does not count.
    async fn release(&self, receipts: &[Receipt]) -> PortResult<()>;

    /// Records why messages failed. They are visible again after [`retry_delay`], or become dead
    /// letters if this was attempt number [`MAX_ATTEMPTS`].
    async fn fail(&self, failed: &[(Receipt, String)]) -> PortResult<()>;

    /// Counts the messages. Counts above [`EXACT_COUNTS`](crate::EXACT_COUNTS) may be estimates.
    async fn counts(&self) -> PortResult<QueueCounts>;

    /// Returns what the queue can do; everything, by default.
    fn capabilities(&self) -> QueueCapabilities {
        QueueCapabilities::ALL
    }
}

/// Capabilities that some queues lack. For a queue without one, the contract suite checks what is
/// documented here instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent capability")]
pub struct QueueCapabilities {
    /// Messages are delivered and redriven in the order in which they were sent. Otherwise in any
    /// order.
    pub keeps_order: bool,
    /// A leased message is delivered to nobody else. Otherwise it may be delivered a second time
    /// while it is leased, though rarely.
    pub delivers_once: bool,
    /// A receipt does nothing once its message was delivered again. Otherwise a late outcome may
    /// count, but is still not an error.
    pub rejects_stale_receipts: bool,
    /// [`ChangeQueue::release`] takes the attempt back. Otherwise every attempt counts, and a message
    /// that was only ever released becomes a dead letter after [`MAX_ATTEMPTS`] too.
    pub takes_attempts_back: bool,
    /// Messages received [`ISOLATE_AFTER`] times without an outcome are delivered alone. Otherwise one
    /// that kills its workers may take messages delivered with it to the dead letters, from
    /// which they are redriven.
    pub isolates_messages: bool,
    /// [`ChangeQueue::counts`] is exact. Otherwise it is an estimate that lags behind, and a count
    /// of zero does not mean that the queue is empty.
    pub counts_exactly: bool,
    /// [`ChangeQueue::fail`] moves a message to the dead letters on its last attempt, with the reason
    /// and the time. Otherwise a later receive moves it, and its dead letter has neither.
    pub records_failures: bool,
    /// [`DeadLetters::list`](crate::DeadLetters::list) leaves the letters as they are. Otherwise it
    /// hides those that it returns for the duration of a lease: until then they are not listed
    /// again, whatever the cursor, and not redriven.
    pub lists_dead_letters: bool,
    /// Every version can be sent. Otherwise only those that stand for a moment of the years 1 to
    /// 9999; [`ChangeQueue::send`] refuses the others one by one.
    pub accepts_every_version: bool,
}

impl QueueCapabilities {
    /// Every capability.
    pub const ALL: Self = Self {
        keeps_order: true,
        delivers_once: true,
        rejects_stale_receipts: true,
        takes_attempts_back: true,
        isolates_messages: true,
        counts_exactly: true,
        records_failures: true,
        lists_dead_letters: true,
        accepts_every_version: true,
    };

    /// No capability: what the least able queue can do.
    pub const NONE: Self = Self {
        keeps_order: false,
        delivers_once: false,
        rejects_stale_receipts: false,
        takes_attempts_back: false,
        isolates_messages: false,
        counts_exactly: false,
        records_failures: false,
        lists_dead_letters: false,
        accepts_every_version: false,
    };
}

/// The number of attempts after which a message becomes a dead letter.
pub const MAX_ATTEMPTS: u32 = 5;

/// The number of attempts in a row without an outcome after which a message is delivered alone.
pub const ISOLATE_AFTER: u32 = 2;

/// The time after which a released message is visible again.
pub const RELEASE_DELAY: Duration = Duration::from_secs(1);

/// The reason of a dead letter whose workers never reported an outcome.
pub const UNSETTLED: &str = "received 5 times without an outcome";

/// Returns the time after which a message that failed on attempt number `attempts` is visible again:
/// 5 s after the first attempt, and four times as long after each further one.
pub fn retry_delay(attempts: u32) -> Duration {
    Duration::from_secs(5) * 4_u32.saturating_pow(attempts.clamp(1, MAX_ATTEMPTS) - 1)
}

/// Proves that its holder has the lease of a message; opaque to everyone but the queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receipt(pub String);

impl Receipt {
    /// Returns the receipt of a queue that numbers its messages and counts the deliveries of each.
    pub fn numbered(sequence: u64, takes: u64) -> Self {
        Self(format!("{sequence}-{takes}"))
    }

    /// Returns the numbers of a receipt that [`Receipt::numbered`] made.
    pub fn numbers(&self) -> Option<(u64, u64)> {
        let (sequence, takes) = self.0.split_once('-')?;
        Some((sequence.parse().ok()?, takes.parse().ok()?))
    }
}

/// A message as it is delivered to a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Names the message when its outcome is reported.
    pub receipt: Receipt,
    /// The change to embed.
    pub change: Change,
    /// The number of attempts, this one included.
    pub attempts: u32,
}

/// The number of messages in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// Messages that are visible, or will be after their delay.
    pub waiting: u64,
    /// Messages that are leased.
    pub in_flight: u64,
    /// Dead letters.
    pub dead: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_delays_grow() {
        let delays = [1, 2, 3, 4].map(|attempts| retry_delay(attempts).as_secs());
        assert_eq!(delays, [5, 20, 80, 320]);
        assert_eq!(retry_delay(0), retry_delay(1));
        assert_eq!(retry_delay(u32::MAX), retry_delay(MAX_ATTEMPTS));
    }

    #[test]
    fn a_receipt_returns_its_numbers_and_any_other_text_none() {
        assert_eq!(Receipt::numbered(7, u64::MAX).numbers(), Some((7, u64::MAX)));
        for text in ["", "7", "7-", "-7", "a-b", "7-8-9"] {
            assert_eq!(Receipt(text.to_owned()).numbers(), None, "{text:?}");
        }
    }

    #[test]
    fn the_reason_of_an_unsettled_message_names_the_number_of_attempts() {
        assert!(UNSETTLED.contains(&MAX_ATTEMPTS.to_string()));
    }
}
