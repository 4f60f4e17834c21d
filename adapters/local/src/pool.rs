use crate::open::{self, Access};
use crate::{LocalOptions, error, versions};
use akin_entities::{Timestamp, Version};
use akin_ports::{ErrorKind, PortResult};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The maximum number of idle connections for reading.
const IDLE_READERS: usize = 4;

/// The connections of this process to one database: several for reading, one for writing.
pub(crate) struct Database {
    file: PathBuf,
    access: Access,
    options: LocalOptions,
    readers: Mutex<Vec<Connection>>,
    writer: Mutex<Option<Connection>>,
}

impl Database {
    /// Opens the database `file`, or creates it.
    pub(crate) fn open(file: PathBuf, options: LocalOptions) -> PortResult<Self> {
        let (access, connection) = open::first(&file, options)?;
        let readers = Mutex::new(vec![connection]);
        Ok(Self { file, access, options, readers, writer: Mutex::new(None) })
    }

    /// Returns the database file.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Returns the clock of the runs.
    pub(crate) fn clock(&self) -> fn() -> Timestamp {
        self.options.clock
    }

    /// Returns whether this process may write.
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

    /// Does the same for a write in the version `at`, which a newer run must not have overtaken.
    pub(crate) async fn write_at<T, F>(self: &Arc<Self>, at: Version, work: F) -> PortResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let admitted = self.write(move |transaction| {
            Ok(match versions::admit_write(transaction, at)? {
                Ok(()) => Ok(work(transaction)?),
                Err(overtaken) => Err(overtaken),
            })
        });
        admitted.await?.map_err(versions::overtaken)
    }

    /// Runs `work` on a snapshot of the database, on the calling thread.
    pub(crate) fn read_now<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> PortResult<T> {
        // One transaction gives one snapshot, and takes the file locks once. BEGIN and COMMIT are
        // cached statements, since parsing them takes as long as fetching a product. If the work
        // fails, the connection is closed, and the transaction with it.
        self.with_reader(|connection| {
            connection.prepare_cached("BEGIN")?.execute([])?;
            let result = work(connection)?;
            connection.prepare_cached("COMMIT")?.execute([])?;
            Ok(result)
        })
    }

    /// Runs a single short query without a transaction.
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
        let result = work(&connection).map_err(|e| error::sqlite(&self.file, &e))?;
        let mut readers = lock(&self.readers);
        if readers.len() < IDLE_READERS {
            readers.push(connection);
        }
        Ok(result)
    }

    /// Runs `work` in a transaction that is committed if it succeeds, on the calling thread.
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
        let result = work(&transaction).map_err(sqlite)?;
        transaction.commit().map_err(sqlite)?;
        // Only a connection whose work succeeded is reused.
        *writer = Some(connection);
        Ok(result)
    }

    /// Reads and checks every page and every index of the database.
    pub(crate) fn check(&self) -> PortResult<()> {
        // A new connection, which has no cached pages.
        let connection = open::reader(&self.file, self.access, self.options)?;
        let found: String = connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(|e| error::sqlite(&self.file, &e))?;
        open::check_result(&self.file, &found)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Runs `work` on a thread that may block; a panic in it is resumed here.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> PortResult<T> + Send + 'static,
) -> PortResult<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(canceled) => Err(error::stopped(canceled)),
        },
    }
}

/// Locks `mutex`. Its contents are consistent at every moment, even if a holder panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
