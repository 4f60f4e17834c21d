use crate::base_folder::{BaseFolder, missing};
use crate::database_state::{self, DatabaseState};
use crate::entries;
use crate::error;
use crate::pool::{self, Database};
use crate::snapshot::SearchSnapshot;
use akin_ports::{Candidate, CandidateQuery, ErrorKind, MatchQuery, Matches, PortResult};
use arc_swap::ArcSwapOption;
use flat_index::Base;
use rusqlite::Connection;
use std::fmt;
use std::mem;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Up to this many writes of another process are applied before a search; more are applied in the
/// background.
const MAX_APPLIED_INLINE: u64 = 200;

/// The number of rows that are read before they are indexed in memory. Only one page is held twice.
const PAGE: usize = 1_000;

/// So many times the changes that make a new base due are never held in memory: the base is built
/// first, whoever waits for it.
const MAX_OVERDUE: u64 = 4;

/// The searchable copy of the entries in SQLite: a base in a file, and in memory the changes since
/// it was built.
pub(crate) struct DerivedIndex {
    database: Arc<Database>,
    pub(crate) files: BaseFolder,
    pub(crate) max_changes: usize,
    pub(crate) snapshot: ArcSwapOption<SearchSnapshot>,
    /// Locked by the thread that makes the next snapshot.
    updating: Mutex<()>,
    /// The last sequence that this process wrote. Searches always include its own writes.
    own_sequence: AtomicU64,
    /// True while a background thread makes the next snapshot or base.
    pub(crate) is_busy: AtomicBool,
    created: Instant,
    /// When the base file was last looked at, in milliseconds since `created`.
    pub(crate) base_checked: AtomicU64,
    /// When a base could not be built, in milliseconds since `created`; 0 if never.
    pub(crate) build_failed: AtomicU64,
}

impl DerivedIndex {
    /// Creates the index over `database`, with files in `folder`. Nothing is read yet.
    pub(crate) fn new(database: Arc<Database>, folder: PathBuf, max_changes: usize) -> Self {
        Self {
            files: BaseFolder::new(Arc::clone(&database), folder),
            database,
            max_changes,
            snapshot: ArcSwapOption::empty(),
            updating: Mutex::new(()),
            own_sequence: AtomicU64::new(0),
            is_busy: AtomicBool::new(false),
            created: Instant::now(),
            base_checked: AtomicU64::new(0),
            build_failed: AtomicU64::new(0),
        }
    }

    /// Notes that this process wrote up to `sequence`.
    pub(crate) fn note_own_writes(&self, sequence: u64) {
        self.own_sequence.fetch_max(sequence, Ordering::AcqRel);
    }

    /// Returns the snapshot if nothing was written since. Takes a few microseconds.
    pub(crate) fn if_current(self: &Arc<Self>) -> PortResult<Option<Arc<SearchSnapshot>>> {
        let Some(snapshot) = self.snapshot.load_full() else { return Ok(None) };
        let last = self.database.peek(entries::last_stamp)?;
        self.look_for_another_base();
        Ok((snapshot.stamp() == last).then_some(snapshot))
    }

    /// Returns a snapshot with all writes of this process. Writes of others may be applied later,
    /// in the background.
    pub(crate) fn current(self: &Arc<Self>) -> PortResult<Arc<SearchSnapshot>> {
        let last = self.database.peek(entries::last_stamp)?;
        match self.snapshot.load_full() {
            Some(snapshot) if snapshot.stamp() == last => Ok(snapshot),
            Some(snapshot)
                if last.sequence.saturating_sub(snapshot.stamp().sequence) > MAX_APPLIED_INLINE
                    && snapshot.stamp().sequence >= self.own_sequence.load(Ordering::Acquire) =>
            {
                self.maintain_in_background();
                Ok(snapshot)
            }
            _ => self.update(),
        }
    }

