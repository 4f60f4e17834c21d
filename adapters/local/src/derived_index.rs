use crate::database_state::{self, DatabaseState};
use crate::entries;
use crate::error;
use crate::pool::{self, Database};
use crate::snapshot::{self, SearchSnapshot};
use akin_ports::{Candidate, CandidateQuery, PortResult};
use arc_swap::ArcSwapOption;
use flat_index::Base;
use std::fmt;
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Up to this many writes of another process are applied before a search; more are applied in the
/// background.
const MAX_APPLIED_INLINE: u64 = 200;

/// The searchable copy of the entries in SQLite: a base in a file, and in memory the changes since
/// it was built.
pub(crate) struct DerivedIndex {
    database: Arc<Database>,
    folder: PathBuf,
    max_changes: usize,
    snapshot: ArcSwapOption<SearchSnapshot>,
    /// Locked by the thread that makes the next snapshot.
    updating: Mutex<()>,
    /// The last sequence that this process wrote. Searches always include its own writes.
    own_sequence: AtomicU64,
    /// True while a background thread makes the next snapshot or base.
    is_busy: AtomicBool,
}

impl DerivedIndex {
    /// Creates the index over `database`, with files in `folder`. Nothing is read yet.
    pub(crate) fn new(database: Arc<Database>, folder: PathBuf, max_changes: usize) -> Self {
        Self {
            database,
            folder,
            max_changes,
            snapshot: ArcSwapOption::empty(),
            updating: Mutex::new(()),
            own_sequence: AtomicU64::new(0),
            is_busy: AtomicBool::new(false),
        }
    }

    /// Notes that this process wrote up to `sequence`.
    pub(crate) fn note_own_writes(&self, sequence: u64) {
        self.own_sequence.fetch_max(sequence, Ordering::AcqRel);
    }

    /// Returns the snapshot if nothing was written since. Takes a few microseconds.
    pub(crate) fn if_current(&self) -> PortResult<Option<Arc<SearchSnapshot>>> {
        let Some(snapshot) = self.snapshot.load_full() else { return Ok(None) };
        let last = self.database.peek(entries::last_sequence)?;
        Ok((snapshot.sequence() >= last).then_some(snapshot))
    }

