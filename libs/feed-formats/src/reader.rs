use crate::csv::CsvParser;
use crate::error::Error;
use crate::format::Format;
use crate::input::{Content, Input};
use crate::json::JsonParser;
use crate::limits;
use crate::names::{NameFilter, NameTable};
use crate::parquet::ParquetParser;
use crate::record::{Batch, Layout, MalformedRecord, Record, RecordResult};
use crate::window::Window;
use crate::xml::XmlParser;
use std::fmt;
use std::sync::Arc;

/// How to read an input.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The format; `None` detects it from the content. Compression is always detected.
    pub format: Option<Format>,
    /// The names of the values to read.
    pub names: NameFilter,
}

/// Reads an input, batch by batch, on the calling thread.
pub struct Reader {
    parser: Box<dyn Parser>,
    names: NameTable,
    /// The error to return after the records before it.
    error: Option<Error>,
    is_started: bool,
    is_ended: bool,
}

/// A parser of a format.
pub(crate) trait Parser: Send {
    /// Returns how the format names its values.
    fn layout(&self) -> Layout;

    /// Returns the names of the columns; `None` if records name their values themselves.
    fn header(&self) -> Option<&Arc<[String]>> {
        None
    }

    /// Returns the next record, or `None` at the end. Names are added to `names` unless there is a
    /// header.
    fn next(&mut self, names: &mut NameTable) -> Result<Option<RecordResult>, Error>;

    /// Returns the number of decoded bytes before the next record.
    fn bytes_read(&self) -> u64;
}

impl Reader {
    /// Detects the format, and reads the header if it has one.
    pub fn open(input: Input, options: &Options) -> Result<Self, Error> {
        let filter = &options.names;
        let parser: Box<dyn Parser> = match input.unpack(options.format)? {
            Content::Csv(bytes) => Box::new(CsvParser::new(Window::new(bytes), filter)?),
            Content::JsonLines(bytes) => Box::new(JsonParser::new(Window::new(bytes))?),
            Content::Xml(bytes) => Box::new(XmlParser::new(bytes)),
            Content::Parquet(file) => Box::new(ParquetParser::new(file, filter)?),
        };
        let names = NameTable::new(filter.clone());
        Ok(Self { parser, names, error: None, is_started: false, is_ended: false })
    }

    /// Reads the next records; `None` at the end, and after an error.
    ///
    /// An input with a header gives at least one batch, even if it has no record.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, Error> {
        let mut records = Vec::new();
        if !self.is_ended {
            records.reserve(limits::BATCH_RECORDS);
            self.error = self.fill(&mut records).err();
        }
        let header = self.parser.header().cloned();
        let is_due = !records.is_empty() || (header.is_some() && !self.is_started);
        self.is_started = true;
        if !is_due {
            return self.error.take().map_or(Ok(None), Err);
        }
        let names = header.unwrap_or_else(|| self.names.take());
        let (layout, bytes_read) = (self.parser.layout(), self.parser.bytes_read());
        Ok(Some(Batch { layout, names, records, bytes_read }))
    }

    /// Reads records up to the limits of a batch.
    fn fill(&mut self, records: &mut Vec<RecordResult>) -> Result<(), Error> {
        let start = self.parser.bytes_read();
        let mut size = 0;
        while records.len() < limits::BATCH_RECORDS
            && size < limits::BATCH_BYTES
            && self.parser.bytes_read() - start < limits::BATCH_BYTES as u64
        {
            let next = self.parser.next(&mut self.names);
            self.is_ended = !matches!(next, Ok(Some(_)));
            let Some(record) = next? else { break };
            size += record.as_ref().map_or_else(MalformedRecord::size, Record::size);
            records.push(record);
        }
        Ok(())
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("layout", &self.parser.layout()).finish_non_exhaustive()
    }
}