    /// Answers `query` from `snapshot`.
    pub(crate) fn candidates(
        &self,
        snapshot: &SearchSnapshot,
        query: &CandidateQuery,
    ) -> PortResult<Vec<Candidate>> {
        if let (Some(vector), Some(model)) = (&query.vector, snapshot.fingerprint()) {
            vector.check(error::SYSTEM, model)?;
        }
        snapshot.candidates(query).map_err(|e| error::flat(self.files.path(), &e))
    }

    /// Counts and lists the products that match `query`, from `snapshot`.
    pub(crate) fn matches(
        &self,
        snapshot: &SearchSnapshot,
        query: &MatchQuery,
    ) -> PortResult<Matches> {
        if let (Some(vector), Some(model)) = (query.matching.vector(), snapshot.fingerprint()) {
            vector.check(error::SYSTEM, model)?;
        }
        snapshot.matches(query).map_err(|e| error::flat(self.files.path(), &e))
    }

    /// Applies all writes, and rebuilds the base unless it holds nearly all of them, so that the
    /// next process opens fast.
    pub(crate) fn optimize(&self) -> PortResult<()> {
        if self.advance()?.changed() == 0 || !self.database.is_writable() {
            return Ok(());
        }
        self.rebuild(self.max_changes as u64 / 4)
    }

    /// Returns how many changes may be held in memory beside `snapshot`'s base before another is
    /// due.
    pub(crate) fn max_held(&self, snapshot: &SearchSnapshot) -> usize {
        self.max_changes.max(snapshot.len() / 10)
    }

    /// Applies all writes since the last snapshot. Maintains the base in the background if it is
    /// due.
    fn update(self: &Arc<Self>) -> PortResult<Arc<SearchSnapshot>> {
        let next = self.advance()?;
        self.maintain_if_due();
        Ok(next)
    }

    /// Makes the snapshot of the database's current state.
    pub(crate) fn advance(&self) -> PortResult<Arc<SearchSnapshot>> {
        let _updating = pool::lock(&self.updating);
        let held = self.snapshot.load_full();
        let continued = match &held {
            Some(held) => self.catch_up(held, self.max_overdue(self.max_held(held)))?,
            None => None,
        };
        let next = match continued {
            Some(next) => next,
            None => self.start()?,
        };
        self.snapshot.store(Some(Arc::clone(&next)));
        Ok(next)
    }

    /// Makes a snapshot from the base on disk, or from a new one.
    fn start(&self) -> PortResult<Arc<SearchSnapshot>> {
        // Another database may take this one's place, or another base be built, during an attempt.
        for _ in 0..3 {
            let own = self.own_sequence.load(Ordering::Acquire);
            let state = self.database.read_now(DatabaseState::read)?;
            if own > state.last.sequence {
                // A backup took the place of the database that this process wrote to.
                let (old, new) = (Ordering::AcqRel, Ordering::Acquire);
                // If it fails, another thread has written meanwhile, and the next round compares again.
                let _ = self.own_sequence.compare_exchange(own, state.last.sequence, old, new);
            }
            let base = self.find_base(&state)?;
            let first = self.snapshot_over(&state, base)?;
            if let Some(next) = self.catch_up(&first, u64::MAX)? {
                return Ok(next);
            }
        }
        let what = "other processes replaced it repeatedly";
        Err(error::at(self.database.file(), ErrorKind::Unavailable, what, "try again"))
    }

    /// Returns the base on disk, or builds it if there is none and much to read.
    fn find_base(&self, state: &DatabaseState) -> PortResult<Option<Base>> {
        let base = self.files.open(state)?;
        let size = base.as_ref().map_or(0, Base::documents) / 10;
        let max_missing = self.max_overdue(self.max_changes.max(size));
        if let Some(base) = base.as_ref().filter(|base| missing(state, base) <= max_missing) {
            return Ok(Some(base.clone()));
        }
        if state.last.sequence <= self.max_changes as u64 {
            return Ok(base);
        }
        self.build(Some(self.max_changes as u64)).or_else(|error| {
            tracing::warn!(?error, "the search files could not be built");
            Ok(base)
        })
    }

