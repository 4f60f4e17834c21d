use crate::columns::Columns;
use crate::error::FeedError;
use crate::map::ColumnMap;
use crate::read_ahead::Rows;
use crate::record::{Next, Records};
use crate::refusal::refused;
use crate::window::Window;
use akin_ports::FeedItem;
use csv_core::{ReadRecordResult, ReaderBuilder};

/// The longest header, in bytes.
const HEADER_LIMIT: usize = 64 << 10;
/// What may stand between fields, the likeliest first.
const DELIMITERS: [u8; 3] = *b",;\t";

/// The rows of a CSV file.
pub(crate) struct CsvRows {
    records: Records,
    columns: Columns,
}

impl CsvRows {
    /// Reads the header: which columns there are, and what stands between them.
    pub(crate) fn new(mut window: Window, map: &ColumnMap) -> Result<Self, FeedError> {
        if !window.skip_line_ends()? {
            return Err(FeedError::Empty(window.name().to_owned()));
        }
        let (line, name) = (window.line(), window.name().to_owned());
        let Header { columns, delimiter, length } = header(&mut window, map)?;
        let Some(length) = length else {
            return Err(FeedError::EndlessHeader { name, line, limit: HEADER_LIMIT });
        };
        let columns = Columns::read(&columns, map).map_err(|fault| FeedError::Header {
            name,
            line,
            fault,
        })?;
        window.release(length);
        Ok(Self { records: Records::new(window, delimiter), columns })
    }
}

impl CsvRows {
    fn row(&self, line: u64) -> FeedItem {
        let (found, expected) = (self.records.ends().len(), self.columns.width());
        if found != expected {
            let reason = format!(
                "number of fields: {found}, where the header has {expected}: look for a \
                 separator or a quote that is missing or too many"
            );
            return Err(refused(line, "", self.records.raw(), reason));
        }
        self.columns.row(line, self.records.text(), self.records.ends())
    }
}

impl Rows for CsvRows {
    fn next(&mut self) -> Result<Option<FeedItem>, FeedError> {
        Ok(match self.records.next()? {
            Next::Record(line) => Some(self.row(line)),
            Next::GivenUp(line, beginning, fault) => {
                Some(Err(refused(line, "", &beginning, fault.to_string())))
            }
            Next::End => None,
        })
    }

    fn passed(&self) -> u64 {
        self.records.passed()
    }
}

/// A header, read with one delimiter.
struct Header {
    columns: Vec<String>,
    delimiter: u8,
    /// How many bytes it takes; `None` if it does not end.
    length: Option<usize>,
}

/// The header, read no further than it needs.
fn header(window: &mut Window, map: &ColumnMap) -> Result<Header, FeedError> {
    let mut seen = 0;
    loop {
        let bytes = &window.bytes()[..window.bytes().len().min(HEADER_LIMIT)];
        if memchr::memchr2(b'\n', b'\r', &bytes[seen..]).is_some() || bytes.len() == HEADER_LIMIT {
            let header = likeliest_header(bytes, false, map);
            if header.length.is_some() || bytes.len() == HEADER_LIMIT {
                return Ok(header);
            }
        }
        seen = bytes.len();
        if !window.read_more()? {
            return Ok(likeliest_header(window.bytes(), true, map));
        }
    }
}

/// The header, by the delimiter that finds most known columns in it.
fn likeliest_header(bytes: &[u8], is_all: bool, map: &ColumnMap) -> Header {
    let worth = |header: &Header| (Columns::known(&header.columns, map), header.columns.len());
    let [comma, others @ ..] = DELIMITERS.map(|delimiter| split(bytes, is_all, delimiter));
    // Of equals the first stays.
    let better = |best, header| if worth(&header) > worth(&best) { header } else { best };
    others.into_iter().fold(comma, better)
}

fn split(bytes: &[u8], is_all: bool, delimiter: u8) -> Header {
    let mut parser = ReaderBuilder::new().delimiter(delimiter).build();
    let (mut text, mut ends) = (vec![0; bytes.len() + 2], vec![0; bytes.len() + 2]);
    let (mut result, length, written, mut count) = parser.read_record(bytes, &mut text, &mut ends);
    if result == ReadRecordResult::InputEmpty && is_all {
        // The end of the feed ends its last line, though not an open quote.
        let (last, _, _, more) =
            parser.read_record(b"\n", &mut text[written..], &mut ends[count..]);
        (result, count) = (last, count + more);
    }
    let mut start = 0;
    let column = |&end: &usize| {
        String::from_utf8_lossy(&text[std::mem::replace(&mut start, end)..end]).into_owned()
    };
    let columns = ends[..count].iter().map(column).collect();
    let length = (result == ReadRecordResult::Record).then_some(length);
    Header { columns, delimiter, length }
}
