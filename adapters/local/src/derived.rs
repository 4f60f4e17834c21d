use crate::entries;
use crate::error;
use crate::pool::{self, Database};
use crate::snapshot::{self, Snapshot};
use crate::standing::{self, Standing};
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

/// So many writes of another process are taken in before the answer; more, beside it.
const AT_ONCE: u64 = 200;

/// What searches, derived from the entries in SQLite and never more than a copy of them: a base
/// in a file, and in memory what changed since it was built.
pub(crate) struct Derived {
    database: Arc<Database>,
    folder: PathBuf,
    held_changes: usize,
    snapshot: ArcSwapOption<Snapshot>,
    /// Held by the one thread that makes the next snapshot.
    turn: Mutex<()>,
    /// The last sequence that this process wrote: its own writes are never answered without.
    written: AtomicU64,
    /// Whether a thread beside the answers makes the next snapshot or base.
    busy: AtomicBool,
}

impl Derived {
    /// What is derived from `database`, with files in `folder`. Nothing is read yet.
    pub(crate) fn new(database: Arc<Database>, folder: PathBuf, held_changes: usize) -> Self {
        Self {
            database,
            folder,
            held_changes,
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

    /// What can be searched now, if nothing was written since: found out in a few microseconds.
    pub(crate) fn unchanged(&self) -> PortResult<Option<Arc<Snapshot>>> {
        let Some(held) = self.snapshot.load_full() else { return Ok(None) };
        let last = self.database.peek(entries::last_sequence)?;
        Ok((held.sequence() >= last).then_some(held))
    }

    /// What can be searched now: all that this process wrote, and what others wrote as soon as it
    /// is taken in.
    pub(crate) fn current(self: &Arc<Self>) -> PortResult<Arc<Snapshot>> {
        let last = self.database.peek(entries::last_sequence)?;
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

    /// Answers `query` by `snapshot`.
    pub(crate) fn candidates(
        &self,
        snapshot: &Snapshot,
        query: &CandidateQuery,
    ) -> PortResult<Vec<Candidate>> {
        if let (Some(vector), Some(held)) = (&query.vector, snapshot.fingerprint()) {
            vector.check(error::SYSTEM, held)?;
        }
        snapshot.candidates(query).map_err(|e| error::flat(&self.folder, &e))
    }

    /// Makes the base hold nearly all that the database does, so that the next process opens fast.
    pub(crate) fn optimize(&self) -> PortResult<()> {
        if self.catch_up_alone()?.changed() == 0 || !self.database.is_writable() {
            return Ok(());
        }
        self.rebuild(self.held_changes / 4)
    }

    /// Takes in what was written since the last snapshot; has a new base built when much was.
    fn catch_up(self: &Arc<Self>) -> PortResult<Arc<Snapshot>> {
        let is_first = self.snapshot.load().is_none();
        let next = self.catch_up_alone()?;
        if is_first && next.base().is_some_and(|base| !base.is_verified()) {
            self.beside(|derived| derived.verify());
        }
        let many = self.held_changes.max(next.len() / 10);
        if next.changed() > many && self.database.is_writable() {
            self.beside(|derived| derived.rebuild(derived.held_changes));
        }
        Ok(next)
    }

    fn catch_up_alone(&self) -> PortResult<Arc<Snapshot>> {
        let _turn = pool::lock(&self.turn);
        let held = match self.snapshot.load_full() {
            Some(held) => held,
            None => self.first()?,
        };
        let next = self.caught_up(held)?;
        self.snapshot.store(Some(Arc::clone(&next)));
        Ok(next)
    }

    /// The base on disk; one built now, if it is missing or of no use and there is much to read.
    fn first(&self) -> PortResult<Arc<Snapshot>> {
        let standing = self.database.read_now(Standing::read)?;
        let mut base = self.on_disk(&standing);
        let many = standing.last > self.held_changes as u64;
        if base.is_none() && many && self.database.is_writable() {
            base = self.build().unwrap_or_else(|error| {
                tracing::warn!(?error, "the search files could not be built");
                None
            });
        }
        self.snapshot_of(&standing, base)
    }

    /// `held` and all that was written since.
    fn caught_up(&self, held: Arc<Snapshot>) -> PortResult<Arc<Snapshot>> {
        let (standing, rows) = self.database.read_now(|connection| {
            let standing = Standing::read(connection)?;
            let (after, dimension) = if standing.goes_on_from(&held) {
                (held.sequence(), held.dimension())
            } else {
                (0, standing.dimension().unwrap_or_default())
            };
            let mut rows = Vec::new();
            entries::visit_since(connection, after, &mut |row| {
                standing::check(&row, dimension)?;
                rows.push(row);
                Ok(ControlFlow::Continue(()))
            })?;
            Ok((standing, rows))
        })?;
        let held =
            if standing.goes_on_from(&held) { held } else { self.snapshot_of(&standing, None)? };
        if rows.is_empty() {
            return Ok(held);
        }
        let next = held.with(rows, standing.last, standing.fingerprint);
        next.map(Arc::new).map_err(|e| error::flat(&self.folder, &e))
    }

    /// Swaps the base for one that lacks at most `few` writes: another process's, or a new one.
    fn rebuild(&self, few: usize) -> PortResult<()> {
        let standing = self.database.read_now(Standing::read)?;
        let base = match self.on_disk(&standing) {
            Some(base) if standing.last - base.stamp() <= few as u64 => Some(base),
            _ => self.build()?,
        };
        self.swap(base)
    }

    /// Goes on with another base, and all that was written since it was built.
    fn swap(&self, base: Option<Base>) -> PortResult<()> {
        let _turn = pool::lock(&self.turn);
        let standing = self.database.read_now(Standing::read)?;
        let next = self.snapshot_of(&standing, base)?;
        self.snapshot.store(Some(self.caught_up(next)?));
        Ok(())
    }

    /// Builds the base out of all that the database holds; `None` if that is nothing.
    fn build(&self) -> PortResult<Option<Base>> {
        let io = |e: std::io::Error| error::io(&self.folder, &e);
        fs::create_dir_all(&self.folder).map_err(io)?;
        // One process builds at a time; the lock ends with the file's handle, even by a kill.
        let lock = File::create(self.folder.join("lock")).map_err(io)?;
        lock.lock().map_err(io)?;
        let written = self.database.read_now(|connection| {
            let standing = Standing::read(connection)?;
            let Some(dimension) = standing.dimension() else { return Ok(None) };
            let (file, schema) = (self.file(&standing), snapshot::schema(dimension));
            let written = standing::write_base(connection, &file, &schema, standing.last)?;
            Ok(Some((file, schema, written)))
        })?;
        let Some((file, schema, written)) = written else { return Ok(None) };
        let base = written.and_then(|()| Base::open(&file, &schema));
        base.map(Some).map_err(|e| error::flat(&file, &e))
    }

    /// Reads all of a base that was too large to be read when it was opened; builds it anew if it
    /// is damaged.
    fn verify(&self) -> PortResult<()> {
        let held = self.snapshot.load_full();
        let Some(Err(error)) = held.as_ref().and_then(|held| Some(held.base()?.verify())) else {
            return Ok(());
        };
        tracing::warn!(%error, "the search files are built anew");
        let base = self.build()?;
        self.swap(base)
    }

    /// The base on disk, if it is sound and of this database.
    fn on_disk(&self, standing: &Standing) -> Option<Base> {
        let file = self.file(standing);
        if !file.exists() {
            return None;
        }
        match Base::open(&file, &snapshot::schema(standing.dimension()?)) {
            // A base that knows more than the database is of one that a backup replaced.
            Ok(base) => (base.stamp() <= standing.last).then_some(base),
            Err(error) => {
                tracing::info!(%error, "the search files are built anew");
                None
            }
        }
    }

    fn file(&self, standing: &Standing) -> PathBuf {
        self.folder.join(format!("{}.flat", standing.identity))
    }

    fn snapshot_of(&self, standing: &Standing, base: Option<Base>) -> PortResult<Arc<Snapshot>> {
        let snapshot = Snapshot::new(standing.fingerprint.clone(), base);
        snapshot.map(Arc::new).map_err(|e| error::flat(&self.folder, &e))
    }

    /// Runs `work` on a thread of its own, unless one runs already.
    fn beside(self: &Arc<Self>, work: fn(&Arc<Self>) -> PortResult<()>) {
        if self.busy.swap(true, Ordering::AcqRel) {
            return;
        }
        let derived = Arc::clone(self);
        thread::spawn(move || {
            if let Err(error) = work(&derived) {
                tracing::warn!(?error, "the search files could not be brought up to date");
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
