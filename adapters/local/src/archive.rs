//! Copies of the database for backups, and their way back.

use crate::file_state::FileState;
use crate::open::{self, Access};
use crate::{DATABASE, LocalEngine, LocalOptions, error, pool, schema};
use akin_ports::{CatalogueArchive, CatalogueCopy, Checksum, ErrorKind, PortResult};
use async_trait::async_trait;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The catalogue in a folder, as one file. Its search files are no part of it: they are built anew.
#[derive(Clone, Debug)]
pub struct LocalArchive {
    folder: PathBuf,
    options: LocalOptions,
}

/// Every page in one step: the copy is of one state anyway, and readers and writers go on meanwhile.
const ALL_PAGES: i32 = -1;

impl LocalArchive {
    /// Returns the archive of the catalogue in `folder`, which need not exist. Opens nothing.
    pub fn new(folder: &Path, options: LocalOptions) -> Self {
        Self { folder: folder.to_owned(), options }
    }

    /// Does blocking work on the database, on a thread that may block.
    async fn on_database<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path, LocalOptions) -> PortResult<T> + Send + 'static,
    ) -> PortResult<T> {
        let (database, options) = (self.folder.join(DATABASE), self.options);
        pool::blocking(move || work(&database, options)).await
    }
}

#[async_trait]
impl CatalogueArchive for LocalArchive {
    async fn exists(&self) -> PortResult<bool> {
        Ok(LocalEngine::exists(&self.folder))
    }

    async fn copy_to(&self, file: &Path) -> PortResult<CatalogueCopy> {
        let file = file.to_owned();
        self.on_database(move |database, options| copy(database, &file, options)).await
    }

    async fn check(&self, file: &Path, checksum: &Checksum) -> PortResult<CatalogueCopy> {
        let (file, expected) = (file.to_owned(), *checksum);
        self.on_database(move |_, options| {
            let found = checksum_of(&file)?;
            if found != expected {
                let what = format!("its SHA-256 is {found}, and was {expected}");
                return Err(error::at(&file, ErrorKind::Corrupt, what, DAMAGED));
            }
            inspected(&file, found, options)
        })
        .await
    }

    async fn replace_by(&self, file: &Path) -> PortResult<()> {
        let file = file.to_owned();
        self.on_database(move |database, options| replace(database, &file, options)).await
    }
}

const DAMAGED: &str = "the backup is damaged: restore another one";

/// Copies the database, of any version, as it is at this moment.
fn copy(database: &Path, file: &Path, options: LocalOptions) -> PortResult<CatalogueCopy> {
    let (access, mut source) = open::as_it_is(database, options)?;
    schema::state(&mut source, database)?;
    create(file)?;
    let sqlite = |e: rusqlite::Error| error::sqlite(database, &e);
    // One transaction keeps one state: without it, SQLite starts again after each write of another process.
    source.execute_batch("BEGIN").map_err(sqlite)?;
    let expected = counts(&source).map_err(sqlite)?;
    copy_pages(&source, &mut destination(file)?, file)?;
    drop(source);
    if !access.still_holds(database) {
        let what = "another process opened it for writing while it was copied";
        return Err(error::at(database, ErrorKind::Unavailable, what, "try again"));
    }
    File::open(file).and_then(|file| file.sync_all()).map_err(|e| error::io(file, &e))?;
    let copy = inspected(file, checksum_of(file)?, options)?;
    if (copy.products, copy.indexed) == expected {
        return Ok(copy);
    }
    let what = format!("{} products of {} were copied", copy.products, expected.0);
    Err(error::at(file, ErrorKind::Corrupt, what, "check the disk, then try again"))
}

/// Creates `file`, empty, for this user alone.
fn create(file: &Path) -> PortResult<()> {
    private_files::create(file, private_files::Access::Owner)
        .map(drop)
        .map_err(|e| error::io(file, &e))
}

/// Opens the new `file` to be overwritten. It needs no journal, because it is thrown away if it is not
/// completed.
fn destination(file: &Path) -> PortResult<Connection> {
    let sqlite = |e: rusqlite::Error| error::sqlite(file, &e);
    let connection = Connection::open(file).map_err(sqlite)?;
    for (name, value) in [("journal_mode", "OFF"), ("synchronous", "OFF")] {
        connection.pragma(None, name, value, |_| Ok(())).map_err(sqlite)?;
    }
    Ok(connection)
}

