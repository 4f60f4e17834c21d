//! Inputs in memory, and the records that they give.

use feed_formats::{
    Batch, Error, Format, Input, MalformedRecord, Options, Reader, Record, RecordValue, Value,
};
use std::io::{self, Cursor, Read};

/// Gives bytes in pieces of the given size, as a slow pipe does.
pub(crate) struct Pieces(pub(crate) Cursor<Vec<u8>>, pub(crate) usize);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.1.min(buffer.len());
        self.0.read(&mut buffer[..size])
    }
}

/// A record with the names of its values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NamedRecord {
    pub(crate) line: u64,
    pub(crate) values: Vec<(String, Value)>,
}

impl NamedRecord {
    pub(crate) fn new(batch: &Batch, record: &Record) -> Self {
        let values = batch.named_values(record).map(|(name, value)| {
            let value = match value {
                RecordValue::Text(range) => Value::Text(batch.text[range.clone()].to_owned()),
                RecordValue::Number(range) => Value::Number(batch.text[range.clone()].to_owned()),
                RecordValue::Other(value) => value.clone(),
            };
            (name.to_owned(), value)
        });
        Self { line: record.line, values: values.collect() }
    }

    /// Returns the text of this name, or an empty one.
    pub(crate) fn text(&self, name: &str) -> &str {
        match self.values.iter().find(|(other, _)| other == name) {
            Some((_, Value::Text(text) | Value::Number(text))) => text,
            Some((_, other)) => panic!("{name} is {other:?}"),
            None => "",
        }
    }
}

pub(crate) type NamedResult = Result<NamedRecord, MalformedRecord>;

/// Reads all records of bytes.
pub(crate) fn read_as(
    format: Option<Format>,
    bytes: impl Read + Send + 'static,
) -> Result<Vec<NamedResult>, Error> {
    read_with(&Options { format, ..Options::default() }, bytes)
}

/// Reads all records of bytes with these options.
pub(crate) fn read_with(
    options: &Options,
    bytes: impl Read + Send + 'static,
) -> Result<Vec<NamedResult>, Error> {
    let mut reader = Reader::open(Input::stream(bytes), options)?;
    let (mut records, mut is_first) = (Vec::new(), true);
    while let Some(batch) = reader.next_batch()? {
        assert!(is_first || !batch.records.is_empty(), "a batch has no record");
        is_first = false;
        for record in &batch.records {
            let record = record.as_ref().map_err(Clone::clone);
            records.push(record.map(|record| NamedRecord::new(&batch, record)));
        }
    }
    assert_eq!(reader.next_batch()?, None, "the end is final");
    Ok(records)
}