    /// Returns how many writes a snapshot may lack before a base is built at once, of `max_held`
    /// that make it due. After a failure, they are held in memory rather than not found.
    fn max_overdue(&self, max_held: usize) -> u64 {
        if self.has_just_failed() {
            return u64::MAX;
        }
        MAX_OVERDUE.saturating_mul(max_held as u64)
    }

    /// Returns the milliseconds since this was created.
    pub(crate) fn now(&self) -> u64 {
        millis(self.created.elapsed())
    }

    /// Returns `snapshot` with all writes since; `None` if it is of another database, or lacks so
    /// many writes that more than `max_held` would be held in memory.
    fn catch_up(
        &self,
        snapshot: &Arc<SearchSnapshot>,
        max_held: u64,
    ) -> PortResult<Option<Arc<SearchSnapshot>>> {
        let caught_up = self.database.read_now(|connection| {
            let state = DatabaseState::read(connection)?;
            let after = snapshot.stamp().sequence;
            let held = state.last.sequence.saturating_sub(after) + snapshot.changed() as u64;
            if !state.continues(connection, snapshot)? || held > max_held {
                self.tell_if_restored(connection, snapshot)?;
                return Ok(Ok(None));
            }
            let mut next = Arc::clone(snapshot);
            if state.last == next.stamp() {
                return Ok(Ok(Some(next)));
            }
            let mut rows = Vec::new();
            let mut failure = None;
            let mut apply = |rows: &mut Vec<_>| {
                match next.with(mem::take(rows), state.last, state.fingerprint.clone()) {
                    Ok(applied) => next = Arc::new(applied),
                    Err(error) => failure = Some(error),
                }
                if failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            entries::visit_since(connection, after, &mut |row| {
                database_state::check_embedding(&row, snapshot.dimension())?;
                rows.push(row);
                Ok(if rows.len() < PAGE { ControlFlow::Continue(()) } else { apply(&mut rows) })
            })?;
            // An error is in `failure`; there is nothing left to stop.
            let _ = apply(&mut rows);
            Ok(failure.map_or(Ok(Some(next)), Err))
        })?;
        caught_up.map_err(|e| error::flat(self.files.path(), &e))
    }

    /// Logs that the state of `snapshot` is none of this database.
    fn tell_if_restored(
        &self,
        connection: &Connection,
        snapshot: &SearchSnapshot,
    ) -> rusqlite::Result<()> {
        let stamp = snapshot.stamp();
        if !entries::was_at(connection, stamp)? && !entries::is_forgotten(connection, stamp)? {
            tracing::warn!(
                file = %self.database.file().display(),
                "the database is in another state than it was searched in, as after a backup was \
                 restored: its products are read again"
            );
        }
        Ok(())
    }

    /// Makes a snapshot of another base and all writes since it was built.
    pub(crate) fn replace_base(&self, base: Option<Base>) -> PortResult<()> {
        let _updating = pool::lock(&self.updating);
        let state = self.database.read_now(DatabaseState::read)?;
        let first = self.snapshot_over(&state, base)?;
        if let Some(next) = self.catch_up(&first, u64::MAX)? {
            self.snapshot.store(Some(next));
        }
        Ok(())
    }

    fn snapshot_over(
        &self,
        state: &DatabaseState,
        base: Option<Base>,
    ) -> PortResult<Arc<SearchSnapshot>> {
        let snapshot = SearchSnapshot::new(state.fingerprint.clone(), base);
        snapshot.map(Arc::new).map_err(|e| error::flat(self.files.path(), &e))
    }
}

/// Returns `duration` in milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for DerivedIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DerivedIndex").field("database", &self.database).finish_non_exhaustive()
    }
}
