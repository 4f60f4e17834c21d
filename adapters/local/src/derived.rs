use crate::entries;
use crate::pool::{self, Database};
use crate::snapshot::Snapshot;
use arc_swap::ArcSwapOption;
use ports::PortResult;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// So many writes of another process are taken in before the answer; more, beside it.
const AT_ONCE: u64 = 200;

/// What searches, derived from the entries in SQLite and never more than a copy of them.
pub(crate) struct Derived {
    database: Arc<Database>,
    snapshot: ArcSwapOption<Snapshot>,
    /// Held by the one thread that makes the next snapshot.
    turn: Mutex<()>,
    /// The last sequence that this process wrote: its own writes are never answered without.
    written: AtomicU64,
    /// Whether a thread beside the answers makes the next snapshot.
    busy: AtomicBool,
}

impl Derived {
    /// What is derived from `database`. Nothing is read yet.
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self {
            database,
            snapshot: ArcSwapOption::empty(),
            turn: Mutex::new(()),
            written: AtomicU64::new(0),
            busy: AtomicBool::new(false),
        }
    }

    /// Says that this process wrote up to `sequence`.
    pub(crate) fn expect(&self, sequence: u64) {
        self.written.fetch_max(sequence, Ordering::AcqRel);
    }

    /// What can be searched now: all that this process wrote, and what others wrote as soon as it
    /// is taken in.
    pub(crate) fn current(self: &Arc<Self>) -> PortResult<Arc<Snapshot>> {
        let last = self.database.read_now(entries::last_sequence)?;
        match self.snapshot.load_full() {
            Some(held) if held.sequence() >= last => Ok(held),
            Some(held)
                if last - held.sequence() > AT_ONCE
                    && held.sequence() >= self.written.load(Ordering::Acquire) =>
            {
                self.beside(|derived| derived.catch_up().map(drop));
                Ok(held)
            }
            _ => self.catch_up(),
        }
    }

    /// Takes in what was written since the last snapshot.
    fn catch_up(self: &Arc<Self>) -> PortResult<Arc<Snapshot>> {
        let _turn = pool::lock(&self.turn);
        let held = self.snapshot.load_full().unwrap_or_default();
        let next = Arc::new(self.database.read_now(|connection| held.caught_up(connection))?);
        self.snapshot.store(Some(Arc::clone(&next)));
        Ok(next)
    }

    /// Runs `work` on a thread of its own, unless one runs already.
    fn beside(self: &Arc<Self>, work: fn(&Arc<Self>) -> PortResult<()>) {
        if self.busy.swap(true, Ordering::AcqRel) {
            return;
        }
        let derived = Arc::clone(self);
        thread::spawn(move || {
            if let Err(error) = work(&derived) {
                tracing::warn!(?error, "what another process wrote could not be read");
            }
            derived.busy.store(false, Ordering::Release);
        });
    }
}

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Derived").field("database", &self.database).finish_non_exhaustive()
    }
}
