//! Every format keeps the contract of a feed, plain and compressed, and a file that of a source.

use crate::support::{Broken, table};
use akin_contracts::backup_storage::BackupPlace;
use akin_contracts::feed::Written;
use akin_contracts::feed_source::FeedLocation;
use akin_files::{BackupFolder, FeedFile, Format, InputFeed};
use akin_ports::{BackupStorage, ColumnFilter, FeedRow, FeedSource, ProductFeed};
use feed_fixtures::{gzip, zstd};
use feed_formats::Input;
use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};
use tempfile::TempDir;

/// A module of the contract's tests for the feeds that an expression writes.
macro_rules! contract {
    ($($name:ident as $format:expr => |$rows:ident| $bytes:expr;)*) => {$(
        mod $name {
            use super::*;

            akin_contracts::product_feed_contract!(whole, cut_off);

            fn whole(name: &str, $rows: &[Written]) -> Box<dyn ProductFeed> {
                feed(name, Cursor::new($bytes), $format)
            }

            /// A file that was copied in part, from a disk that fails.
            fn cut_off(name: &str, $rows: &[Written]) -> Box<dyn ProductFeed> {
                let mut bytes = $bytes;
                bytes.truncate(bytes.len() * 3 / 4);
                feed(name, Cursor::new(bytes).chain(Broken), $format)
            }
        }
    )*};
}

contract! {
    commas as None => |rows| table(rows).csv(b',');
    semicolons as None => |rows| table(rows).csv(b';');
    tabs as None => |rows| table(rows).csv(b'\t');
    json_lines as Some(Format::JsonLines) => |rows| table(rows).json_lines();
    json_array as None => |rows| array(rows);
    rss as None => |rows| table(rows).rss();
    atom as None => |rows| table(rows).atom();
    parquet_file as None => |rows| table(rows).parquet();
    gzipped as None => |rows| gzip(&table(rows).csv(b','));
    zstandard as None => |rows| zstd(&table(rows).rss());
    gzipped_parquet as None => |rows| gzip(&table(rows).parquet());
}

/// An array whose malformed rows are objects, since anything else breaks the array off.
fn array(rows: &[Written]) -> Vec<u8> {
    let array = String::from_utf8(table(rows).json_array()).unwrap();
    array.replace("nonsense", "{\"name\"}").into_bytes()
}

fn feed(
    name: &str,
    bytes: impl Read + Send + 'static,
    format: Option<Format>,
) -> Box<dyn ProductFeed> {
    let input = Input::stream(bytes);
    Box::new(InputFeed::start(name, input, format, &ColumnFilter::default()).unwrap())
}

mod file {
    akin_contracts::feed_source_contract!(super::location);
}

fn location() -> FileLocation {
    FileLocation { folder: tempfile::tempdir().unwrap(), seconds: AtomicU64::new(1_700_000_000) }
}

/// A file that is modified once in a second of a time long past.
struct FileLocation {
    folder: TempDir,
    seconds: AtomicU64,
}

impl FeedLocation for FileLocation {
    fn write(&self, rows: &[FeedRow]) {
        let rows: Vec<_> = rows.iter().cloned().map(Written::Row).collect();
        let mut file = File::create(self.folder.path().join("feed.csv")).unwrap();
        file.write_all(&table(&rows).csv(b',')).unwrap();
        let seconds = self.seconds.fetch_add(1, Ordering::Relaxed);
        file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    }

    fn source(&self) -> Arc<dyn FeedSource> {
        Arc::new(FeedFile::new(self.folder.path().join("feed.csv"), None))
    }
}

mod backup {
    akin_contracts::backup_storage_contract!(super::backup);
}

/// A folder that does not exist yet, beside the file that is moved to it.
struct BackupFolders(TempDir);

fn backup() -> BackupFolders {
    BackupFolders(tempfile::tempdir().unwrap())
}

impl BackupFolders {
    fn folder(&self) -> PathBuf {
        self.0.path().join("backups").join("monday")
    }
}

impl BackupPlace for BackupFolders {
    fn storage(&self) -> Arc<dyn BackupStorage> {
        Arc::new(BackupFolder::new(&self.folder()))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("staging")
    }

    fn leave(&self, name: &str, bytes: &[u8]) {
        std::fs::create_dir_all(self.folder()).unwrap();
        std::fs::write(self.folder().join(name), bytes).unwrap();
    }
}
