use crate::file_state::FileState;
use crate::schema::{self, SchemaState};
use crate::{LocalOptions, error, permissions};
use akin_ports::{ErrorKind, PortResult};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// Files up to this size are checked completely when opened, which takes a few milliseconds. Larger
/// ones are checked on request; SQLite also checks the pages that it reads.
const CHECKED_ON_OPEN: u64 = 16 << 20;

/// The size of the writer's page cache in KiB, negative as SQLite expects. Pages occupy memory once
/// they are read.
const WRITER_CACHE: i64 = -(64 << 10);

/// The size of a reader's page cache, alike.
const READER_CACHE: i64 = -(16 << 10);

/// The page size in bytes. An entry has a vector of 1.5 KB and a text, so that little is wasted.
const PAGE_SIZE: i64 = 8_192;

/// The number of pages in the write-ahead log that triggers a checkpoint: 32 MB.
const CHECKPOINT_PAGES: i64 = 4_000;

/// The maximum size in bytes of the log on disk after a checkpoint.
const LOG_LIMIT: i64 = 64 << 20;

const MAKE_WRITABLE: &str = "make it writable for this user, or choose another with --data";

/// The access of this process to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read and write.
    Writable,
    /// Read a database that another user writes, or wrote until it was killed.
    ReadOnly,
    /// Read a database that nobody writes: its file stays in this state, without a log beside it.
    /// SQLite takes no locks, and would mix old and new pages if someone wrote after all.
    Frozen(FileState),
}

impl Access {
    /// Returns false if a reader must open `file` again, since its writers came or went.
    pub(crate) fn still_holds(self, file: &Path) -> bool {
        match self {
            Self::Writable => true,
            Self::ReadOnly => beside(file, "-shm").exists(),
            Self::Frozen(_) => Self::frozen(file) == Some(self),
        }
    }

    /// Returns the state of `file` if nobody has it open for writing: a writer creates the shared
    /// index of the log before it writes anything.
    fn frozen(file: &Path) -> Option<Self> {
        let is_open = beside(file, "-shm").exists() || !is_empty(&beside(file, "-wal"));
        (!is_open).then(|| FileState::of(file).ok().map(Self::Frozen)).flatten()
    }
}

/// Opens `file` or creates it, checks it and its tables, and returns a connection for reading.
pub(crate) fn first(file: &Path, options: LocalOptions) -> PortResult<(Access, Connection)> {
    match writable(file, options) {
        Ok(Some(connection)) => return Ok((Access::Writable, connection)),
        Ok(None) => {}
        Err(error) if file.is_file() && !can_write_beside(file) => {
            // A read-only folder explains every error but a more serious one.
            if error.kind != ErrorKind::Misconfigured {
                return Err(error);
            }
        }
        Err(error) => return Err(error),
    }
    let access = Access::frozen(file).unwrap_or(Access::ReadOnly);
    match read_only(file, access, options) {
        Err(error) if access == Access::ReadOnly => {
            check_log(file)?;
            Err(error)
        }
        connection => connection.map(|connection| (access, connection)),
    }
}

/// Checks that the log beside `file` can be followed: a reader that may not write needs both of its
/// files. For use after an error only: closing a file of the log releases the locks on it that other
/// connections of this process hold.
fn check_log(file: &Path) -> PortResult<()> {
    let is_readable = |suffix| fs::File::open(beside(file, suffix)).is_ok();
    if is_readable("-wal") && is_readable("-shm") {
        return Ok(());
    }
    let what = "this user may not write to the folder, and cannot read its log (the files -wal and \
                -shm) either, so it would miss what others wrote";
    let remedy = "make the folder writable for this user, or run `akin status` once as its owner \
                  and let this user read all its files";
    Err(error::at(file, ErrorKind::Misconfigured, what, remedy))
}

/// Opens `file`, which exists, for reading, whatever the version of its tables, which stays.
pub(crate) fn as_it_is(file: &Path, options: LocalOptions) -> PortResult<(Access, Connection)> {
    // Who may write can follow writers that come meanwhile.
    let access = if can_write_beside(file) {
        Access::Writable
    } else {
        Access::frozen(file).unwrap_or(Access::ReadOnly)
    };
    match reader(file, access, options) {
        Err(error) if access == Access::ReadOnly => {
            check_log(file)?;
            Err(error)
        }
        connection => connection.map(|connection| (access, connection)),
    }
}

/// Opens a connection for writing.
pub(crate) fn writer(file: &Path, options: LocalOptions) -> PortResult<Connection> {
    let connection = connect(file, Access::Writable, options)?;
    configure(&connection, file, WRITER_CACHE)?;
    Ok(connection)
}

/// Opens a connection for reading.
pub(crate) fn reader(file: &Path, access: Access, options: LocalOptions) -> PortResult<Connection> {
    let connection = connect(file, access, options)?;
    let sqlite = |e: rusqlite::Error| error::sqlite(file, &e);
    connection.pragma_update(None, "query_only", true).map_err(sqlite)?;
    configure(&connection, file, READER_CACHE)?;
    Ok(connection)
}

/// Converts the result of SQLite's check into an error unless it is "ok".
pub(crate) fn check_result(file: &Path, found: &str) -> PortResult<()> {
    if found == "ok" {
        return Ok(());
    }
    let remedy = "the file is damaged: restore it from a backup, or delete the folder and ingest \
                  again";
    Err(error::at(file, ErrorKind::Corrupt, found, remedy))
}

