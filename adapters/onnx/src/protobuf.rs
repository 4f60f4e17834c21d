//! Walks a protobuf message in a file without holding it: what is not asked for is skipped.

use std::io::{self, BufRead, Error, ErrorKind, Read, Seek};

/// A source of fields, and where it stands.
#[derive(Debug)]
pub(crate) struct FieldReader<R> {
    source: R,
    position: u64,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// A number, or bits that stand for one.
    Number(u64),
    /// A text, bytes or a message: from where the reader stands to here.
    Until(u64),
}

/// The longest name that is believed.
const LONGEST_TEXT: u64 = 1 << 20;

impl<R: BufRead + Seek> FieldReader<R> {
    /// Reads from the start of `source`.
    pub(crate) fn new(source: R) -> Self {
        Self { source, position: 0 }
    }

    /// The next field of the message that ends at `end`, by number; `None` behind the last.
    pub(crate) fn next(&mut self, end: u64) -> io::Result<Option<(u64, Field)>> {
        if self.position == end {
            return Ok(None);
        }
        let tag = self.number(end)?;
        let field = match tag & 7 {
            0 => Field::Number(self.number(end)?),
            1 => Field::Number(u64::from_le_bytes(self.bytes(end)?)),
            2 => {
                let length = self.number(end)?;
                let until = self.position.checked_add(length).filter(|until| *until <= end);
                Field::Until(
                    until.ok_or_else(|| invalid_data("a field is longer than its message"))?,
                )
            }
            5 => Field::Number(u32::from_le_bytes(self.bytes(end)?).into()),
            _ => return Err(invalid_data("a field is of no kind")),
        };
        if tag >> 3 == 0 {
            return Err(invalid_data("a field has no number"));
        }
        Ok(Some((tag >> 3, field)))
    }

    /// Passes over everything before `end`.
    pub(crate) fn skip(&mut self, end: u64) -> io::Result<()> {
        let far = i64::try_from(end - self.position).map_err(|_| invalid_data("it has no end"))?;
        self.source.seek_relative(far)?;
        self.position = end;
        Ok(())
    }

    /// The text before `end`.
    pub(crate) fn text(&mut self, end: u64) -> io::Result<String> {
        let length = end - self.position;
        if length > LONGEST_TEXT {
            return Err(invalid_data("a name has no end"));
        }
        let mut text = String::new();
        self.source.by_ref().take(length).read_to_string(&mut text)?;
        self.position = end;
        if text.len() as u64 == length { Ok(text) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }

    fn number(&mut self, end: u64) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.bytes(end)?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(invalid_data("a number has no end"))
    }

    fn bytes<const N: usize>(&mut self, end: u64) -> io::Result<[u8; N]> {
        if end - self.position < N as u64 {
            return Err(invalid_data("a field is cut short"));
        }
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes)?;
        self.position += N as u64;
        Ok(bytes)
    }
}

/// The error of bytes that are no protobuf.
pub(crate) fn invalid_data(reason: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn fields(bytes: &[u8]) -> io::Result<Vec<(u64, Field)>> {
        let end = bytes.len() as u64;
        let mut reader = FieldReader::new(Cursor::new(bytes));
        let mut fields = Vec::new();
        while let Some((number, field)) = reader.next(end)? {
            if let Field::Until(end) = field {
                reader.skip(end)?;
            }
            fields.push((number, field));
        }
        Ok(fields)
    }

    #[test]
    fn numbers_and_texts_are_read_and_the_rest_is_passed_over() {
        // Field 1: 300; field 2: "ab"; field 3: a float's bits.
        let bytes = [8, 0xac, 2, 18, 2, b'a', b'b', 29, 0, 0, 128, 63];
        let expected = [
            (1, Field::Number(300)),
            (2, Field::Until(7)),
            (3, Field::Number(u64::from(1.0_f32.to_bits()))),
        ];
        assert_eq!(fields(&bytes).unwrap(), expected);
        let mut reader = FieldReader::new(Cursor::new(&bytes[5..]));
        assert_eq!(reader.text(2).unwrap(), "ab");
    }

    #[test]
    fn a_field_that_reaches_beyond_its_message_is_damaged() {
        for bytes in [&[18, 3, b'a'][..], &[8], &[8, 0x80], &[29, 0], &[15, 0], &[0, 0]] {
            assert!(fields(bytes).is_err(), "{bytes:?}");
        }
        assert!(fields(&[0xff; 12]).is_err(), "a number has ten bytes at the most");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            drop(fields(&bytes));
        }
    }
}
