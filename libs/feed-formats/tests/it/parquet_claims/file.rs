//! Parquet files, byte by byte.

use crate::support::{NamedResult, read_as};
use feed_formats::Error;
use std::io::Cursor;

pub(super) const I32: u8 = 5;
pub(super) const I64: u8 = 6;
pub(super) const BINARY: u8 = 8;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;

/// The physical types.
pub(super) const INT32: i64 = 1;
pub(super) const BYTE_ARRAY: i64 = 6;
pub(super) const FIXED: i64 = 7;
/// The codecs.
pub(super) const PLAIN: i64 = 0;
pub(super) const GZIP: i64 = 2;
pub(super) const ZSTD: i64 = 6;
/// The encodings.
pub(super) const DICTIONARY: i64 = 8;
pub(super) const DELTA_LENGTHS: i64 = 6;
pub(super) const SPLIT: i64 = 9;

pub(super) const HUGE: i64 = i32::MAX as i64;

/// Thrift's compact protocol.
#[derive(Clone, Default)]
pub(super) struct Thrift(pub(super) Vec<u8>);

impl Thrift {
    pub(super) fn varint(mut self, mut number: u64) -> Self {
        while number >= 0x80 {
            self.0.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.0.push(number.to_le_bytes()[0]);
        self
    }

    pub(super) fn field(mut self, id: u64, kind: u8) -> Self {
        self.0.push(kind);
        self.varint(id << 1)
    }

    pub(super) fn number(self, id: u64, kind: u8, number: i64) -> Self {
        self.field(id, kind).varint(((number << 1) ^ (number >> 63)).cast_unsigned())
    }

    pub(super) fn text(self, id: u64, text: &str) -> Self {
        let mut written = self.field(id, BINARY).varint(text.len() as u64);
        written.0.extend(text.as_bytes());
        written
    }

    pub(super) fn structure(mut self, id: u64, fields: Self) -> Self {
        self = self.field(id, STRUCT);
        self.0.extend(fields.0);
        self.0.push(0);
        self
    }

    pub(super) fn list(self, id: u64, claimed: u64, items: &[Self]) -> Self {
        let mut written = self.field(id, LIST);
        written.0.push(0xf0 | STRUCT);
        written = written.varint(claimed);
        for item in items {
            written.0.extend(&item.0);
            written.0.push(0);
        }
        written
    }
}

pub(super) fn thrift() -> Thrift {
    Thrift::default()
}

/// A file with one column, called `name`.
#[derive(Clone)]
pub(super) struct Claims {
    pub(super) kind: i64,
    pub(super) width: i64,
    pub(super) codec: i64,
    /// 0 if a value is required, 2 if it is repeated.
    pub(super) repetition: i64,
    pub(super) rows: i64,
    pub(super) columns: u64,
    pub(super) children: i64,
    pub(super) pages: Vec<u8>,
}

impl Claims {
    pub(super) fn new(codec: i64, pages: Vec<u8>) -> Self {
        let (kind, width, repetition) = (BYTE_ARRAY, 0, 0);
        Self { kind, width, codec, repetition, rows: HUGE, columns: 1, children: 1, pages }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let root = thrift().text(4, "row").number(5, I32, self.children);
        let column = thrift()
            .number(1, I32, self.kind)
            .number(2, I32, self.width)
            .number(3, I32, self.repetition)
            .text(4, "name");
        let mut encodings = thrift().number(1, I32, self.kind).field(2, LIST);
        encodings.0.push(I32);
        let length = self.pages.len().cast_signed() as i64;
        let mut metadata = encodings.field(3, LIST);
        metadata.0.push(BINARY);
        let metadata = metadata
            .number(4, I32, self.codec)
            .number(5, I64, self.rows)
            .number(6, I64, length)
            .number(7, I64, length)
            .number(9, I64, 4);
        let chunk = thrift().number(2, I64, 4).structure(3, metadata);
        let group = thrift()
            .list(1, self.columns, &[chunk])
            .number(2, I64, length)
            .number(3, I64, self.rows);
        let footer = thrift()
            .number(1, I32, 1)
            .list(2, 2, &[root, column])
            .number(3, I64, self.rows)
            .list(4, 1, &[group]);
        file(&self.pages, &footer)
    }

    pub(super) fn read(&self) -> Result<Vec<NamedResult>, Error> {
        read_as(None, Cursor::new(self.bytes()))
    }

    pub(super) fn refusal(&self) -> String {
        self.read().unwrap_err().to_string()
    }
}

pub(super) fn file(pages: &[u8], footer: &Thrift) -> Vec<u8> {
    let length = u32::try_from(footer.0.len() + 1).unwrap().to_le_bytes();
    [b"PAR1", pages, &footer.0, &[0], &length, b"PAR1"].concat()
}

pub(super) fn page(kind: i64, unpacked: i64, header: (u64, Thrift), bytes: &[u8]) -> Vec<u8> {
    let written = thrift()
        .number(1, I32, kind)
        .number(2, I32, unpacked)
        .number(3, I32, bytes.len().cast_signed() as i64)
        .structure(header.0, header.1);
    [&written.0[..], &[0], bytes].concat()
}

pub(super) fn dictionary(values: i64, unpacked: i64, bytes: &[u8]) -> Vec<u8> {
    page(2, unpacked, (7, thrift().number(1, I32, values).number(2, I32, 0)), bytes)
}

pub(super) fn data(values: i64, encoding: i64, unpacked: i64, bytes: &[u8]) -> Vec<u8> {
    let header = thrift()
        .number(1, I32, values)
        .number(2, I32, encoding)
        .number(3, I32, 3)
        .number(4, I32, 3);
    page(0, unpacked, (5, header), bytes)
}

/// A dictionary of the text `x`, and rows without end that have it.
pub(super) fn endless(levels: &[u8]) -> Vec<u8> {
    let rows = [levels, &[1], &run(HUGE as u64, 0)].concat();
    let length = rows.len().cast_signed() as i64;
    [dictionary(1, 5, b"\x01\0\0\0x"), data(HUGE, DICTIONARY, length, &rows)].concat()
}

/// A run of `count` times `value`.
pub(super) fn run(count: u64, value: u8) -> Vec<u8> {
    let mut run = thrift().varint(count << 1).0;
    run.push(value);
    run
}

/// A run of levels, with its length.
pub(super) fn levels(parts: &[Vec<u8>]) -> Vec<u8> {
    let levels = parts.concat();
    [&u32::try_from(levels.len()).unwrap().to_le_bytes()[..], &levels].concat()
}