/// Opens a connection to a writable database; `None` if the file is read-only.
fn writable(file: &Path, options: LocalOptions) -> PortResult<Option<Connection>> {
    let mut connection = connect(file, Access::Writable, options)?;
    let sqlite = |e: rusqlite::Error| error::sqlite(file, &e);
    if connection.is_readonly("main").map_err(sqlite)? {
        return Ok(None);
    }
    if schema::state(&mut connection, file)? == SchemaState::Outdated {
        if schema::was_readable_by_all(&connection, file)? {
            permissions::hide_from_others(file);
        }
        connection.pragma_update(None, "page_size", PAGE_SIZE).map_err(sqlite)?;
        enable_wal(&connection, file, options.busy_timeout)?;
        schema::migrate(&mut connection, file)?;
    }
    check_small(&connection, file)?;
    configure(&connection, file, READER_CACHE)?;
    connection.pragma_update(None, "query_only", true).map_err(sqlite)?;
    Ok(Some(connection))
}

/// Returns whether files can be created beside `file`, as SQLite needs for writing. The database
/// itself is not opened: closing it would release the locks that this process holds on it.
fn can_write_beside(file: &Path) -> bool {
    let probe = file.with_extension(format!("probe-{}", std::process::id()));
    let created = fs::File::options().write(true).create_new(true).open(&probe);
    created.is_ok() && fs::remove_file(&probe).is_ok()
}

fn read_only(file: &Path, access: Access, options: LocalOptions) -> PortResult<Connection> {
    let mut connection = reader(file, access, options)?;
    if schema::state(&mut connection, file)? == SchemaState::Outdated {
        let what = "its tables are of an earlier version, and the folder is read-only";
        return Err(error::at(file, ErrorKind::Misconfigured, what, MAKE_WRITABLE));
    }
    check_small(&connection, file)?;
    Ok(connection)
}

fn connect(file: &Path, access: Access, options: LocalOptions) -> PortResult<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match access {
        Access::Writable => Connection::open_with_flags(
            file,
            flags | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        ),
        Access::ReadOnly => {
            Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_READ_ONLY)
        }
        Access::Frozen(_) => Connection::open_with_flags(
            immutable_uri(file),
            flags | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
        ),
    };
    let connection = connection.map_err(|e| error::sqlite(file, &e))?;
    connection.busy_timeout(options.busy_timeout).map_err(|e| error::sqlite(file, &e))?;
    Ok(connection)
}

/// Makes transactions survive the death of the process. If the machine dies, the last ones may be
/// missing, but nothing is damaged.
fn configure(connection: &Connection, file: &Path, cache: i64) -> PortResult<()> {
    let settings = [
        ("synchronous", 1), // NORMAL
        ("cache_size", cache),
        ("wal_autocheckpoint", CHECKPOINT_PAGES),
        ("journal_size_limit", LOG_LIMIT),
        ("cell_size_check", 1),
        ("trusted_schema", 0),
    ];
    connection.set_prepared_statement_cache_capacity(32);
    // Otherwise SQLite replans a statement for new parameters, which takes longer than a lookup by
    // key.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(|e| error::sqlite(file, &e))?;
    for (name, value) in settings {
        connection
            // Some of these pragmas return a row.
            .pragma(None, name, value, |_| Ok(()))
            .map_err(|e| error::sqlite(file, &e))?;
    }
    Ok(())
}

/// Enables write-ahead logging. SQLite does not wait if two processes do so at once.
fn enable_wal(connection: &Connection, file: &Path, busy_timeout: Duration) -> PortResult<()> {
    let deadline = Instant::now() + busy_timeout;
    loop {
        let mode =
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
        match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                let what =
                    format!("its disk does not support write-ahead logging (journal mode {mode})");
                let remedy = "choose a folder on a local disk with --data";
                return Err(error::at(file, ErrorKind::Misconfigured, what, remedy));
            }
            Err(busy)
                if busy.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < deadline =>
            {
                thread::sleep(Duration::from_millis(10));
            }
            Err(error) => return Err(error::sqlite(file, &error)),
        }
    }
}

fn check_small(connection: &Connection, file: &Path) -> PortResult<()> {
    let size = fs::metadata(file).map_err(|e| error::io(file, &e))?.len();
    if size > CHECKED_ON_OPEN {
        return Ok(());
    }
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|e| error::sqlite(file, &e))?;
    check_result(file, &found)
}

/// Returns the path of `file` with `suffix`.
pub(crate) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

fn is_empty(file: &Path) -> bool {
    fs::metadata(file).map_or(true, |metadata| metadata.len() == 0)
}

/// Returns the URI that makes SQLite treat `file` as immutable.
fn immutable_uri(file: &Path) -> String {
    let bytes = file.as_os_str().as_encoded_bytes().iter();
    let escaped = bytes.map(|&byte| match byte {
        b'/' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    format!("file:{}?immutable=1", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_any_bytes_becomes_a_uri() {
        assert_eq!(immutable_uri(Path::new("/a b?/é#")), "file:/a%20b%3F/%C3%A9%23?immutable=1");
    }
}
