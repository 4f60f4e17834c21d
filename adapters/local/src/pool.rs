use crate::file_state::FileId;
use crate::open::{self, Access};
use crate::{LocalOptions, error, permissions, versions};
use akin_entities::{Timestamp, Version};
use akin_ports::{ErrorKind, PortResult};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The maximum number of idle connections for reading.
const IDLE_READERS: usize = 4;

/// The connections of this process to one database: several for reading, one for writing.
///
/// When another file takes the database's place, such as a restored backup, they are opened again.
pub(crate) struct Database {
    file: PathBuf,
    options: LocalOptions,
    opened: Mutex<Opened>,
    writer: Mutex<Option<(FileId, Connection)>>,
}

/// The file that is open, and its idle connections.
struct Opened {
    file: FileId,
    access: Access,
    readers: Vec<Connection>,
}

/// A connection for reading, and what it was opened on.
struct Reader {
    file: FileId,
    access: Access,
    connection: Connection,
}

impl Database {
    /// Opens the database `file`, or creates it.
    pub(crate) fn open(file: PathBuf, options: LocalOptions) -> PortResult<Self> {
        permissions::create_database(&file)?;
        let opened = Mutex::new(Opened::open(&file, options)?);
        Ok(Self { file, options, opened, writer: Mutex::new(None) })
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
        lock(&self.opened).access == Access::Writable
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
        let reader = self.reader()?;
        let result = work(&reader.connection);
        // A frozen view that was no longer frozen can have any error, or a wrong result.
        if !reader.access.still_holds(&self.file) {
            lock(&self.opened).readers.clear();
            return Err(error::at(
                &self.file,
                ErrorKind::Unavailable,
                "another process opened or closed it for writing during this read",
                "try again",
            ));
        }
        let result = result.map_err(|e| error::sqlite(&self.file, &e))?;
        let mut opened = lock(&self.opened);
        let is_current = (opened.file, opened.access) == (reader.file, reader.access);
        if is_current && opened.readers.len() < IDLE_READERS {
            opened.readers.push(reader.connection);
        }
        Ok(result)
    }

    /// Returns a connection for reading the file that is there now.
    fn reader(&self) -> PortResult<Reader> {
        let file = self.file_id()?;
        let (access, idle) = {
            let mut opened = lock(&self.opened);
            if opened.file != file || !opened.access.still_holds(&self.file) {
                if opened.file != file {
                    tracing::warn!(file = %self.file.display(), "another database took its place");
                }
                *opened = Opened::open(&self.file, self.options)?;
            }
            (opened.access, opened.readers.pop())
        };
        let connection = match idle {
            Some(connection) => connection,
            None => open::reader(&self.file, access, self.options)?,
        };
        Ok(Reader { file, access, connection })
    }

    /// Identifies the database file. One that was deleted is not created anew: its catalogue would
    /// seem to be empty.
    fn file_id(&self) -> PortResult<FileId> {
        FileId::of(&self.file).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => error::at(
                &self.file,
                ErrorKind::Unavailable,
                "the database was deleted",
                "restore it from a backup, or start again with an empty catalogue",
            ),
            _ => error::io(&self.file, &error),
        })
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
        let file = self.file_id()?;
        let mut connection = match writer.take() {
            Some((opened, connection)) if opened == file => connection,
            _ => {
                // Checks and migrates another database before it is written.
                self.reader()?;
                open::writer(&self.file, self.options)?
            }
        };
        let sqlite = |e: rusqlite::Error| error::sqlite(&self.file, &e);
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
        let result = work(&transaction).map_err(sqlite)?;
        transaction.commit().map_err(sqlite)?;
        if self.file_id()? != file {
            let what = "another database took its place during this write";
            return Err(error::at(&self.file, ErrorKind::Unavailable, what, "try again"));
        }
        // Only a connection whose work succeeded is reused.
        *writer = Some((file, connection));
        Ok(result)
    }

    /// Reads and checks every page and every index of the database.
    pub(crate) fn check(&self) -> PortResult<()> {
        // A new connection, which has no cached pages.
        let access = lock(&self.opened).access;
        let connection = open::reader(&self.file, access, self.options)?;
        let found: String = connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(|e| error::sqlite(&self.file, &e))?;
        open::check_result(&self.file, &found)
    }
}

impl Opened {
    fn open(file: &Path, options: LocalOptions) -> PortResult<Self> {
        let (access, connection) = open::first(file, options)?;
        // SQLite may have created the file.
        let id = FileId::of(file).map_err(|e| error::io(file, &e))?;
        Ok(Self { file: id, access, readers: vec![connection] })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_to_a_replaced_database_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, backup) = (folder.path().join("akin.db"), folder.path().join("backup.db"));
        drop(Database::open(backup.clone(), LocalOptions::default()).expect("a backup"));
        let database = Database::open(file.clone(), LocalOptions::default()).expect("a database");
        let insert = "INSERT INTO facts VALUES ('written', 'yes')";
        let replaced = database.write_now(|transaction| {
            for log in ["akin.db-wal", "akin.db-shm"] {
                std::fs::remove_file(folder.path().join(log)).expect("a removal");
            }
            std::fs::rename(&backup, &file).expect("a rename");
            transaction.execute(insert, [])
        });
        assert_eq!(replaced.expect_err("it is not in the database").kind, ErrorKind::Unavailable);
        database.write_now(|transaction| transaction.execute(insert, [])).expect("a write");
        let count = "SELECT count(*) FROM facts WHERE name = 'written'";
        let held = database.read_now(|c| c.query_row(count, [], |row| row.get::<_, i64>(0)));
        assert_eq!(held.expect("a count"), 1);
    }
}
