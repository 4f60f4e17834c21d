//! The files a shop hands over, as rows: CSV, JSON Lines, Google Merchant XML and Parquet; plain,
//! or compressed by gzip or zstd.
//!
//! A feed is read and parsed on a thread of its own, a few batches ahead of whoever takes them,
//! in bounded memory whatever the file holds. Dropping the feed stops the thread.

mod begun;
mod columns;
mod compression;
mod csv;
mod encoding;
mod error;
mod feed_file;
mod fields;
mod files;
mod format;
mod json;
mod json_value;
mod map;
mod parquet;
mod parquet_cell;
mod read_ahead;
mod record;
mod refusal;
mod source;
mod spool;
mod window;
mod xml;
mod xml_item;
mod xml_text;

pub use columns::REFUSAL_COLUMNS;
pub use feed_file::FeedFile;
pub use files::{NoFeed, files};
pub use format::{Format, UnknownFormat};
pub use map::{BadColumnMap, ColumnMap};

use crate::csv::CsvRows;
use crate::parquet::ParquetRows;
use akin_ports::{PortResult, ProductFeed};
use error::FeedError;
use json::JsonRows;
use read_ahead::{ReadAhead, Rows};
use source::{Content, Input, Source};
use std::io::Read;
use std::path::Path;
use window::Window;
use xml::XmlRows;

/// What is known of a feed before it is read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How it is written; `None`: its content tells. Compression is always told by the content.
    pub format: Option<Format>,
    /// What its columns are called.
    pub map: ColumnMap,
}

/// Opens the feed at `path`; `-` is the standard input.
///
/// What is wrong with its content is said by [`ProductFeed::next_batch`].
pub fn open(path: &Path, options: &Options) -> PortResult<Box<dyn ProductFeed>> {
    start(Source::open(path)?, options.clone())
}

/// Reads a feed from `bytes`, and calls it `name` in messages.
pub fn from_reader(
    name: impl Into<String>,
    bytes: impl Read + Send + 'static,
    options: &Options,
) -> PortResult<Box<dyn ProductFeed>> {
    let input = Input::Stream(Box::new(bytes));
    start(Source { name: name.into(), total: None, input }, options.clone())
}

fn start(source: Source, options: Options) -> PortResult<Box<dyn ProductFeed>> {
    let (name, total) = (source.name.clone(), source.total);
    Ok(Box::new(ReadAhead::start(name, total, move || rows(source, options))?))
}

fn rows(source: Source, Options { format, map }: Options) -> Result<Box<dyn Rows>, FeedError> {
    let name = source.name.clone();
    Ok(match source.unpack(format)? {
        Content::Csv(bytes) => Box::new(CsvRows::new(Window::new(name, bytes), &map)?),
        Content::JsonLines(bytes) => Box::new(JsonRows::new(Window::new(name, bytes), map)?),
        Content::Xml(bytes) => Box::new(XmlRows::new(name, bytes, map)),
        Content::Parquet(file) => Box::new(ParquetRows::new(name, file, &map)?),
    })
}