    /// Returns a snapshot with all writes of this process. Writes of others may be applied later,
    /// in the background.
    pub(crate) fn current(self: &Arc<Self>) -> PortResult<Arc<SearchSnapshot>> {
        let last = self.database.peek(entries::last_sequence)?;
        match self.snapshot.load_full() {
            Some(snapshot) if snapshot.sequence() >= last => Ok(snapshot),
            Some(snapshot)
                if last - snapshot.sequence() > MAX_APPLIED_INLINE
                    && snapshot.sequence() >= self.own_sequence.load(Ordering::Acquire) =>
            {
                self.in_background(|index| index.update().map(drop));
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
        snapshot.candidates(query).map_err(|e| error::flat(&self.folder, &e))
    }

    /// Applies all writes, and rebuilds the base unless it holds nearly all of them, so that the
    /// next process opens fast.
    pub(crate) fn optimize(&self) -> PortResult<()> {
        if self.update_snapshot()?.changed() == 0 || !self.database.is_writable() {
            return Ok(());
        }
        self.rebuild(self.max_changes / 4)
    }

    /// Applies all writes since the last snapshot. Starts building a new base when there are many.
    fn update(self: &Arc<Self>) -> PortResult<Arc<SearchSnapshot>> {
        let is_first = self.snapshot.load().is_none();
        let next = self.update_snapshot()?;
        if is_first && next.base().is_some_and(|base| !base.is_verified()) {
            self.in_background(|index| index.verify());
        }
        let max_changes = self.max_changes.max(next.len() / 10);
        if next.changed() > max_changes && self.database.is_writable() {
            self.in_background(|index| index.rebuild(index.max_changes));
        }
        Ok(next)
    }

    fn update_snapshot(&self) -> PortResult<Arc<SearchSnapshot>> {
        let _updating = pool::lock(&self.updating);
        let snapshot = match self.snapshot.load_full() {
            Some(snapshot) => snapshot,
            None => self.load()?,
        };
        let next = self.apply_writes(snapshot)?;
        self.snapshot.store(Some(Arc::clone(&next)));
        Ok(next)
    }

    /// Loads the base from disk. Builds it first if it is missing or unusable and there is much to
    /// read.
    fn load(&self) -> PortResult<Arc<SearchSnapshot>> {
        let state = self.database.read_now(DatabaseState::read)?;
        let mut base = self.open_base(&state);
        let is_large = state.last > self.max_changes as u64;
        if base.is_none() && is_large && self.database.is_writable() {
            base = self.build().unwrap_or_else(|error| {
                tracing::warn!(?error, "the search files could not be built");
                None
            });
        }
        self.snapshot_over(&state, base)
    }

    /// Returns `snapshot` with all writes since.
    fn apply_writes(&self, snapshot: Arc<SearchSnapshot>) -> PortResult<Arc<SearchSnapshot>> {
        let (state, rows) = self.database.read_now(|connection| {
            let state = DatabaseState::read(connection)?;
            let (after, dimension) = if state.continues(&snapshot) {
                (snapshot.sequence(), snapshot.dimension())
            } else {
                (0, state.dimension().unwrap_or_default())
            };
            let mut rows = Vec::new();
            entries::visit_since(connection, after, &mut |row| {
                database_state::check_embedding(&row, dimension)?;
                rows.push(row);
                Ok(ControlFlow::Continue(()))
            })?;
            Ok((state, rows))
        })?;
        let snapshot =
            if state.continues(&snapshot) { snapshot } else { self.snapshot_over(&state, None)? };
        if rows.is_empty() {
            return Ok(snapshot);
        }
        let next = snapshot.with(rows, state.last, state.fingerprint);
        next.map(Arc::new).map_err(|e| error::flat(&self.folder, &e))
    }

    /// Replaces the base with one that lacks at most `max_missing` writes: another process's, or a
    /// new one.
    fn rebuild(&self, max_missing: usize) -> PortResult<()> {
        let state = self.database.read_now(DatabaseState::read)?;
        let base = match self.open_base(&state) {
            Some(base) if state.last - base.stamp() <= max_missing as u64 => Some(base),
            _ => self.build()?,
        };
        self.replace_base(base)
    }

    /// Makes a snapshot of another base and all writes since it was built.
    fn replace_base(&self, base: Option<Base>) -> PortResult<()> {
        let _updating = pool::lock(&self.updating);
        let state = self.database.read_now(DatabaseState::read)?;
        let next = self.snapshot_over(&state, base)?;
        self.snapshot.store(Some(self.apply_writes(next)?));
        Ok(())
    }

    /// Builds the base from the database; `None` if that is empty.
    fn build(&self) -> PortResult<Option<Base>> {
        let io = |e: std::io::Error| error::io(&self.folder, &e);
        fs::create_dir_all(&self.folder).map_err(io)?;
        // Only one process builds at a time. The lock ends with the file handle, even if the
        // process is killed.
        let lock = File::create(self.folder.join("lock")).map_err(io)?;
        lock.lock().map_err(io)?;
        let written = self.database.read_now(|connection| {
            let state = DatabaseState::read(connection)?;
            let Some(dimension) = state.dimension() else { return Ok(None) };
            let (file, schema) = (self.base_file(&state), snapshot::schema(dimension));
            let written = database_state::write_base(connection, &file, &schema, state.last)?;
            Ok(Some((file, schema, written)))
        })?;
        let Some((file, schema, written)) = written else { return Ok(None) };
        let base = written.and_then(|()| Base::open(&file, &schema));
        base.map(Some).map_err(|e| error::flat(&file, &e))
    }

    /// Verifies a base that was too large to be verified when it was opened; rebuilds it if it is
    /// damaged.
    fn verify(&self) -> PortResult<()> {
        let snapshot = self.snapshot.load_full();
        let Some(Err(error)) =
            snapshot.as_ref().and_then(|snapshot| Some(snapshot.base()?.verify()))
        else {
            return Ok(());
        };
        tracing::warn!(%error, "the search files are rebuilt");
        let base = self.build()?;
        self.replace_base(base)
    }

    /// Opens the base on disk, if it is valid and belongs to this database.
    fn open_base(&self, state: &DatabaseState) -> Option<Base> {
        let file = self.base_file(state);
        if !file.exists() {
            return None;
        }
        match Base::open(&file, &snapshot::schema(state.dimension()?)) {
            // A base that is newer than the database belongs to one that a backup replaced.
            Ok(base) => (base.stamp() <= state.last).then_some(base),
            Err(error) => {
                tracing::info!(%error, "the search files are rebuilt");
                None
            }
        }
    }

    fn base_file(&self, state: &DatabaseState) -> PathBuf {
        self.folder.join(format!("{}.flat", state.identity))
    }

    fn snapshot_over(
        &self,
        state: &DatabaseState,
        base: Option<Base>,
    ) -> PortResult<Arc<SearchSnapshot>> {
        let snapshot = SearchSnapshot::new(state.fingerprint.clone(), base);
        snapshot.map(Arc::new).map_err(|e| error::flat(&self.folder, &e))
    }

    /// Runs `work` on a new thread, unless one is already running.
    fn in_background(self: &Arc<Self>, work: fn(&Arc<Self>) -> PortResult<()>) {
        if self.is_busy.swap(true, Ordering::AcqRel) {
            return;
        }
        let index = Arc::clone(self);
        thread::spawn(move || {
            if let Err(error) = work(&index) {
                tracing::warn!(?error, "the search files could not be updated");
            }
            index.is_busy.store(false, Ordering::Release);
        });
    }
}

impl fmt::Debug for DerivedIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DerivedIndex").field("database", &self.database).finish_non_exhaustive()
    }
}
