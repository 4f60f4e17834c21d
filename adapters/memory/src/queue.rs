use crate::{Faults, lock};
use akin_entities::{Change, Timestamp};
use akin_ports::{
    ChangeQueue, DeadLetter, Delivery, Failures, ISOLATE_AFTER, MAX_ATTEMPTS, PortResult,
    QueueCounts, RELEASE_DELAY, Receipt, UNSETTLED, retry_delay,
};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

/// A [`ChangeQueue`] that forgets when it is dropped. Its time stands still but for
/// [`MemoryQueue::pass`].
#[derive(Debug, Default)]
pub struct MemoryQueue {
    state: Mutex<State>,
    faults: Faults,
}

#[derive(Debug, Default)]
struct State {
    now: Duration,
    messages: BTreeMap<u64, Message>,
    /// Of the last message; none is given twice.
    sequence: u64,
}

#[derive(Debug)]
struct Message {
    change: Change,
    tries: u32,
    /// Tries in a row that had no outcome.
    unfinished: u32,
    /// How often it was handed out: tells its receipts apart.
    takes: u64,
    is_leased: bool,
    visible: Duration,
    /// Why and when it was given up.
    death: Option<(String, Duration)>,
}

impl MemoryQueue {
    const LEASE: Duration = Duration::from_mins(1);

    /// An empty queue, with these `faults`.
    pub fn with_faults(faults: Faults) -> Self {
        Self { faults, ..Self::default() }
    }

    /// Lets `time` pass.
    pub fn pass(&self, time: Duration) {
        lock(&self.state).now += time;
    }

    /// One call: it fails as the faults say, before its effect or after it.
    async fn call<T>(&self, work: impl FnOnce(&mut State) -> T) -> PortResult<T> {
        self.faults.call(&self.state, work).await
    }
}

#[async_trait]
impl ChangeQueue for MemoryQueue {
    async fn send(&self, changes: &[Change]) -> PortResult<Failures> {
        self.call(|state| {
            let mut failures = Failures::new();
            for change in changes {
                if !self.faults.refuses(&change.id, &mut failures) {
                    state.enter(change);
                }
            }
            failures
        })
        .await
    }

    async fn receive(&self, limit: usize) -> PortResult<Vec<Delivery>> {
        self.call(|state| state.take(limit)).await
    }

    fn lease(&self) -> Duration {
        Self::LEASE
    }

    async fn extend(&self, receipts: &[Receipt]) -> PortResult<()> {
        self.call(|state| {
            let until = state.now + Self::LEASE;
            for receipt in receipts {
                if let Some((_, message)) = state.held(receipt) {
                    message.visible = until;
                }
            }
        })
        .await
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> PortResult<()> {
        self.call(|state| {
            for receipt in receipts {
                if let Some((sequence, _)) = state.held(receipt) {
                    state.messages.remove(&sequence);
                }
            }
        })
        .await
    }

    async fn release(&self, receipts: &[Receipt]) -> PortResult<()> {
        self.call(|state| {
            let visible = state.now + RELEASE_DELAY;
            for receipt in receipts {
                if let Some((_, message)) = state.held(receipt) {
                    message.settle(visible);
                    message.tries -= 1;
                }
            }
        })
        .await
    }

    async fn fail(&self, failed: &[(Receipt, String)]) -> PortResult<()> {
        self.call(|state| {
            let now = state.now;
            for (receipt, reason) in failed {
                if let Some((_, message)) = state.held(receipt) {
                    message.settle(now + retry_delay(message.tries));
                    if message.tries >= MAX_ATTEMPTS {
                        message.death = Some((reason.clone(), now));
                    }
                }
            }
        })
        .await
    }

    async fn counts(&self) -> PortResult<QueueCounts> {
        self.call(|state| {
            let mut counts = QueueCounts::default();
            for message in state.messages.values() {
                let is_held = message.is_leased && message.visible > state.now;
                let count = match message.death {
                    Some(_) => &mut counts.dead,
                    None if is_held => &mut counts.in_flight,
                    None => &mut counts.waiting,
                };
                *count += 1;
            }
            counts
        })
        .await
    }

    async fn dead_letters(&self, after: Option<u64>, limit: usize) -> PortResult<Vec<DeadLetter>> {
        self.call(|state| {
            let behind = state.messages.iter().filter(|(sequence, _)| Some(**sequence) > after);
            let letters = behind.filter_map(|(sequence, message)| message.letter(*sequence));
            letters.take(limit).collect()
        })
        .await
    }

    async fn redrive(&self, limit: usize) -> PortResult<u64> {
        self.call(|state| {
            let mut redriven = 0;
            let dead = state.messages.values_mut().filter(|message| message.death.is_some());
            for message in dead.take(limit) {
                (message.death, message.tries, message.visible) = (None, 0, state.now);
                redriven += 1;
            }
            redriven
        })
        .await
    }
}

impl State {
    fn enter(&mut self, change: &Change) {
        self.sequence += 1;
        let message = Message {
            change: change.clone(),
            tries: 0,
            unfinished: 0,
            takes: 0,
            is_leased: false,
            visible: self.now,
            death: None,
        };
        self.messages.insert(self.sequence, message);
    }

    fn take(&mut self, limit: usize) -> Vec<Delivery> {
        let now = self.now;
        self.messages.values_mut().for_each(|message| message.bury(now));
        let mut in_sight =
            self.messages.iter_mut().filter(|(_, message)| message.is_visible(now)).peekable();
        let first = in_sight.peek().map_or(0, |(_, message)| message.unfinished);
        let limit = if first >= ISOLATE_AFTER { limit.min(1) } else { limit };
        let together = in_sight
            .filter(|(_, message)| first >= ISOLATE_AFTER || message.unfinished < ISOLATE_AFTER);
        together.take(limit).map(|(sequence, message)| message.hand_out(*sequence, now)).collect()
    }

    /// The message of a receipt that is still good.
    fn held(&mut self, receipt: &Receipt) -> Option<(u64, &mut Message)> {
        let (sequence, takes) = receipt.numbers()?;
        let message = self.messages.get_mut(&sequence)?;
        (message.is_leased && message.takes == takes).then_some((sequence, message))
    }
}

impl Message {
    fn is_visible(&self, now: Duration) -> bool {
        self.death.is_none() && self.visible <= now
    }

    /// Gives up what nobody finished.
    fn bury(&mut self, now: Duration) {
        if self.is_visible(now) && self.is_leased && self.tries >= MAX_ATTEMPTS {
            self.is_leased = false;
            self.death = Some((UNSETTLED.to_owned(), now));
        }
    }

    fn hand_out(&mut self, sequence: u64, now: Duration) -> Delivery {
        self.tries += 1;
        self.unfinished += 1;
        self.takes += 1;
        (self.is_leased, self.visible) = (true, now + MemoryQueue::LEASE);
        let receipt = Receipt::numbered(sequence, self.takes);
        Delivery { receipt, change: self.change.clone(), tries: self.tries }
    }

    /// An outcome: out of sight until `visible`.
    fn settle(&mut self, visible: Duration) {
        (self.is_leased, self.unfinished, self.visible) = (false, 0, visible);
    }

    fn letter(&self, sequence: u64) -> Option<DeadLetter> {
        let (reason, at) = self.death.as_ref()?;
        let at = Timestamp(i64::try_from(at.as_micros()).unwrap_or(i64::MAX));
        let (change, reason) = (self.change.clone(), reason.clone());
        Some(DeadLetter { sequence, change, tries: self.tries, reason, at })
    }
}
