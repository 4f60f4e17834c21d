//! Pages as the reader of values takes them, once what they claim has been checked.

use super::{Pages, refused};
use crate::parquet::contents::Contents;
use crate::parquet::page_header::{DataHeader, DataHeaderV2};
use parquet::basic::{Encoding, Type};
use parquet::column::page::Page;
use parquet::errors::Result;
use std::sync::atomic::Ordering;

impl Pages {
    pub(super) fn dictionary(
        &mut self,
        bytes: Vec<u8>,
        values: u32,
        encoding: Encoding,
    ) -> Result<Page> {
        let most = match self.column.physical_type() {
            Type::BOOLEAN => bytes.len().saturating_mul(8),
            Type::INT32 | Type::FLOAT | Type::BYTE_ARRAY => bytes.len() / 4,
            Type::INT64 | Type::DOUBLE => bytes.len() / 8,
            Type::INT96 => bytes.len() / 12,
            Type::FIXED_LEN_BYTE_ARRAY => {
                bytes.len() / usize::try_from(self.column.type_length())?.max(1)
            }
        };
        if values as usize > most {
            return Err(refused(format!(
                "a dictionary claims {values} values, but its {} bytes hold at most {most}",
                bytes.len()
            )));
        }
        self.hold(
            true,
            bytes.len() + values as usize * size_of::<parquet::data_type::ByteArray>(),
        )?;
        Ok(Page::DictionaryPage {
            buf: bytes.into(),
            num_values: values,
            encoding,
            is_sorted: false,
        })
    }

    pub(super) fn data_page(&mut self, bytes: Vec<u8>, header: &DataHeader) -> Result<Page> {
        let DataHeader { values, encoding, definition, repetition } = *header;
        let mut data = &*bytes;
        let mut levels = |max: i16, encoding| {
            if max == 0 { Some(&data[..0]) } else { split_levels(&mut data, max, values, encoding) }
        };
        let damaged = || refused("the levels of a page are damaged".to_owned());
        let lists = levels(self.column.max_rep_level(), repetition).ok_or_else(damaged)?;
        levels(self.column.max_def_level(), definition).ok_or_else(damaged)?;
        self.check_contents(values, encoding, (lists, repetition), data, bytes.len())?;
        Ok(Page::DataPage {
            buf: bytes.into(),
            num_values: values,
            encoding,
            def_level_encoding: definition,
            rep_level_encoding: repetition,
            statistics: None,
        })
    }

    pub(super) fn data_page_v2(&mut self, bytes: Vec<u8>, header: &DataHeaderV2) -> Result<Page> {
        let DataHeaderV2 { values, nulls, rows, encoding, .. } = *header;
        let (definition, repetition) = (header.definition_length, header.repetition_length);
        let lists = bytes.get(..repetition as usize);
        let data = bytes.get(repetition as usize + definition as usize..);
        let (Some(lists), Some(data)) = (lists, data) else {
            return Err(refused("the levels of a page are damaged".to_owned()));
        };
        self.check_contents(values, encoding, (lists, Encoding::RLE), data, bytes.len())?;
        Ok(Page::DataPageV2 {
            buf: bytes.into(),
            num_values: values,
            encoding,
            num_nulls: nulls,
            num_rows: rows,
            def_levels_byte_len: definition,
            rep_levels_byte_len: repetition,
            is_compressed: false,
            statistics: None,
        })
    }

    fn check_contents(
        &mut self,
        values: u32,
        encoding: Encoding,
        repetition: (&[u8], Encoding),
        data: &[u8],
        length: usize,
    ) -> Result<()> {
        let has_lists = self.column.max_rep_level() > 0;
        let values = values as usize;
        let repetition = has_lists.then_some(repetition);
        let width = usize::try_from(self.column.type_length()).unwrap_or_default();
        if encoding == Encoding::BYTE_STREAM_SPLIT && width > data.len() {
            return Err(refused("a page is shorter than a value".to_owned()));
        }
        let room = Contents { values, encoding, repetition, data }.room()?;
        self.hold(false, length + room.bytes)?;
        self.gate.rows.store(room.rows, Ordering::Relaxed);
        self.gate.levels.store(values, Ordering::Relaxed);
        Ok(())
    }
}

/// Splits the levels of a column off the beginning of a page.
fn split_levels<'a>(
    data: &mut &'a [u8],
    max: i16,
    values: u32,
    encoding: Encoding,
) -> Option<&'a [u8]> {
    let length = if encoding == Encoding::RLE {
        let (length, rest) = data.split_first_chunk()?;
        *data = rest;
        u32::from_le_bytes(*length) as usize
    } else {
        let bits = u64::from(u16::BITS - max.unsigned_abs().leading_zeros());
        usize::try_from((u64::from(values) * bits).div_ceil(8)).ok()?
    };
    let (levels, rest) = data.split_at_checked(length)?;
    *data = rest;
    Some(levels)
}
