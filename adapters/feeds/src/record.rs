use crate::error::FeedError;
use crate::window::Window;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// The longest record, in bytes of the file.
pub(crate) const RECORD_LIMIT: usize = 8 << 20;
/// The longest field, in bytes.
pub(crate) const FIELD_LIMIT: usize = 1 << 20;
/// The most fields of a record.
pub(crate) const FIELDS_LIMIT: usize = 4_096;

/// Splits the bytes of a window into records, within the limits.
pub(crate) struct Records {
    window: Window,
    parser: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    /// Where in the window the parser stands, and how much of `text` and `ends` it wrote.
    at: (usize, usize, usize),
    /// How far in the source a record was followed that was then given up.
    followed: u64,
}

/// What stands next in a feed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A record, beginning on that line: [`Records::text`] and [`Records::ends`].
    Record(u64),
    /// Something that was given up, beginning on that line: its first bytes, and why.
    GivenUp(u64, Vec<u8>, Fault),
    /// Nothing.
    End,
}

/// Why a record was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("a quote is opened and not closed before the end of the feed: close it")]
    Unclosed,
    #[error(
        "a field does not end within {} KiB: look for a quote that is opened and not closed",
        FIELD_LIMIT >> 10
    )]
    LongField,
    #[error("the row does not end within {} MiB: look for a missing line end", RECORD_LIMIT >> 20)]
    LongRecord,
    #[error("the row has more than {FIELDS_LIMIT} fields: look for a missing line end")]
    ManyFields,
}

impl Records {
    pub(crate) fn new(window: Window, delimiter: u8) -> Self {
        let parser = ReaderBuilder::new().delimiter(delimiter).build();
        let (text, ends) = (vec![0; 4_096], vec![0; 64]);
        let mut records = Self { window, parser, text, ends, at: (0, 0, 0), followed: 0 };
        records.restart();
        records
    }

    /// The bytes of the present record as they stand in the feed.
    pub(crate) fn raw(&self) -> &[u8] {
        self.window.bytes()[..self.at.0].trim_ascii_end()
    }

    /// The bytes of the present record's fields, without quotes and separators.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text[..self.at.1]
    }

    /// Where in the text each field ends.
    pub(crate) fn ends(&self) -> &[usize] {
        &self.ends[..self.at.2]
    }

    /// The bytes of the source that were passed.
    pub(crate) fn passed(&self) -> u64 {
        self.window.offset() + self.at.0 as u64
    }

    /// Moves to the next record. Blank lines are none.
    pub(crate) fn next(&mut self) -> Result<Next, FeedError> {
        self.window.release(self.at.0);
        self.at = (0, 0, 0);
        if !self.window.skip_line_ends()? {
            return Ok(Next::End);
        }
        let line = self.window.line();
        match self.parse()? {
            None => Ok(Next::Record(line)),
            Some(fault) => {
                let beginning = &self.window.bytes()[..self.window.bytes().len().min(1_024)];
                let beginning = beginning.to_vec();
                self.give_up()?;
                Ok(Next::GivenUp(line, beginning, fault))
            }
        }
    }

    /// Reads a record to its end, or to the fault for which it is given up.
    fn parse(&mut self) -> Result<Option<Fault>, FeedError> {
        let mut is_at_end = false;
        loop {
            let (read, text, ends) = self.at;
            // The end of a feed ends its last line, so that an open quote is seen: given no
            // input for the end, the parser would close it in silence.
            let input = if is_at_end { b"\n" } else { &self.window.bytes()[read..] };
            let (result, read_now, text_now, ends_now) =
                self.parser.read_record(input, &mut self.text[text..], &mut self.ends[ends..]);
            let read_now = if is_at_end { 0 } else { read_now };
            self.at = (read + read_now, text + text_now, ends + ends_now);
            match result {
                ReadRecordResult::Record | ReadRecordResult::End => return Ok(self.excess()),
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty if is_at_end => return Ok(Some(Fault::Unclosed)),
                ReadRecordResult::InputEmpty => is_at_end = !self.window.read_more()?,
            }
            if let Some(fault) = self.excess() {
                return Ok(Some(fault));
            }
        }
    }

    /// Which limit the present record is beyond.
    fn excess(&self) -> Option<Fault> {
        let (read, text, _) = self.at;
        let begun = self.ends().last().copied().unwrap_or(0);
        let mut start = 0;
        let mut too_long = |&end: &usize| end - std::mem::replace(&mut start, end) > FIELD_LIMIT;
        if text > FIELD_LIMIT
            && (text - begun > FIELD_LIMIT || self.ends().iter().any(&mut too_long))
        {
            Some(Fault::LongField)
        } else if read > RECORD_LIMIT {
            Some(Fault::LongRecord)
        } else if self.at.2 > FIELDS_LIMIT {
            Some(Fault::ManyFields)
        } else {
            None
        }
    }

    /// Goes on behind the first line of the present record: all that follows an open quote was
    /// taken for its field. What was followed once in vain is not followed again, so that no
    /// feed is read more than twice.
    fn give_up(&mut self) -> Result<(), FeedError> {
        let reached = self.passed();
        let first = self.window.offset() >= self.followed;
        self.window.skip_line(if first { 0 } else { self.at.0 })?;
        self.followed = self.followed.max(reached);
        self.restart();
        Ok(())
    }

    /// Sets the parser before a record. A blank line is its first input, because it would drop
    /// a byte order mark there, and a header has gone before.
    fn restart(&mut self) {
        self.parser.reset();
        self.parser.read_record(b"\n", &mut [0; 1], &mut [0; 1]);
        self.at = (0, 0, 0);
    }
}
