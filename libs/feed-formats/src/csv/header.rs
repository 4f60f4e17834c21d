use crate::error::Error;
use crate::limits;
use crate::names::NameFilter;
use crate::window::Window;
use csv_core::{ReadRecordResult, ReaderBuilder};

/// The delimiters that are detected, the most likely first.
const DELIMITERS: [u8; 4] = *b",;\t|";

/// The header of a CSV file.
pub(super) struct Header {
    pub(super) columns: Vec<String>,
    pub(super) delimiter: u8,
    /// The number of bytes that it takes.
    pub(super) length: usize,
}

/// The first record, split by one delimiter.
struct Candidate {
    columns: Vec<String>,
    delimiter: u8,
    /// The number of bytes that it takes; `None` if it does not end.
    length: Option<usize>,
}

impl Header {
    /// Reads the header at the beginning of a window, with the delimiter that the file has named if it has, and
    /// no further than it needs.
    pub(super) fn read(
        window: &mut Window,
        named: Option<u8>,
        filter: &NameFilter,
    ) -> Result<Self, Error> {
        let Candidate { columns, delimiter, length } = find(window, named, filter)?;
        let Some(length) = length else {
            let limit = limits::HEADER;
            let reason = format!("the header does not end within {limit} bytes: close its quotes");
            return Err(Error::Malformed { line: window.line(), reason });
        };
        Ok(Self { columns, delimiter, length })
    }
}

fn find(window: &mut Window, named: Option<u8>, filter: &NameFilter) -> Result<Candidate, Error> {
    let find = |bytes: &[u8], is_all| match named {
        Some(delimiter) => split(bytes, is_all, delimiter),
        None => likeliest(bytes, is_all, filter),
    };
    let mut seen = 0;
    loop {
        let bytes = &window.bytes()[..window.bytes().len().min(limits::HEADER)];
        let is_full = bytes.len() == limits::HEADER;
        if is_full || memchr::memchr2(b'\n', b'\r', &bytes[seen..]).is_some() {
            let header = find(bytes, false);
            if is_full || header.length.is_some() {
                return Ok(header);
            }
        }
        seen = bytes.len();
        if !window.read_more()? {
            return Ok(find(window.bytes(), true));
        }
    }
}

/// Splits by each delimiter, and returns the split with most of the selected names, then with most
/// columns; the first of equals.
fn likeliest(bytes: &[u8], is_all: bool, filter: &NameFilter) -> Candidate {
    let rating = |candidate: &Candidate| {
        let selected = candidate.columns.iter().filter(|name| filter.selects(name)).count();
        (selected, candidate.columns.len())
    };
    let [mut best, others @ ..] = DELIMITERS.map(|delimiter| split(bytes, is_all, delimiter));
    for candidate in others {
        if rating(&candidate) > rating(&best) {
            best = candidate;
        }
    }
    best
}

fn split(bytes: &[u8], is_all: bool, delimiter: u8) -> Candidate {
    let mut parser = ReaderBuilder::new().delimiter(delimiter).build();
    let (mut text, mut ends) = (vec![0; bytes.len() + 2], vec![0; bytes.len() + 2]);
    let (mut result, length, written, mut count) = parser.read_record(bytes, &mut text, &mut ends);
    if result == ReadRecordResult::InputEmpty && is_all {
        // The end of the file ends its last line, but not an open quote.
        let (last, _, _, more) =
            parser.read_record(b"\n", &mut text[written..], &mut ends[count..]);
        (result, count) = (last, count + more);
    }
    let mut start = 0;
    let mut columns = Vec::with_capacity(count);
    for &end in &ends[..count] {
        columns.push(String::from_utf8_lossy(&text[start..end]).into_owned());
        start = end;
    }
    let length = (result == ReadRecordResult::Record).then_some(length);
    Candidate { columns, delimiter, length }
}
