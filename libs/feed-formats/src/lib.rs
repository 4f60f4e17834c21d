//! Reads product feeds and other tables as records of named values.
//!
//! CSV with commas, semicolons, tabs or bars; JSON objects on lines, one after another, in an array, or in
//! the one array of an object; Google Merchant XML (RSS or Atom); Parquet. Each may be compressed by gzip or
//! zstd. Format, dialect and compression are detected from the content, and so is the encoding of a text (by
//! its byte order mark, its XML declaration, or its letters).
//!
//! Memory is bounded whatever the input holds, and so is what compressed data may become: see
//! [`limits`] and [`UnpackLimits`]. A malformed record is an item beside
//! the others; an [`Error`] ends the input.
//!
//! ```
//! use feed_formats::{Input, Options, Reader, RecordValue};
//!
//! let csv = b"sku;title\n1;Tripod\n2;Cup;5\n3;Lamp\n".as_slice();
//! let mut reader = Reader::open(Input::stream(csv), &Options::default())?;
//! let batch = reader.next_batch()?.expect("three records");
//!
//! let first = batch.records[0].as_ref().expect("a record");
//! assert_eq!(first.line, 2);
//! let (name, value) = batch.named_values(first).nth(1).expect("two values");
//! let RecordValue::Text(range) = value else { panic!("a text") };
//! assert_eq!((name, &batch.text[range.clone()]), ("title", "Tripod"));
//!
//! // The record on line 3 has a field too many.
//! assert_eq!(batch.records[1].as_ref().unwrap_err().line, 3);
//! assert!(reader.next_batch()?.is_none());
//! # Ok::<(), feed_formats::Error>(())
//! ```
//!
//! [`Reader`] blocks. [`ReadAhead`] runs one on its own thread, a few batches ahead of an
//! asynchronous consumer.

mod compression;
mod csv;
mod encoding;
mod error;
mod foreign;
mod format;
mod input;
mod invalid;
mod json;
pub mod limits;
mod names;
mod parquet;
mod peeked;
mod read_ahead;
mod reader;
mod record;
mod unpack;
mod values;
mod window;
mod xml;

pub use encoding::{TextEncoding, UnknownEncoding};
pub use error::Error;
pub use format::{Format, UnknownFormat};
pub use input::Input;
pub use names::NameFilter;
pub use read_ahead::ReadAhead;
pub use reader::{Options, Reader};
pub use record::{
    Batch, InvalidValue, Layout, MalformedRecord, Members, Nested, Record, RecordResult,
    RecordValue, Value,
};
pub use unpack::{UnpackLimit, UnpackLimits};
