mod dialect;
mod header;
mod records;

use crate::error::Error;
use crate::invalid::{invalid, malformed, text_fault};
use crate::names::{NameFilter, NameTable};
use crate::reader::{LineResult, Parser};
use crate::record::Layout;
use crate::values::ValueBuffer;
use crate::window::Window;
use dialect::Dialect;
use header::Header;
use records::{RecordSplitter, Split};
use std::sync::Arc;

/// Parses CSV with a header.
pub(crate) struct CsvParser {
    splitter: RecordSplitter,
    header: Arc<[String]>,
    header_line: u64,
    /// The positions of the columns to read.
    selected: Vec<usize>,
}

impl CsvParser {
    /// Reads the header, and detects the delimiter by it and the quoting by what follows.
    pub(crate) fn new(mut window: Window, filter: &NameFilter) -> Result<Self, Error> {
        if !window.skip_line_ends()? {
            return Err(Error::Empty);
        }
        let separator = dialect::take_separator_line(&mut window)?;
        let header_line = window.line();
        let header = Header::read(&mut window, separator, filter)?;
        let Header { columns, delimiter, length } = header;
        window.release(length);
        let is_whole = window.read_ahead(dialect::SAMPLE);
        let dialect = Dialect::detect(delimiter, window.bytes(), is_whole);
        let selected =
            (0..columns.len()).filter(|&position| filter.selects(&columns[position])).collect();
        let splitter = RecordSplitter::new(window, dialect, columns.len());
        Ok(Self { splitter, header: columns.into(), header_line, selected })
    }

    /// Reads the record that the splitter found.
    fn record(&self, line: u64, values: &mut ValueBuffer) -> LineResult {
        let (text, ends) = (self.splitter.text(), self.splitter.ends());
        let (found, expected) = (ends.len(), self.header.len());
        // A row may lack its last fields, and may end with separators.
        let last = ends[found.min(expected) - 1];
        if found > expected && !text[last..].trim_ascii().is_empty() {
            let reason = format!(
                "the row has {found} fields, the header has {expected}: look for an extra separator, \
                 or quote the field that has it"
            );
            return Err(malformed(line, self.splitter.raw(), reason));
        }
        // One check of the whole record is much cheaper than one of each field.
        let valid = std::str::from_utf8(text).ok().filter(|_| memchr::memchr(0, text).is_none());
        for &position in self.selected.iter().take_while(|&&position| position < found) {
            let start = if position == 0 { 0 } else { ends[position - 1] };
            let range = start..ends[position];
            // Two fields may begin and end within a character that only both together make.
            match valid.and_then(|text| text.get(range.clone())) {
                Some(text) => values.push_text(position, text),
                None => push_field(values, position, &text[range]),
            }
        }
        Ok(line)
    }

    /// Returns whether the current record is blank, or the header again, as in files that were joined.
    fn is_no_row(&self) -> bool {
        let (text, ends) = (self.splitter.text(), self.splitter.ends());
        if text.trim_ascii().is_empty() {
            return true;
        }
        let is_like_header = ends.len() == self.header.len() && ends.len() > 1;
        let mut start = 0;
        is_like_header
            && ends.iter().zip(&*self.header).all(|(&end, name)| {
                text[std::mem::replace(&mut start, end)..end] == *name.as_bytes()
            })
    }
}

/// Adds a field of a record that is not a valid text as a whole.
fn push_field(values: &mut ValueBuffer, position: usize, field: &[u8]) {
    match std::str::from_utf8(field) {
        Ok(text) if memchr::memchr(0, field).is_none() => values.push_text(position, text),
        _ => values.push(position, invalid(field, text_fault(field))),
    }
}

impl Parser for CsvParser {
    fn layout(&self) -> Layout {
        Layout::Columns { line: Some(self.header_line) }
    }

    fn header(&self) -> Option<&Arc<[String]>> {
        Some(&self.header)
    }

    fn next(
        &mut self,
        _: &mut NameTable,
        values: &mut ValueBuffer,
    ) -> Result<Option<LineResult>, Error> {
        loop {
            return Ok(match self.splitter.next()? {
                Split::Record(_) if self.is_no_row() => continue,
                Split::Record(line) => Some(self.record(line, values)),
                Split::Abandoned { line, beginning, reason } => {
                    Some(Err(malformed(line, &beginning, reason.to_string())))
                }
                Split::End => None,
            });
        }
    }

    fn bytes_read(&self) -> u64 {
        self.splitter.bytes_read()
    }
}
