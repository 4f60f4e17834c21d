//! The claims within a page: the levels of lists, and the numbers of encoded values.

use crate::limits;
use parquet::basic::Encoding;
use parquet::errors::{ParquetError, Result};

/// The number of rows that are taken from a column at a time.
pub(super) const ROWS: usize = 64;
/// The bytes that encodings which repeat parts of values may make of a page at a time.
const EXPANDED: usize = 16 << 20;
/// The values that a page of [`Encoding::DELTA_LENGTH_BYTE_ARRAY`] may have beyond its bytes: empty
/// texts.
const EMPTY_VALUES: usize = 4 << 20;

/// A page of values, decompressed.
pub(super) struct Contents<'a> {
    /// The number of values, nulls included.
    pub(super) values: usize,
    pub(super) encoding: Encoding,
    /// The levels that tell where lists begin, and their encoding, if the column has lists.
    pub(super) repetition: Option<(&'a [u8], Encoding)>,
    pub(super) data: &'a [u8],
}

/// The room that reading a page takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// The number of rows that may be read at a time.
    pub(super) rows: usize,
    /// The bytes that are allocated beside the page.
    pub(super) bytes: usize,
}

impl Contents<'_> {
    /// Checks the claims, before anything is allocated by them.
    pub(super) fn room(&self) -> Result<Room> {
        let mut room = Room { rows: ROWS, bytes: 0 };
        if let Some((levels, encoding)) = self.repetition {
            let longest = match encoding {
                Encoding::RLE => longest_list(levels, self.values),
                _ => self.values,
            };
            if longest > limits::PARQUET_ITEMS {
                let max = limits::PARQUET_ITEMS;
                return Err(refused(format!("a list has more than {max} items")));
            }
            room.rows = (limits::PARQUET_ITEMS / longest.max(1)).clamp(1, ROWS);
            // Two levels and a value for each item.
            room.bytes = longest.saturating_mul(room.rows).min(self.values) * 40;
        }
        match self.encoding {
            Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BYTE_ARRAY => {
                room.bytes += size_of::<i32>() * self.count_lengths()?;
            }
            _ => {}
        }
        if matches!(self.encoding, Encoding::DELTA_BYTE_ARRAY | Encoding::BYTE_STREAM_SPLIT) {
            room.rows = room.rows.min(EXPANDED / self.data.len().max(1)).max(1);
            room.bytes += room.rows * self.data.len();
        }
        Ok(room)
    }

    /// Returns the number of lengths in a page of texts, of which each value has one or two.
    fn count_lengths(&self) -> Result<usize> {
        let (mut data, mut lengths) = (self.data, 0);
        let lists = if self.encoding == Encoding::DELTA_BYTE_ARRAY { 2 } else { 1 };
        for _ in 0..lists {
            let (count, rest) = skip_deltas(data)
                .ok_or_else(|| refused("a page's lengths are damaged".to_owned()))?;
            if count > self.values || count > self.data.len() + EMPTY_VALUES {
                return Err(refused(format!("a page claims {count} values")));
            }
            data = rest;
            lengths += count;
        }
        Ok(lengths)
    }
}

fn refused(reason: String) -> ParquetError {
    ParquetError::General(reason)
}

/// Returns the most levels that a row has, of `count` levels of one bit in runs. A level of 0 begins a
/// row. Levels that are missing are not counted.
fn longest_list(mut levels: &[u8], mut count: usize) -> usize {
    let (mut longest, mut current) = (0, 0_usize);
    let mut push = |level: u8, times: usize| {
        if level == 0 && times > 0 {
            longest = longest.max(current).max(1);
            current = 1;
        } else {
            current = current.saturating_add(times);
            longest = longest.max(current);
        }
    };
    while count > 0 {
        let Some(header) = varint(&mut levels) else { break };
        let length = usize::try_from(header >> 1).unwrap_or(usize::MAX);
        if header & 1 == 0 {
            let Some((&level, rest)) = levels.split_first() else { break };
            levels = rest;
            push(level, length.min(count));
            count = count.saturating_sub(length);
            continue;
        }
        let (packed, rest) = levels.split_at(length.min(levels.len()));
        for byte in packed {
            for bit in 0..count.min(8) {
                push(byte >> bit & 1, 1);
            }
            count = count.saturating_sub(8);
        }
        levels = rest;
    }
    longest
}

