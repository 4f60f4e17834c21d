//! How a CSV file separates and quotes its fields.

use crate::error::Error;
use crate::window::Window;
use std::iter::once;

/// The number of bytes from which the quoting is detected.
pub(super) const SAMPLE: usize = 64 << 10;

/// How a CSV file separates and quotes its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) quoting: Quoting,
}

/// How quotes within a quoted field are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoting {
    /// Twice.
    Doubled,
    /// Behind a backslash.
    Escaped,
    /// Fields are not quoted: a quote is part of a text.
    None,
}

/// What the quotes of a record say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// The record is as its quotes say.
    Sound,
    /// A quote within a field is not marked as one.
    Stray,
    /// A quote that is not closed has taken further rows.
    Swallowed,
}

impl Dialect {
    /// Detects the quoting from the first records behind the header: `sample`, which is the whole rest of the
    /// file if `is_whole`.
    pub(super) fn detect(delimiter: u8, sample: &[u8], is_whole: bool) -> Self {
        let with = |quoting| Self { delimiter, quoting };
        let is_sound = |quoting| with(quoting).are_closed(sample, is_whole);
        if is_sound(Quoting::Doubled) {
            return with(Quoting::Doubled);
        }
        let is_escaped = memchr::memmem::find(sample, b"\\\"").is_some();
        if is_escaped && is_sound(Quoting::Escaped) {
            return with(Quoting::Escaped);
        }
        // Programs that separate by tabs often do not quote at all, and measures in inches have quotes.
        with(if delimiter == b'\t' { Quoting::None } else { Quoting::Doubled })
    }

    /// Judges the quotes of a record of a file with this number of columns.
    pub(super) fn judge(self, record: &[u8], columns: usize) -> Quotes {
        if self.quoting == Quoting::None || memchr::memchr(b'"', record).is_none() {
            return Quotes::Sound;
        }
        let has_lines = memchr::memchr2(b'\n', b'\r', record).is_some();
        match self.are_closed(record, true) {
            true if has_lines && self.has_rows(record, columns) => Quotes::Swallowed,
            true => Quotes::Sound,
            false if has_lines => Quotes::Swallowed,
            false => Quotes::Stray,
        }
    }

    /// Returns whether each line of a record would be a row of its own.
    fn has_rows(self, record: &[u8], columns: usize) -> bool {
        /// Below it, a line of a text may have as many fields by chance.
        const FEWEST: usize = 3;
        let lines = record.split(|byte| matches!(byte, b'\n' | b'\r'));
        let mut lines = lines.filter(|line| !line.is_empty());
        // A quote that its line does not close is text.
        let fields = |line: &[u8]| {
            let (mut text, mut ends) = (Vec::new(), Vec::new());
            self.split_leniently(line, &mut text, &mut ends);
            ends.len()
        };
        columns >= FEWEST && lines.all(|line| fields(line) == columns)
    }

    /// Returns whether every quoted field ends where a field may end.
    fn are_closed(self, bytes: &[u8], is_whole: bool) -> bool {
        let mut rest = bytes;
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix(b"\"") {
                let Some(end) = self.closing(inner) else { return !is_whole };
                let after = inner[end + 1..].trim_start_with(b' ');
                if after.first().is_some_and(|&byte| !self.ends_field(byte)) {
                    return false;
                }
                rest = after;
            } else {
                let end = rest.iter().position(|&byte| self.ends_field(byte));
                rest = &rest[end.unwrap_or(rest.len())..];
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        true
    }

    fn ends_field(self, byte: u8) -> bool {
        byte == self.delimiter || matches!(byte, b'\n' | b'\r')
    }

    /// Returns the position of the quote that closes a field, behind the one that opens it.
    fn closing(self, inner: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            let found = at + memchr::memchr2(b'"', b'\\', &inner[at..])?;
            at = match (inner[found], inner.get(found + 1)) {
                (b'"', Some(b'"')) => found + 2,
                (b'"', _) => return Some(found),
                _ if self.quoting == Quoting::Escaped => (found + 2).min(inner.len()),
                _ => found + 1,
            };
        }
    }

    /// Splits a record of one line with stray quotes: a quoted field ends at a quote in front of a delimiter,
    /// and other quotes are text. Appends the fields to `text`, and their ends to `ends`.
    pub(super) fn split_leniently(self, record: &[u8], text: &mut Vec<u8>, ends: &mut Vec<usize>) {
        let mut rest = Some(record);
        while let Some(field) = rest {
            let quoted =
                field.strip_prefix(b"\"").and_then(|inner| Some((inner, self.end(inner)?)));
            let next = if let Some((inner, end)) = quoted {
                push_unquoted(&inner[..end], text);
                inner[end + 1..].trim_start_with(b' ')
            } else {
                let end = memchr::memchr(self.delimiter, field).unwrap_or(field.len());
                text.extend_from_slice(&field[..end]);
                &field[end..]
            };
            ends.push(text.len());
            rest = next.get(1..).filter(|_| !next.is_empty());
        }
    }

