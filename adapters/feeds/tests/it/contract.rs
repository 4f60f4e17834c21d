//! Every format keeps the contract of a feed, plain and compressed.

use crate::support::written::{self, written};
use akin_contracts::feed::Written;
use akin_feeds::{Format, Options};
use akin_ports::ProductFeed;
use std::io::{self, Cursor, Read};

/// A module of the contract's tests for feeds that are written by an expression.
macro_rules! contract {
    ($($name:ident as $format:expr => |$rows:ident| $bytes:expr;)*) => {$(
        mod $name {
            use super::*;

            akin_contracts::product_feed_contract!(whole, cut_off);

            fn whole(name: &str, $rows: &[Written]) -> Box<dyn ProductFeed> {
                feed(name, Cursor::new($bytes), $format)
            }

            /// A file that was copied in part, from a disk that breaks.
            fn cut_off(name: &str, $rows: &[Written]) -> Box<dyn ProductFeed> {
                let mut bytes = $bytes;
                bytes.truncate(bytes.len() * 3 / 4);
                feed(name, Cursor::new(bytes).chain(Broken), $format)
            }
        }
    )*};
}

contract! {
    commas as None => |rows| written::csv(rows, b',');
    semicolons as None => |rows| written::csv(rows, b';');
    tabs as None => |rows| written::csv(rows, b'\t');
    json_lines as Some(Format::JsonLines) => |rows| written::json_lines(rows);
    json_array as None => |rows| written::json_array(rows);
    rss as None => |rows| written::rss(rows);
    atom as None => |rows| written::atom(rows);
    parquet_file as None => |rows| written::parquet(rows);
    gzipped as None => |rows| written::gzip(&written(Format::Csv, rows));
    zstandard as None => |rows| written::zstd(&written(Format::Xml, rows));
    gzipped_parquet as None => |rows| written::gzip(&written(Format::Parquet, rows));
}

fn feed(
    name: &str,
    bytes: impl Read + Send + 'static,
    format: Option<Format>,
) -> Box<dyn ProductFeed> {
    akin_feeds::from_reader(name, bytes, &Options { format, ..Options::default() }).expect("a feed")
}

/// Breaks when it is read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the cable was pulled"))
    }
}