/// Skips numbers in [`Encoding::DELTA_BINARY_PACKED`]; returns how many they claim to be, and the bytes
/// behind them.
fn skip_deltas(mut data: &[u8]) -> Option<(usize, &[u8])> {
    let mut size = || usize::try_from(varint(&mut data)?).ok();
    let (block, parts, count, _first) = (size()?, size()?, size()?, size()?);
    if parts == 0 || block == 0 || block % parts != 0 {
        return None;
    }
    let part = block / parts;
    let mut left = count.saturating_sub(1);
    while left > 0 {
        let _smallest = varint(&mut data)?;
        let (widths, rest) = data.split_at_checked(parts)?;
        data = rest;
        for &width in widths {
            if left > 0 {
                let length = usize::from(width).checked_mul(part)? / 8;
                data = data.split_at_checked(length)?.1;
            }
            left = left.saturating_sub(part);
        }
    }
    Some((count, data))
}

fn varint(data: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = data.split_first()?;
        *data = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The varint of 2^40.
    const HUGE: [u8; 6] = [0x80, 0x80, 0x80, 0x80, 0x80, 0x20];

    #[test]
    fn the_longest_list_is_found_in_runs_and_in_bits() {
        // A row of one level, one of four, and one of three: 0 0 1 1 1 0 1 1.
        assert_eq!(longest_list(&[0b11, 0b1101_1100], 8), 4);
        // A run of 3 rows of one level, then 5 more levels of the last of them.
        assert_eq!(longest_list(&[3 << 1, 0, 5 << 1, 1], 8), 6);
        assert_eq!(longest_list(&[3 << 1, 0, 5 << 1, 1], 5), 3);
        assert_eq!(longest_list(&[8 << 1, 0], 8), 1);
        let endless = [&HUGE[..], &[1]].concat();
        assert_eq!(longest_list(&endless, 1_000), 1_000);
        assert_eq!(longest_list(&[], 1_000), 0);
    }

    #[test]
    fn a_list_without_end_is_refused() {
        let levels = [&HUGE[..], &[1]].concat();
        let contents = |values| Contents {
            values,
            encoding: Encoding::RLE_DICTIONARY,
            repetition: Some((&levels, Encoding::RLE)),
            data: &[],
        };
        assert_eq!(contents(100_000).room().unwrap().rows, 10);
        let error = contents(limits::PARQUET_ITEMS + 1).room().unwrap_err().to_string();
        assert!(error.contains("a list has more than"), "{error}");
    }

    #[test]
    fn claimed_numbers_of_lengths_are_refused() {
        // Blocks of 128 numbers in 4 parts.
        let lengths = |count: &[u8]| [&[0x80, 0x01, 4][..], count, &[0]].concat();
        let check = |encoding, data: &[u8]| {
            Contents { values: 1_000, encoding, repetition: None, data }.room()
        };
        assert!(check(Encoding::DELTA_LENGTH_BYTE_ARRAY, &lengths(&[1])).is_ok());
        let error = check(Encoding::DELTA_LENGTH_BYTE_ARRAY, &lengths(&HUGE)).unwrap_err();
        assert!(error.to_string().contains("lengths are damaged"), "{error}");
        // One block of 2^40 numbers of no bits.
        let block = [&HUGE[..], &[1], &HUGE, &[0, 0, 0]].concat();
        let error = check(Encoding::DELTA_LENGTH_BYTE_ARRAY, &block).unwrap_err();
        assert!(error.to_string().contains("claims 1099511627776 values"), "{error}");
        let second = [lengths(&[1]), block].concat();
        let error = check(Encoding::DELTA_BYTE_ARRAY, &second).unwrap_err();
        assert!(error.to_string().contains("claims 1099511627776 values"), "{error}");
    }

    #[test]
    fn values_that_repeat_others_are_read_few_at_a_time() {
        let mut data = vec![0x80, 0x01, 4, 1, 0, 0x80, 0x01, 4, 1, 0];
        data.resize(8 << 20, b'x');
        let encoding = Encoding::DELTA_BYTE_ARRAY;
        let contents = Contents { values: 1_000, encoding, repetition: None, data: &data };
        assert_eq!(contents.room().unwrap().rows, 2);
    }
}