/// Overwrites the database `to` in `file` with `from`, in one transaction.
fn copy_pages(from: &Connection, to: &mut Connection, file: &Path) -> PortResult<()> {
    let sqlite = |e: rusqlite::Error| error::sqlite(file, &e);
    let backup = Backup::new(from, to).map_err(sqlite)?;
    match backup.step(ALL_PAGES).map_err(sqlite)? {
        StepResult::Done => Ok(()),
        _ => Err(error::at(
            file,
            ErrorKind::Unavailable,
            "it is locked",
            "another process is writing to this folder: try again later",
        )),
    }
}

/// Checks that `file` is a whole catalogue of a version that this akin can open.
fn inspected(file: &Path, checksum: Checksum, options: LocalOptions) -> PortResult<CatalogueCopy> {
    let mut connection = frozen(file, options)?;
    let sqlite = |e: rusqlite::Error| error::sqlite(file, &e);
    schema::state(&mut connection, file)?;
    let check = "PRAGMA integrity_check(1)";
    let found: String = connection.query_row(check, [], |row| row.get(0)).map_err(sqlite)?;
    if found != "ok" {
        return Err(error::at(file, ErrorKind::Corrupt, found, DAMAGED));
    }
    let (products, indexed) = counts(&connection).map_err(sqlite)?;
    let bytes = fs::metadata(file).map_err(|e| error::io(file, &e))?.len();
    Ok(CatalogueCopy { checksum, bytes, products, indexed })
}

/// Opens a file that nobody writes.
fn frozen(file: &Path, options: LocalOptions) -> PortResult<Connection> {
    let state = FileState::of(file).map_err(|e| error::io(file, &e))?;
    open::reader(file, Access::Frozen(state), options)
}

/// Returns the numbers of products and of those in the index.
fn counts(connection: &Connection) -> rusqlite::Result<(u64, u64)> {
    let count = |sql: &str| -> rusqlite::Result<u64> {
        let count: i64 = connection.query_row(sql, [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    };
    Ok((count("SELECT count(*) FROM products")?, count("SELECT count FROM findable")?))
}

fn checksum_of(file: &Path) -> PortResult<Checksum> {
    let read = || -> io::Result<Checksum> {
        let mut content = File::open(file)?;
        let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
        loop {
            match content.read(&mut buffer)? {
                0 => return Ok(Checksum(hash.finalize().into())),
                length => hash.update(&buffer[..length]),
            }
        }
    };
    read().map_err(|e| error::io(file, &e))
}

/// Puts `file` in the place of the database, and removes it.
fn replace(database: &Path, file: &Path, options: LocalOptions) -> PortResult<()> {
    if !LocalEngine::exists(database.parent().unwrap_or(database)) {
        return put_in_place(database, file);
    }
    // In a transaction of the database that is there, so that processes that use it go on.
    let overwritten = frozen(file, options).and_then(|source| {
        let mut live = open::writer(database, options)?;
        copy_pages(&source, &mut live, database)
    });
    match overwritten {
        Ok(()) => fs::remove_file(file).map_err(|e| error::io(file, &e)),
        Err(error) if error.kind == ErrorKind::Unavailable => Err(error),
        Err(error) => {
            tracing::warn!(
                error = error.report(),
                "the database that is there is replaced as a file"
            );
            put_in_place(database, file)
        }
    }
}

/// Renames `file`, after what belongs to a database that was there is gone: its log would be taken for that
/// of the new one.
fn put_in_place(database: &Path, file: &Path) -> PortResult<()> {
    for suffix in ["-wal", "-shm"] {
        let log = open::beside(database, suffix);
        match fs::remove_file(&log) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(error::io(&log, &e)),
            _ => {}
        }
    }
    fs::rename(file, database).map_err(|e| error::io(database, &e))?;
    let folder = database.parent().unwrap_or(database);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| error::io(folder, &e))
}
