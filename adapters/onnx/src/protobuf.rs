//! A streaming reader of protobuf messages, which skips the fields that are not needed.

use std::io::{self, BufRead, Error, ErrorKind, Read, Seek};

/// Reads the fields of a message one by one.
#[derive(Debug)]
pub(crate) struct FieldReader<R> {
    source: R,
    position: u64,
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// A number, or the bits of one.
    Number(u64),
    /// A text, bytes or a message, from the current position to this one.
    Until(u64),
}

/// The maximum length of a text in bytes; longer ones mean that the file is damaged.
const LONGEST_TEXT: u64 = 1 << 20;

impl<R: BufRead + Seek> FieldReader<R> {
    /// Creates a reader at the start of `source`.
    pub(crate) fn new(source: R) -> Self {
        Self { source, position: 0 }
    }

    /// Reads the number and the value of the next field of the message that ends at `end`; returns
    /// `None` after the last.
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
            _ => return Err(invalid_data("a field has an unknown type")),
        };
        if tag >> 3 == 0 {
            return Err(invalid_data("a field has no number"));
        }
        Ok(Some((tag >> 3, field)))
    }

    /// Skips to `end`.
    pub(crate) fn skip(&mut self, end: u64) -> io::Result<()> {
        let far =
            i64::try_from(end - self.position).map_err(|_| invalid_data("a field is too long"))?;
        self.source.seek_relative(far)?;
        self.position = end;
        Ok(())
    }

    /// Reads the text that ends at `end`.
    pub(crate) fn text(&mut self, end: u64) -> io::Result<String> {
        let length = end - self.position;
        if length > LONGEST_TEXT {
            return Err(invalid_data("a name is too long"));
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
        Err(invalid_data("a number is too long"))
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

/// Creates the error for bytes that are not valid protobuf.
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
    fn numbers_and_texts_are_read_and_other_fields_can_be_skipped() {
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
    fn a_field_that_exceeds_its_message_is_invalid() {
        for bytes in [&[18, 3, b'a'][..], &[8], &[8, 0x80], &[29, 0], &[15, 0], &[0, 0]] {
            assert!(fields(bytes).is_err(), "{bytes:?}");
        }
        assert!(fields(&[0xff; 12]).is_err(), "a number has at most ten bytes");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_cause_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            drop(fields(&bytes));
        }
    }
}