    /// Returns the position of the first quote at which a field may end.
    fn end(self, inner: &[u8]) -> Option<usize> {
        memchr::memchr_iter(b'"', inner).find(|&at| {
            let after = inner[at + 1..].trim_start_with(b' ');
            after.first().is_none_or(|&byte| byte == self.delimiter)
        })
    }
}

/// Appends the text of a quoted field, in which a doubled quote is one.
fn push_unquoted(field: &[u8], text: &mut Vec<u8>) {
    let mut rest = field;
    while let Some(at) = memchr::memmem::find(rest, b"\"\"") {
        text.extend(rest[..at].iter().chain(once(&b'"')));
        rest = &rest[at + 2..];
    }
    text.extend_from_slice(rest);
}

/// Takes the line `sep=;` from the beginning of a file, by which spreadsheets are told the delimiter.
pub(super) fn take_separator_line(window: &mut Window) -> Result<Option<u8>, Error> {
    const MARK: &[u8] = b"sep=";
    /// The mark in quotes, with a delimiter and a line end.
    const LONGEST: usize = 9;
    while window.bytes().len() < LONGEST && window.read_more()? {}
    let bytes = window.bytes();
    let quote: &[u8] = if bytes.first() == Some(&b'"') { b"\"" } else { b"" };
    let line = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let inner = line.strip_prefix(quote).and_then(|line| line.strip_suffix(quote));
    let Some((mark, &[delimiter])) = inner.and_then(|line| line.split_at_checked(MARK.len()))
    else {
        return Ok(None);
    };
    if !mark.eq_ignore_ascii_case(MARK) {
        return Ok(None);
    }
    let length = line.len();
    window.release(length);
    window.skip_line_ends()?;
    Ok(Some(delimiter))
}

/// Removes a byte at the beginning of a text, however often it is there.
trait TrimStart {
    fn trim_start_with(&self, byte: u8) -> &Self;
}

impl TrimStart for [u8] {
    fn trim_start_with(&self, byte: u8) -> &Self {
        let count = self.iter().take_while(|&&first| first == byte).count();
        &self[count..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(delimiter: u8, sample: &str) -> Quoting {
        Dialect::detect(delimiter, sample.as_bytes(), true).quoting
    }

    #[test]
    fn the_quoting_is_detected_from_the_records() {
        for (delimiter, sample, expected) in [
            (b',', "1,\"a \"\"b\"\", c\"\n2,d\n", Quoting::Doubled),
            (b',', "1,\"a \\\"b\\\", c\"\n2,d\n", Quoting::Escaped),
            (b',', "1,\"a\\\"\n", Quoting::Doubled),
            (b'\t', "1\t\"a\tb\"\n", Quoting::Doubled),
            (b'\t', "1\t\"65 inch\" stand\n", Quoting::None),
            (b'\t', "1\t\"Loft\n2\tShelf\n", Quoting::None),
            (b',', "1,\"65 inch\" stand\n", Quoting::Doubled),
        ] {
            assert_eq!(detected(delimiter, sample), expected, "{sample:?}");
        }
        // The end of a sample closes no quote.
        assert_eq!(Dialect::detect(b'\t', b"1\t\"a\nb", false).quoting, Quoting::Doubled);
    }

    #[test]
    fn a_record_that_took_another_is_told_from_one_of_several_lines() {
        let dialect = Dialect { delimiter: b',', quoting: Quoting::Doubled };
        for (record, expected) in [
            ("1,\"a\nb, c\",2", Quotes::Sound),
            ("4,\"Loft,200\n5,Shelf 36\" wide,80", Quotes::Swallowed),
            ("4,\"Loft,200\n5,Shelf 36\",80", Quotes::Swallowed),
            ("\",\",\"\n,\",a", Quotes::Sound),
            ("1,19\" arm,2", Quotes::Sound),
            ("1,\"19\" arm,2", Quotes::Stray),
            ("1,\"a\" ,2", Quotes::Sound),
        ] {
            assert_eq!(dialect.judge(record.as_bytes(), 3), expected, "{record:?}");
        }
    }

    #[test]
    fn stray_quotes_are_text() {
        let dialect = Dialect { delimiter: b',', quoting: Quoting::Doubled };
        for (record, expected) in [
            ("1,\"19\" arm\",2", "1|19\" arm|2"),
            ("1,\"19\" arm,2", "1|\"19\" arm|2"),
            ("\"a, \"\"b\"\" \"c\" d\" ,", "a, \"b\" \"c\" d|"),
            ("\"", "\""),
            ("", ""),
        ] {
            let (mut text, mut ends) = (Vec::new(), Vec::new());
            dialect.split_leniently(record.as_bytes(), &mut text, &mut ends);
            let mut start = 0;
            let fields = ends.iter().map(|&end| {
                String::from_utf8_lossy(&text[std::mem::replace(&mut start, end)..end]).into_owned()
            });
            assert_eq!(fields.collect::<Vec<_>>().join("|"), expected, "{record:?}");
        }
    }
}
