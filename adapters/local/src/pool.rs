use crate::open::{self, Access};
use crate::{Options, error};
use akin_ports::{ErrorKind, PortResult};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections that wait for the next reader; more are closed when they come back.
const IDLE_READERS: usize = 4;

/// The connections of this process to one database: many that read, one that writes.
pub(crate) struct Database {
    file: PathBuf,
    access: Access,
    options: Options,
    readers: Mutex<Vec<Connection>>,
    writer: Mutex<Option<Connection>>,
}

impl Database {
    /// Opens the database `file`, or creates it.
    pub(crate) fn open(file: PathBuf, options: Options) -> PortResult<Self> {
        let (access, connection) = open::first(&file, options)?;
        let readers = Mutex::new(vec![connection]);
        Ok(Self { file, access, options, readers, writer: Mutex::new(None) })
    }

    /// The file of the database.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Whether this process may write.
    pub(crate) fn is_writable(&self) -> bool {
        self.access == Access::Writable
    }

    /// Runs `work` on a snapshot of the database, on a thread that may block.
    pub(crate) async fn read<T, F>(self: &Arc<Self>, work: F) -> PortResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let database = Arc::clone(self);
        blocking(move || database.read_now(work)).await
    }

    /// Runs `work` in a transaction that is committed if it succeeds, on a thread that may block.
    pub(crate) async fn write<T, F>(self: &Arc<Self>, work: F) -> PortResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let database = Arc::clone(self);
        blocking(move || database.write_now(work)).await
    }

    /// Runs `work` on a snapshot of the database.
    pub(crate) fn read_now<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> PortResult<T> {
        // One transaction for all of it: one snapshot, and the file locks are taken once. Its beginning
        // and its end are statements that are kept, for to read them takes as long as to fetch a
        // product. If the work fails the connection is closed, and the transaction with it.
        self.with_reader(|connection| {
            connection.prepare_cached("BEGIN")?.execute([])?;
            let answer = work(connection)?;
            connection.prepare_cached("COMMIT")?.execute([])?;
            Ok(answer)
        })
    }

    /// Runs `work`, which is one short question.
    pub(crate) fn peek<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> PortResult<T> {
        self.with_reader(work)
    }

    fn with_reader<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> PortResult<T> {
        let idle = lock(&self.readers).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open::reader(&self.file, self.access, self.options)?,
        };
        let answer = work(&connection).map_err(|e| error::sqlite(&self.file, &e))?;
        let mut readers = lock(&self.readers);
        if readers.len() < IDLE_READERS {
            readers.push(connection);
        }
        Ok(answer)
    }

    /// Runs `work` in a transaction that is committed if it succeeds.
    pub(crate) fn write_now<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> PortResult<T> {
        if !self.is_writable() {
            return Err(error::at(
                &self.file,
                ErrorKind::Misconfigured,
                "the folder is read-only",
                "make it writable for this user, or choose another with --data",
            ));
        }
        let mut writer = lock(&self.writer);
        let mut connection = match writer.take() {
            Some(connection) => connection,
            None => open::writer(&self.file, self.options)?,
        };
        let sqlite = |e: rusqlite::Error| error::sqlite(&self.file, &e);
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
        let answer = work(&transaction).map_err(sqlite)?;
        transaction.commit().map_err(sqlite)?;
        // Only a connection that did its work is used again.
        *writer = Some(connection);
        Ok(answer)
    }

    /// Reads every page and every index of the database: `Ok` means that it is sound.
    pub(crate) fn check(&self) -> PortResult<()> {
        // A connection of its own, which holds no page in memory yet.
        let connection = open::reader(&self.file, self.access, self.options)?;
        let found: String = connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(|e| error::sqlite(&self.file, &e))?;
        open::verdict(&self.file, &found)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Runs `work` on a thread that may block; a panic in it goes on here.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> PortResult<T> + Send + 'static,
) -> PortResult<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(cancelled) => Err(error::stopped(cancelled)),
        },
    }
}

/// Locks `mutex`. What it guards is whole at every moment, even if a holder panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
