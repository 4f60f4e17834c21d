//! Thrift's compact protocol, as far as Parquet uses it.

/// The kinds of values, as fields and lists name them.
pub(super) mod kind {
    pub(in super::super) const TRUE: u8 = 1;
    pub(in super::super) const FALSE: u8 = 2;
    pub(in super::super) const BYTE: u8 = 3;
    pub(in super::super) const I16: u8 = 4;
    pub(in super::super) const I32: u8 = 5;
    pub(in super::super) const I64: u8 = 6;
    pub(in super::super) const DOUBLE: u8 = 7;
    pub(in super::super) const BINARY: u8 = 8;
    pub(in super::super) const LIST: u8 = 9;
    pub(in super::super) const SET: u8 = 10;
    pub(in super::super) const STRUCT: u8 = 12;
}

/// The maximum depth of structures that are skipped.
const DEPTH: usize = 16;

/// The reason why bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// The bytes end within a value.
    CutOff,
    /// No bytes that follow could mend it.
    Malformed,
}

pub(super) type Result<T> = std::result::Result<T, Damage>;

/// A reader of values. It allocates nothing.
pub(super) struct ThriftReader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> ThriftReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Returns the number of bytes that have been read.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Returns the bytes that have been read since `start`.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        &self.bytes[start..self.position]
    }

    /// Reads the next field's kind, and changes `id` from that of the last field to its own; `None` at
    /// the end of the structure.
    pub(super) fn field(&mut self, id: &mut i16) -> Result<Option<u8>> {
        let header = self.byte()?;
        let (step, kind) = (header >> 4, header & 0x0f);
        if kind == 0 {
            return Ok(None);
        }
        *id = if step == 0 {
            i16::try_from(self.integer()?).map_err(|_| Damage::Malformed)?
        } else {
            id.checked_add(i16::from(step)).ok_or(Damage::Malformed)?
        };
        Ok(Some(kind))
    }

    pub(super) fn integer(&mut self) -> Result<i64> {
        let bits = self.varint()?;
        Ok((bits >> 1).cast_signed() ^ -(bits & 1).cast_signed())
    }

    /// Reads the kind and the number of a list's elements: no more than there are bytes.
    pub(super) fn list(&mut self) -> Result<(u8, usize)> {
        let header = self.byte()?;
        let count = match header >> 4 {
            15 => usize::try_from(self.varint()?).map_err(|_| Damage::Malformed)?,
            count => usize::from(count),
        };
        if count > self.bytes.len() - self.position {
            return Err(Damage::CutOff);
        }
        Ok((header & 0x0f, count))
    }

    /// Skips the value of a field.
    pub(super) fn skip(&mut self, kind: u8) -> Result<()> {
        match kind {
            kind::TRUE | kind::FALSE => Ok(()),
            _ => self.skip_element(kind, DEPTH),
        }
    }

    fn skip_element(&mut self, kind: u8, depth: usize) -> Result<()> {
        let depth = depth.checked_sub(1).ok_or(Damage::Malformed)?;
        match kind {
            kind::TRUE | kind::FALSE | kind::BYTE => self.take(1).map(drop),
            kind::I16 | kind::I32 | kind::I64 => self.varint().map(drop),
            kind::DOUBLE => self.take(8).map(drop),
            kind::BINARY => {
                let length = usize::try_from(self.varint()?).map_err(|_| Damage::Malformed)?;
                self.take(length).map(drop)
            }
            kind::LIST | kind::SET => {
                let (kind, count) = self.list()?;
                (0..count).try_for_each(|_| self.skip_element(kind, depth))
            }
            kind::STRUCT => {
                let mut id = 0;
                while let Some(kind) = self.field(&mut id)? {
                    if !matches!(kind, kind::TRUE | kind::FALSE) {
                        self.skip_element(kind, depth)?;
                    }
                }
                Ok(())
            }
            _ => Err(Damage::Malformed),
        }
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let left = &self.bytes[self.position..];
        let taken = left.get(..count).ok_or(Damage::CutOff)?;
        self.position += count;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damage::Malformed)
    }
}

/// Appends a number as a varint.
pub(super) fn write_varint(output: &mut Vec<u8>, mut number: u64) {
    loop {
        let bits = number.to_le_bytes()[0] & 0x7f;
        number >>= 7;
        if number == 0 {
            return output.push(bits);
        }
        output.push(bits | 0x80);
    }
}

/// Appends the header of a field.
pub(super) fn write_field(output: &mut Vec<u8>, id: i16, kind: u8) {
    output.push(kind);
    write_varint(output, u64::from(id.unsigned_abs()) << 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_written() {
        for number in [0, 1, 0x7f, 0x80, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            write_varint(&mut bytes, number);
            assert_eq!(ThriftReader::new(&bytes).varint(), Ok(number));
            assert_eq!(ThriftReader::new(&bytes[..bytes.len() - 1]).varint(), Err(Damage::CutOff));
        }
        assert_eq!(ThriftReader::new(&[0xff; 11]).varint(), Err(Damage::Malformed));
        assert_eq!(ThriftReader::new(&[3]).integer(), Ok(-2));
    }

    #[test]
    fn a_claim_beyond_the_bytes_is_cut_off() {
        let mut list = vec![0xf0 | kind::I32];
        write_varint(&mut list, 1 << 40);
        assert_eq!(ThriftReader::new(&list).list(), Err(Damage::CutOff));
        let mut text = Vec::new();
        write_varint(&mut text, u64::MAX);
        assert_eq!(ThriftReader::new(&text).skip(kind::BINARY), Err(Damage::CutOff));
    }

    #[test]
    fn deep_structures_are_malformed() {
        let lists = vec![0x10 | kind::LIST; 100_000];
        assert_eq!(ThriftReader::new(&lists).skip(kind::LIST), Err(Damage::Malformed));
    }
}
