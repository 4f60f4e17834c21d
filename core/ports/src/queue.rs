use crate::{Failures, PortResult};
use akin_entities::{Change, Timestamp};
use async_trait::async_trait;
use std::fmt::Debug;
use std::time::Duration;

/// Hands out changes that wait to be embedded to any number of workers.
///
/// Whoever receives a message holds a lease on it: for [`lease`](ChangeQueue::lease) nobody else is
/// given it. The receipt stays good until the message is given to another; from then on it does
/// nothing, and is no error. Receiving counts a try; [`release`](ChangeQueue::release) takes it back.
///
/// A message that was taken [`ISOLATE_AFTER`] times in a row without an outcome (its workers died, it
/// seems) is handed out alone, so that one which kills its worker takes no other with it. A message
/// whose lease ends without an outcome on its last try becomes a dead letter by a later receive.
#[async_trait]
pub trait ChangeQueue: Debug + Send + Sync {
    /// Enters each of `changes` as a message of its own, also what is there already. The products
    /// among the failures were not entered, or not every change of theirs.
    async fn send(&self, changes: &[Change]) -> PortResult<Failures>;

    /// Takes at most `limit` messages that are in sight, the oldest first.
    async fn receive(&self, limit: usize) -> PortResult<Vec<Delivery>>;

    /// How long a lease lasts.
    fn lease(&self) -> Duration;

    /// Begins the leases of these anew, as of now.
    async fn extend(&self, receipts: &[Receipt]) -> PortResult<()>;

    /// Forgets messages that are done.
    async fn acknowledge(&self, receipts: &[Receipt]) -> PortResult<()>;

    /// Gives messages back that are not to blame: they are in sight again after
    /// [`RELEASE_DELAY`], and this try does not count.
    async fn release(&self, receipts: &[Receipt]) -> PortResult<()>;

    /// Says why messages could not be done: they are in sight again after
    /// [`retry_delay`] their try, or dead letters after the try number [`MAX_ATTEMPTS`].
    async fn fail(&self, failed: &[(Receipt, String)]) -> PortResult<()>;

    /// How many messages there are.
    async fn counts(&self) -> PortResult<QueueCounts>;

    /// The next `limit` dead letters behind the one of the sequence `after`, by their sequences.
    async fn dead_letters(&self, after: Option<u64>, limit: usize) -> PortResult<Vec<DeadLetter>>;

    /// Makes at most `limit` dead letters messages again, the oldest first, with all their tries;
    /// says how many. Those that died without an outcome are handed out alone as before.
    async fn redrive(&self, limit: usize) -> PortResult<u64>;
}

/// How often a message is tried.
pub const MAX_ATTEMPTS: u32 = 5;

/// After so many tries in a row without an outcome a message is handed out alone.
pub const ISOLATE_AFTER: u32 = 2;

/// How long a message stays out of sight that was released.
pub const RELEASE_DELAY: Duration = Duration::from_secs(1);

/// Why a message became a dead letter whose workers never said what became of it.
pub const UNSETTLED: &str = "taken 5 times and never finished";

/// How long a message stays out of sight that failed on this try: 5 s after the first, and four
/// times as long after each next one.
pub fn retry_delay(tries: u32) -> Duration {
    Duration::from_secs(5) * 4_u32.saturating_pow(tries.clamp(1, MAX_ATTEMPTS) - 1)
}

/// Proves to a queue who holds a message; means nothing to anybody else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receipt(pub String);

impl Receipt {
    /// The receipt of a queue that numbers its messages, and how often it handed each out.
    pub fn numbered(sequence: u64, takes: u64) -> Self {
        Self(format!("{sequence}-{takes}"))
    }

    /// The numbers of a receipt that [`Receipt::numbered`] made.
    pub fn numbers(&self) -> Option<(u64, u64)> {
        let (sequence, takes) = self.0.split_once('-')?;
        Some((sequence.parse().ok()?, takes.parse().ok()?))
    }
}

/// A message, as a worker is given it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Whoever has it may say what becomes of the message.
    pub receipt: Receipt,
    /// What changed.
    pub change: Change,
    /// How often it was tried, this time included.
    pub tries: u32,
}

/// A message that is tried no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its place in the queue; no other message ever has it.
    pub sequence: u64,
    /// What changed.
    pub change: Change,
    /// How often it was tried.
    pub tries: u32,
    /// Why it failed the last time.
    pub reason: String,
    /// When it was given up.
    pub at: Timestamp,
}

/// How many messages a queue holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// In sight, or out of sight for a pause.
    pub waiting: u64,
    /// Leased to a worker.
    pub in_flight: u64,
    /// Dead letters.
    pub dead: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow() {
        let pauses = [1, 2, 3, 4].map(|tries| retry_delay(tries).as_secs());
        assert_eq!(pauses, [5, 20, 80, 320]);
        assert_eq!(retry_delay(0), retry_delay(1));
        assert_eq!(retry_delay(u32::MAX), retry_delay(MAX_ATTEMPTS));
    }

    #[test]
    fn a_receipt_gives_its_numbers_back_and_another_text_none() {
        assert_eq!(Receipt::numbered(7, u64::MAX).numbers(), Some((7, u64::MAX)));
        for text in ["", "7", "7-", "-7", "a-b", "7-8-9"] {
            assert_eq!(Receipt(text.to_owned()).numbers(), None, "{text:?}");
        }
    }

    #[test]
    fn the_reason_of_what_was_never_finished_names_the_number_of_tries() {
        assert!(UNSETTLED.contains(&MAX_ATTEMPTS.to_string()));
    }
}
