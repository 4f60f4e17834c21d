//! The messages of a [`MemoryQueue`], and what becomes of them with and without each capability.

use crate::MemoryQueue;
use akin_entities::{Change, Timestamp};
use akin_ports::{
    DeadLetter, DeadLetterPage, Delivery, ISOLATE_AFTER, MAX_ATTEMPTS, QueueCapabilities,
    QueueCounts, Receipt, UNSETTLED,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// The most messages that a queue without capabilities delivers at a time.
const SMALL_BATCH: usize = 10;

/// One of so many messages is delivered twice by a queue that does not deliver once.
const DELIVERED_TWICE: u64 = 100;

/// The first and the last microsecond of the years 1 to 9999.
const CALENDAR: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

#[derive(Debug)]
pub(crate) struct QueueState {
    pub(crate) capabilities: QueueCapabilities,
    pub(crate) now: Duration,
    pub(crate) messages: BTreeMap<u64, Message>,
    /// The number of the last message; none is used twice.
    pub(crate) sequence: u64,
    /// The counts as of the last time that the clock advanced.
    pub(crate) estimate: QueueCounts,
}

#[derive(Debug)]
pub(crate) struct Message {
    change: Change,
    pub(crate) attempts: u32,
    /// Attempts in a row without an outcome.
    unsettled: u32,
    /// The number of deliveries, which tells their receipts apart.
    takes: u64,
    is_leased: bool,
    /// When it is visible, or can be listed again as a dead letter.
    pub(crate) visible: Duration,
    death: Option<Death>,
}

#[derive(Debug)]
struct Death {
    reason: Option<String>,
    at: Option<Duration>,
}

impl Default for QueueState {
    fn default() -> Self {
        Self {
            capabilities: QueueCapabilities::ALL,
            now: Duration::ZERO,
            messages: BTreeMap::new(),
            sequence: 0,
            estimate: QueueCounts::default(),
        }
    }
}

impl QueueState {
    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
        self.estimate = self.exact_counts();
    }

    pub(crate) fn accepts(&self, change: &Change) -> bool {
        self.capabilities.accepts_every_version || CALENDAR.contains(&change.version.0)
    }

    pub(crate) fn send(&mut self, change: &Change) {
        self.sequence += 1;
        let message = Message {
            change: change.clone(),
            attempts: 0,
            unsettled: 0,
            takes: 0,
            is_leased: false,
            visible: self.now,
            death: None,
        };
        self.messages.insert(self.sequence, message);
    }

    pub(crate) fn receive(&mut self, limit: usize) -> Vec<Delivery> {
        let (now, capabilities) = (self.now, self.capabilities);
        let limit = if capabilities.keeps_order { limit } else { limit.min(SMALL_BATCH) };
        for message in self.messages.values_mut() {
            message.give_up(now, capabilities);
        }
        let is_visible = |(sequence, message): &(&u64, &mut Message)| {
            let is_again = !capabilities.delivers_once
                && **sequence % DELIVERED_TWICE == 0
                && message.is_leased
                && message.takes == 1;
            message.death.is_none() && (message.visible <= now || is_again)
        };
        let mut visible: Vec<_> = self.messages.iter_mut().filter(is_visible).collect();
        if !capabilities.keeps_order {
            visible.reverse();
        }
        if capabilities.isolates_messages {
            let first = visible.first().map_or(0, |(_, message)| message.unsettled);
            if first >= ISOLATE_AFTER {
                visible.truncate(1);
            } else {
                visible.retain(|(_, message)| message.unsettled < ISOLATE_AFTER);
            }
        }
        let deliveries = visible.into_iter().take(limit);
        deliveries.map(|(sequence, message)| message.deliver(*sequence, now)).collect()
    }

    /// Returns the message whose lease `receipt` proves.
    pub(crate) fn leased(&mut self, receipt: &Receipt) -> Option<(u64, &mut Message)> {
        let (sequence, takes) = receipt.numbers()?;
        let rejects_stale = self.capabilities.rejects_stale_receipts;
        let message = self.messages.get_mut(&sequence)?;
        let is_valid = if rejects_stale {
            takes == message.takes
        } else {
            (1..=message.takes).contains(&takes)
        };
        (message.is_leased && is_valid).then_some((sequence, message))
    }

    pub(crate) fn counts(&self) -> QueueCounts {
        if self.capabilities.counts_exactly { self.exact_counts() } else { self.estimate }
    }

    fn exact_counts(&self) -> QueueCounts {
        let mut counts = QueueCounts::default();
        for message in self.messages.values() {
            let is_leased = message.is_leased && message.visible > self.now;
            let count = match message.death {
                Some(_) => &mut counts.dead,
                None if is_leased => &mut counts.in_flight,
                None => &mut counts.waiting,
            };
            *count += 1;
        }
        counts
    }

    pub(crate) fn list(&mut self, after: Option<u64>, limit: usize) -> DeadLetterPage {
        let (now, lists) = (self.now, self.capabilities.lists_dead_letters);
        let mut letters = Vec::new();
        for (sequence, message) in &mut self.messages {
            let is_next = if lists { Some(*sequence) > after } else { message.visible <= now };
            if letters.len() < limit
                && is_next
                && let Some(letter) = message.letter()
            {
                letters.push((*sequence, letter));
                if !lists {
                    message.visible = now + MemoryQueue::LEASE;
                }
            }
        }
        DeadLetterPage::numbered(letters, limit)
    }

    pub(crate) fn redrive(&mut self, limit: usize) -> u64 {
        let (now, lists) = (self.now, self.capabilities.lists_dead_letters);
        let mut redriven = 0;
        let dead = self
            .messages
            .values_mut()
            .filter(|message| message.death.is_some() && (lists || message.visible <= now));
        for message in dead.take(limit) {
            (message.death, message.attempts, message.visible) = (None, 0, now);
            redriven += 1;
        }
        redriven
    }
}

impl Message {
    /// Ends the lease with an outcome and hides the message until `visible`.
    pub(crate) fn settle(&mut self, visible: Duration) {
        (self.is_leased, self.unsettled, self.visible) = (false, 0, visible);
    }

    /// Makes a dead letter of a message that has no attempts left.
    fn give_up(&mut self, now: Duration, capabilities: QueueCapabilities) {
        if self.death.is_some() || self.visible > now || self.attempts < MAX_ATTEMPTS {
            return;
        }
        if !capabilities.records_failures {
            self.is_leased = false;
            self.visible = now;
            self.death = Some(Death { reason: None, at: None });
        } else if self.is_leased {
            self.is_leased = false;
            self.die(Some(UNSETTLED.to_owned()), now);
        }
    }

    pub(crate) fn die(&mut self, reason: Option<String>, now: Duration) {
        self.visible = now;
        self.death = Some(Death { reason, at: Some(now) });
    }

    fn deliver(&mut self, sequence: u64, now: Duration) -> Delivery {
        self.attempts += 1;
        self.unsettled += 1;
        self.takes += 1;
        (self.is_leased, self.visible) = (true, now + MemoryQueue::LEASE);
        let receipt = Receipt::numbered(sequence, self.takes);
        Delivery { receipt, change: self.change.clone(), attempts: self.attempts }
    }

    fn letter(&self) -> Option<DeadLetter> {
        let Death { reason, at } = self.death.as_ref()?;
        let micros = |at: Duration| i64::try_from(at.as_micros()).unwrap_or(i64::MAX);
        Some(DeadLetter {
            change: self.change.clone(),
            attempts: self.attempts,
            reason: reason.clone(),
            died: at.map(micros).map(Timestamp),
        })
    }
}
