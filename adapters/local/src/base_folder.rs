//! The folder of the base file, which is derived from the database.

use crate::database_state::{self, DatabaseState};
use crate::file_state::FileState;
use crate::pool::{self, Database};
use crate::{entries, error, permissions, snapshot};
use akin_ports::PortResult;
use flat_index::Base;
use private_files::Access;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The folder of the base file of one database.
#[derive(Debug)]
pub(crate) struct BaseFolder {
    database: Arc<Database>,
    folder: PathBuf,
    /// The base file that was opened last, valid or not.
    seen: Mutex<Option<(PathBuf, Option<FileState>)>>,
}

impl BaseFolder {
    /// Returns the folder `folder` for the base of `database`. It is created by the first build.
    pub(crate) fn new(database: Arc<Database>, folder: PathBuf) -> Self {
        Self { database, folder, seen: Mutex::new(None) }
    }

    /// Returns the folder's path.
    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    /// Returns whether another process has replaced the base file since it was opened.
    pub(crate) fn was_replaced(&self) -> bool {
        let seen = pool::lock(&self.seen);
        seen.as_ref().is_some_and(|(file, state)| FileState::of(file).ok() != *state)
    }

    /// Opens the base on disk, if it is valid and was built from this database.
    pub(crate) fn open(&self, state: &DatabaseState) -> PortResult<Option<Base>> {
        let file = self.base_file(state);
        // A file that cannot be examined is treated as missing: it is derived, and built again.
        let seen = FileState::of(&file).ok();
        *pool::lock(&self.seen) = Some((file.clone(), seen));
        let (Some(_), Some(dimension)) = (seen, state.dimension()) else { return Ok(None) };
        let base = match Base::open(&file, &snapshot::schema(dimension)) {
            Ok(base) => base,
            Err(error) => {
                tracing::info!(%error, "the search files are rebuilt");
                return Ok(None);
            }
        };
        let stamp = base.stamp();
        if self.database.peek(|connection| entries::was_at(connection, stamp))? {
            return Ok(Some(base));
        }
        tracing::warn!(
            file = %file.display(),
            "the search files are rebuilt: they are of another state of the database, as after a \
             backup was restored"
        );
        Ok(None)
    }

    /// Opens the base on disk if it lacks at most `max_missing` writes.
    pub(crate) fn open_if_fresh(&self, max_missing: u64) -> PortResult<Option<Base>> {
        let state = self.database.read_now(DatabaseState::read)?;
        Ok(self.open(&state)?.filter(|base| missing(&state, base) <= max_missing))
    }

    /// Builds the base from the database; `None` if that is empty. A base on disk that another
    /// process has built in the meantime is used if it lacks at most `reusable` writes.
    pub(crate) fn build(&self, reusable: Option<u64>) -> PortResult<Option<Base>> {
        if self.database.is_writable() {
            let built = self.build_shared(reusable);
            match built {
                Ok(base) => return Ok(base),
                Err(error) => tracing::warn!(?error, "the search files could not be written"),
            }
        }
        self.build_private()
    }

    /// Builds the base for all processes.
    fn build_shared(&self, reusable: Option<u64>) -> PortResult<Option<Base>> {
        let io = |e: std::io::Error| error::io(&self.folder, &e);
        permissions::create_search_folder(&self.folder, self.database.file()).map_err(io)?;
        // Only one process builds at a time. The lock ends with the file handle, even if the
        // process is killed.
        let lock = private_files::open(&self.folder.join("lock"), Access::Owner).map_err(io)?;
        permissions::share(&lock, self.database.file());
        lock.lock().map_err(io)?;
        let state = self.database.read_now(DatabaseState::read)?;
        let previous = self.open(&state)?;
        let is_reusable =
            |base: &&Base| reusable.is_some_and(|reusable| missing(&state, base) <= reusable);
        if let Some(base) = previous.as_ref().filter(is_reusable) {
            return Ok(Some(base.clone()));
        }
        let written = self.write(&self.base_file(&state))?;
        if let (true, Some(previous)) = (written.is_some(), previous) {
            self.forget_before(&previous);
        }
        if written.is_some() { self.open(&state) } else { Ok(None) }
    }

    /// Builds the base for this process alone, which may not write to the folder or found its disk
    /// full. It needs no name once it is mapped.
    fn build_private(&self) -> PortResult<Option<Base>> {
        let io = |e: std::io::Error| error::io(&std::env::temp_dir(), &e);
        let folder = tempfile::Builder::new().prefix("akin-").tempdir().map_err(io)?;
        let file = folder.path().join("base.flat");
        let Some(schema) = self.write(&file)? else { return Ok(None) };
        Base::open(&file, &schema).map(Some).map_err(|e| error::flat(&file, &e))
    }

    /// Writes a base of all searchable products, and returns its schema; `None` if there are none.
    fn write(&self, file: &Path) -> PortResult<Option<flat_index::Schema>> {
        let permissions = permissions::of_files_beside(self.database.file())
            .map_err(|e| error::io(self.database.file(), &e))?;
        let written = self.database.read_now(|connection| {
            let state = DatabaseState::read(connection)?;
            let Some(dimension) = state.dimension() else { return Ok(None) };
            let schema = snapshot::schema(dimension);
            let written =
                database_state::write_base(connection, file, &schema, state.last, &permissions)?;
            Ok(Some(written.map(|()| schema)))
        })?;
        written.transpose().map_err(|e| error::flat(file, &e))
    }

    /// Forgets the transactions before the base that was replaced. Snapshots of the states between
    /// it and the new one still continue.
    fn forget_before(&self, base: &Base) {
        let sequence = base.stamp().sequence;
        let forget = self.database.write_now(|t| entries::forget_transactions(t, sequence));
        if let Err(error) = forget {
            tracing::debug!(?error, "transactions before the last base are forgotten by the next");
        }
    }

    fn base_file(&self, state: &DatabaseState) -> PathBuf {
        self.folder.join(format!("{}.flat", state.identity))
    }
}

/// Returns how many writes `base` lacks, at most.
pub(crate) fn missing(state: &DatabaseState, base: &Base) -> u64 {
    state.last.sequence.saturating_sub(base.stamp().sequence)
}
