use crate::csv::dialect::{Dialect, Quotes, Quoting};
use crate::error::Error;
use crate::limits;
use crate::window::Window;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// Splits the bytes of a window into records, within the limits.
pub(super) struct RecordSplitter {
    window: Window,
    parser: Reader,
    dialect: Dialect,
    /// The number of columns of the header.
    columns: usize,
    text: Vec<u8>,
    ends: Vec<usize>,
    at: Position,
    /// The farthest offset in the input up to which an abandoned record was followed.
    followed: u64,
}

/// The progress of the parser in the current record.
#[derive(Clone, Copy, Default)]
struct Position {
    /// The bytes read from the window.
    read: usize,
    /// The bytes written to `text`.
    text: usize,
    /// The entries written to `ends`.
    ends: usize,
}

/// The next part of a CSV file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Split {
    /// A record that begins on that line: [`RecordSplitter::text`] and [`RecordSplitter::ends`].
    Record(u64),
    /// A record that exceeds a limit or does not end.
    Abandoned {
        /// The line on which it begins.
        line: u64,
        /// Its first bytes.
        beginning: Vec<u8>,
        reason: Excess,
    },
    /// The end of the file.
    End,
}

/// Why a record was abandoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Excess {
    #[error("a quote is not closed before the end of the file: close it")]
    OpenQuote,
    #[error(
        "a field does not end within {} KiB: look for a quote that is not closed",
        limits::VALUE >> 10
    )]
    LongField,
    #[error("the row does not end within {} MiB: look for a missing line end", limits::RECORD >> 20)]
    LongRecord,
    #[error("the row has more than {} fields: look for a missing line end", limits::FIELDS)]
    ManyFields,
    #[error(
        "a quote that is not closed takes the next row as well: close it, or double the quotes within \
         a field"
    )]
    Swallowed,
}

impl RecordSplitter {
    pub(super) fn new(window: Window, dialect: Dialect, columns: usize) -> Self {
        let Dialect { delimiter, quoting } = dialect;
        let parser = ReaderBuilder::new()
            .delimiter(delimiter)
            .quoting(quoting != Quoting::None)
            .escape((quoting == Quoting::Escaped).then_some(b'\\'))
            .build();
        let (text, ends) = (vec![0; 4_096], vec![0; 64]);
        let at = Position::default();
        let mut splitter = Self { window, parser, dialect, columns, text, ends, at, followed: 0 };
        splitter.restart();
        splitter
    }

    /// Returns the bytes of the current record as the file has them.
    pub(super) fn raw(&self) -> &[u8] {
        self.window.bytes()[..self.at.read].trim_ascii_end()
    }

    /// Returns the bytes of the current record's fields, without quotes and separators.
    pub(super) fn text(&self) -> &[u8] {
        &self.text[..self.at.text]
    }

    /// Returns the end of each field in the text.
    pub(super) fn ends(&self) -> &[usize] {
        &self.ends[..self.at.ends]
    }

    /// Returns the number of bytes before the next record.
    pub(super) fn bytes_read(&self) -> u64 {
        self.window.offset() + self.at.read as u64
    }

    /// Moves to the next record. Blank lines are skipped.
    pub(super) fn next(&mut self) -> Result<Split, Error> {
        self.window.release(self.at.read);
        self.at = Position::default();
        if !self.window.skip_line_ends()? {
            return Ok(Split::End);
        }
        let line = self.window.line();
        let excess = match self.parse()? {
            None => self.mend_quotes(),
            excess => excess,
        };
        match excess {
            None => Ok(Split::Record(line)),
            Some(reason) => {
                let beginning = &self.window.bytes()[..self.window.bytes().len().min(1_024)];
                let beginning = beginning.to_vec();
                self.abandon()?;
                Ok(Split::Abandoned { line, beginning, reason })
            }
        }
    }

    /// Reads the current record anew if it has stray quotes. Returns whether its quotes have taken further rows.
    fn mend_quotes(&mut self) -> Option<Excess> {
        let record = &self.window.bytes()[..self.at.read];
        let end = record.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r'));
        let record = &record[..end.map_or(0, |end| end + 1)];
        match self.dialect.judge(record, self.columns) {
            Quotes::Sound => None,
            Quotes::Swallowed => Some(Excess::Swallowed),
            Quotes::Stray => {
                let (mut text, mut ends) = (Vec::new(), Vec::new());
                self.dialect.split_leniently(record, &mut text, &mut ends);
                (self.at.text, self.at.ends) = (text.len(), ends.len());
                text.resize(text.len().max(self.text.len()), 0);
                ends.resize(ends.len().max(self.ends.len()), 0);
                (self.text, self.ends) = (text, ends);
                None
            }
        }
    }

    /// Parses a record to its end, or until it exceeds a limit.
    fn parse(&mut self) -> Result<Option<Excess>, Error> {
        let mut is_at_end = false;
        loop {
            let Position { read, text, ends } = self.at;
            // A line end stands for the end of the file: without input, the parser would silently
            // close an open quote.
            let input = if is_at_end { b"\n" } else { &self.window.bytes()[read..] };
            let (result, read_now, text_now, ends_now) =
                self.parser.read_record(input, &mut self.text[text..], &mut self.ends[ends..]);
            let read_now = if is_at_end { 0 } else { read_now };
            self.at =
                Position { read: read + read_now, text: text + text_now, ends: ends + ends_now };
            match result {
                ReadRecordResult::Record | ReadRecordResult::End => return Ok(self.excess()),
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty if is_at_end => return Ok(Some(Excess::OpenQuote)),
                ReadRecordResult::InputEmpty => is_at_end = !self.window.read_more()?,
            }
            if let Some(reason) = self.excess() {
                return Ok(Some(reason));
            }
        }
    }

    /// Returns the limit that the current record exceeds.
    fn excess(&self) -> Option<Excess> {
        let Position { read, text, ends } = self.at;
        let field_start = self.ends().last().copied().unwrap_or(0);
        let mut start = 0;
        let mut too_long = |&end: &usize| end - std::mem::replace(&mut start, end) > limits::VALUE;
        if text > limits::VALUE
            && (text - field_start > limits::VALUE || self.ends().iter().any(&mut too_long))
        {
            Some(Excess::LongField)
        } else if read > limits::RECORD {
            Some(Excess::LongRecord)
        } else if ends > limits::FIELDS {
            Some(Excess::ManyFields)
        } else {
            None
        }
    }

    /// Continues after the first line of the current record, since an open quote takes all that
    /// follows for its field. A part that was already followed is skipped whole, so that no file is
    /// parsed more than twice.
    fn abandon(&mut self) -> Result<(), Error> {
        let reached = self.bytes_read();
        let is_new = self.window.offset() >= self.followed;
        self.window.skip_line(if is_new { 0 } else { self.at.read })?;
        self.followed = self.followed.max(reached);
        self.restart();
        Ok(())
    }

    /// Resets the parser. It is fed a blank line first, because it would drop a byte order mark at
    /// the beginning.
    fn restart(&mut self) {
        self.parser.reset();
        self.parser.read_record(b"\n", &mut [0; 1], &mut [0; 1]);
        self.at = Position::default();
    }
}
