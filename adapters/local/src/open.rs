use crate::schema::{self, Standing};
use crate::{Options, error};
use akin_ports::{ErrorKind, PortResult};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// Files up to this size are checked whole whenever they are opened: it costs a few milliseconds.
/// A larger one is checked when somebody asks; what SQLite reads of it, it checks in passing.
const CHECKED_ON_OPEN: u64 = 16 << 20;

/// Memory for pages, in KiB, negative as SQLite wants it. A page is held only once it was read.
const WRITER_CACHE: i64 = -(64 << 10);
const READER_CACHE: i64 = -(16 << 10);

/// An entry is a vector of 1.5 KB and a text: pages of this size waste little.
const PAGE_SIZE: i64 = 8_192;

/// Pages that the log gathers before they move into the database: 32 MB.
const CHECKPOINT_PAGES: i64 = 4_000;

/// What the log may occupy on disk once it is emptied, in bytes.
const LOG_LIMIT: i64 = 64 << 20;

const MAKE_WRITABLE: &str = "make it writable for this user, or choose another with --data";

/// What this process may do with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read and write.
    Writable,
    /// Read what another user writes.
    ReadOnly,
    /// Read a folder that nobody writes.
    Immutable,
}

/// Opens `file` or creates it, makes sure that it is sound and has its tables, and returns a
/// connection that reads.
pub(crate) fn first(file: &Path, options: Options) -> PortResult<(Access, Connection)> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(|e| error::io(folder, &e))?;
    }
    match writable(file, options) {
        Ok(Some(connection)) => return Ok((Access::Writable, connection)),
        Ok(None) => {}
        Err(error) if file.is_file() && !may_write_beside(file) => {
            // That nothing can be written explains every error but a worse one.
            if error.kind != ErrorKind::Misconfigured {
                return Err(error);
            }
        }
        Err(error) => return Err(error),
    }
    let access = if is_empty(&log_of(file)) { Access::Immutable } else { Access::ReadOnly };
    read_only(file, access, options).map(|connection| (access, connection))
}

/// Opens a connection that writes.
pub(crate) fn writer(file: &Path, options: Options) -> PortResult<Connection> {
    let connection = connect(file, Access::Writable, options)?;
    configure(&connection, file, WRITER_CACHE)?;
    Ok(connection)
}

/// Opens a connection that reads.
pub(crate) fn reader(file: &Path, access: Access, options: Options) -> PortResult<Connection> {
    let connection = connect(file, access, options)?;
    let sqlite = |e: rusqlite::Error| error::sqlite(file, &e);
    connection.pragma_update(None, "query_only", true).map_err(sqlite)?;
    configure(&connection, file, READER_CACHE)?;
    Ok(connection)
}

/// What SQLite's check `found`, as an answer.
pub(crate) fn verdict(file: &Path, found: &str) -> PortResult<()> {
    if found == "ok" {
        return Ok(());
    }
    let remedy = "the file is damaged: restore it from a backup, or delete the folder and ingest \
                  again";
    Err(error::at(file, ErrorKind::Corrupt, found, remedy))
}

/// A connection to a database that may be written; `None` if the file may only be read.
fn writable(file: &Path, options: Options) -> PortResult<Option<Connection>> {
    let mut connection = connect(file, Access::Writable, options)?;
    let sqlite = |e: rusqlite::Error| error::sqlite(file, &e);
    if connection.is_readonly("main").map_err(sqlite)? {
        return Ok(None);
    }
    if schema::standing(&mut connection, file)? == Standing::Behind {
        connection.pragma_update(None, "page_size", PAGE_SIZE).map_err(sqlite)?;
        keep_a_log(&connection, file, options.busy_timeout)?;
        schema::migrate(&mut connection, file)?;
    }
    check_small(&connection, file)?;
    configure(&connection, file, READER_CACHE)?;
    connection.pragma_update(None, "query_only", true).map_err(sqlite)?;
    Ok(Some(connection))
}

/// Whether a file can be made beside `file`, as SQLite must to write. The database itself is not
/// touched: closing it would drop the locks that this process holds on it.
fn may_write_beside(file: &Path) -> bool {
    let probe = file.with_extension(format!("probe-{}", std::process::id()));
    let made = fs::File::options().write(true).create_new(true).open(&probe);
    made.is_ok() && fs::remove_file(&probe).is_ok()
}

fn read_only(file: &Path, access: Access, options: Options) -> PortResult<Connection> {
    let mut connection = reader(file, access, options)?;
    if schema::standing(&mut connection, file)? == Standing::Behind {
        let trouble = "its tables are of an earlier version, and the folder is read-only";
        return Err(error::at(file, ErrorKind::Misconfigured, trouble, MAKE_WRITABLE));
    }
    check_small(&connection, file)?;
    Ok(connection)
}

fn connect(file: &Path, access: Access, options: Options) -> PortResult<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match access {
        Access::Writable => Connection::open_with_flags(
            file,
            flags | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        ),
        Access::ReadOnly => {
            Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_READ_ONLY)
        }
        Access::Immutable => Connection::open_with_flags(
            immutable_uri(file),
            flags | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
        ),
    };
    let connection = connection.map_err(|e| error::sqlite(file, &e))?;
    connection.busy_timeout(options.busy_timeout).map_err(|e| error::sqlite(file, &e))?;
    Ok(connection)
}

/// Durable against the death of the process at any moment; against the death of the machine, the
/// last transactions before it may be missing, and nothing is damaged.
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
    // Otherwise SQLite plans a statement anew whenever it gets other values, which takes longer than
    // to run one that looks up a key.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(|e| error::sqlite(file, &e))?;
    for (name, value) in settings {
        connection
            // Some settings answer with a row, some with none.
            .pragma(None, name, value, |_| Ok(()))
            .map_err(|e| error::sqlite(file, &e))?;
    }
    Ok(())
}

/// Switches to write-ahead logging. SQLite does not wait where two processes do so at once.
fn keep_a_log(connection: &Connection, file: &Path, patience: Duration) -> PortResult<()> {
    let deadline = Instant::now() + patience;
    loop {
        let mode =
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
        match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                let trouble = format!("its disk allows no write-ahead log (journal mode {mode})");
                let remedy = "choose a folder on a local disk with --data";
                return Err(error::at(file, ErrorKind::Misconfigured, trouble, remedy));
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
    verdict(file, &found)
}

fn log_of(file: &Path) -> PathBuf {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

fn is_empty(file: &Path) -> bool {
    fs::metadata(file).map_or(true, |metadata| metadata.len() == 0)
}

/// `file` as SQLite wants it to be told that nobody writes there.
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
