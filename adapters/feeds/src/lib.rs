//! The files a shop hands over, as rows.
//!
//! A feed is read and parsed on a thread of its own, a few batches ahead of whoever takes them,
//! in bounded memory whatever the file holds. Dropping the feed stops the thread.

mod columns;
mod csv;
mod error;
mod read_ahead;
mod record;
mod refusal;
mod source;
mod window;

use ports::{PortResult, ProductFeed};
use read_ahead::ReadAhead;
use source::Source;
use std::io::Read;
use std::path::Path;

/// Opens the feed at `path`; `-` is the standard input.
///
/// What is wrong with its content is said by [`ProductFeed::next_batch`].
pub fn open(path: &Path) -> PortResult<Box<dyn ProductFeed>> {
    start(Source::open(path)?)
}

/// Reads a feed from `bytes`, and calls it `name` in messages.
pub fn from_reader(
    name: impl Into<String>,
    bytes: impl Read + Send + 'static,
) -> PortResult<Box<dyn ProductFeed>> {
    start(Source { name: name.into(), total: None, bytes: Box::new(bytes) })
}

fn start(source: Source) -> PortResult<Box<dyn ProductFeed>> {
    let (name, total) = (source.name.clone(), source.total);
    Ok(Box::new(ReadAhead::start(name, total, move || csv::CsvRows::new(source))?))
}
