use crate::csv::CsvParser;
use crate::encoding::TextEncoding;
use crate::error::Error;
use crate::format::Format;
use crate::input::{Content, Input};
use crate::json::JsonParser;
use crate::limits;
use crate::names::{NameFilter, NameTable};
use crate::parquet::ParquetParser;
use crate::record::{Batch, Layout, MalformedRecord, Record, RecordResult};
use crate::unpack::UnpackLimits;
use crate::values::ValueBuffer;
use crate::window::Window;
use crate::xml::XmlParser;
use std::fmt;
use std::sync::Arc;

/// Options for reading an input.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The format; `None` detects it from the content. Compression is always detected.
    pub format: Option<Format>,
    /// The encoding of a text; `None` detects it. A byte order mark and the declaration of an XML document are
    /// better told than guessed.
    pub encoding: Option<TextEncoding>,
    /// The names of the values to read.
    pub names: NameFilter,
    /// The limits of what compressed data may become.
    pub unpack_limits: UnpackLimits,
}

/// Reads an input, batch by batch, on the calling thread.
pub struct Reader {
    parser: Box<dyn Parser>,
    names: NameTable,
    /// The error to return after the records before it.
    error: Option<Error>,
    is_started: bool,
    is_ended: bool,
    /// The bytes of text and the number of values in the last batch.
    last_size: (usize, usize),
}

/// The line on which a record begins, or why the record is malformed.
pub(crate) type LineResult = Result<u64, MalformedRecord>;

/// A parser of a format.
pub(crate) trait Parser: Send {
    /// Returns how the format names its values.
    fn layout(&self) -> Layout;

    /// Returns the names of the columns; `None` if records name their values themselves.
    fn header(&self) -> Option<&Arc<[String]>> {
        None
    }

    /// Adds the values of the next record to `values`, and returns its line; `None` at the end. Names
    /// are added to `names` unless there is a header. The values of a malformed record are removed by
    /// the caller.
    fn next(
        &mut self,
        names: &mut NameTable,
        values: &mut ValueBuffer,
    ) -> Result<Option<LineResult>, Error>;

    /// Returns the number of decoded bytes before the next record.
    fn bytes_read(&self) -> u64;
}

impl Reader {
    /// Detects the format, and reads the header if it has one.
    pub fn open(input: Input, options: &Options) -> Result<Self, Error> {
        let filter = &options.names;
        let content = input.unpack(options.format, options.encoding, options.unpack_limits)?;
        let parser: Box<dyn Parser> = match content {
            Content::Csv(bytes) => Box::new(CsvParser::new(Window::new(bytes), filter)?),
            Content::JsonLines(bytes) => Box::new(JsonParser::new(Window::new(bytes), filter)?),
            Content::Xml(bytes) => Box::new(XmlParser::new(bytes)),
            Content::Parquet(file) => {
                Box::new(ParquetParser::new(file, filter, options.unpack_limits)?)
            }
        };
        let names = NameTable::new(filter.clone());
        let last_size = (0, 0);
        Ok(Self { parser, names, error: None, is_started: false, is_ended: false, last_size })
    }

    /// Reads the next records; `None` at the end, and after an error.
    ///
    /// An input with a header gives at least one batch, even if it has no record.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, Error> {
        let mut records = Vec::new();
        let mut values = ValueBuffer::default();
        if !self.is_ended {
            records.reserve(limits::BATCH_RECORDS);
            values = ValueBuffer::with_capacity(self.last_size.0, self.last_size.1);
            self.error = self.fill(&mut records, &mut values).err();
        }
        let header = self.parser.header().cloned();
        let is_due = !records.is_empty() || (header.is_some() && !self.is_started);
        self.is_started = true;
        if !is_due {
            return self.error.take().map_or(Ok(None), Err);
        }
        let names = header.unwrap_or_else(|| self.names.take());
        let (layout, bytes_read) = (self.parser.layout(), self.parser.bytes_read());
        let ValueBuffer { text, values, .. } = values;
        self.last_size = (text.len(), values.len());
        Ok(Some(Batch { layout, names, text, values, records, bytes_read }))
    }

    /// Reads records up to the limits of a batch.
    fn fill(
        &mut self,
        records: &mut Vec<RecordResult>,
        values: &mut ValueBuffer,
    ) -> Result<(), Error> {
        let start = self.parser.bytes_read();
        let mut malformed_size = 0;
        while records.len() < limits::BATCH_RECORDS
            && values.size() + malformed_size < limits::BATCH_BYTES
            && self.parser.bytes_read() - start < limits::BATCH_BYTES as u64
        {
            let first = values.len();
            let next = self.parser.next(&mut self.names, values);
            self.is_ended = !matches!(next, Ok(Some(_)));
            if !matches!(next, Ok(Some(Ok(_)))) {
                values.truncate(first);
            }
            let Some(line) = next? else { break };
            malformed_size += line.as_ref().map_or_else(MalformedRecord::size, |_| 0);
            records.push(line.map(|line| Record { line, values: first..values.len() }));
        }
        Ok(())
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("layout", &self.parser.layout()).finish_non_exhaustive()
    }
}
