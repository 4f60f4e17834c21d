//! Where everything stands in a base file.
//!
//! A header of fixed size, then sections one behind the other, each beginning at a multiple of 64
//! bytes. Numbers are little-endian. Two checksums: one of the vectors, which are most of the file
//! and can only mislead a score, and one of everything else, on which every look-up relies.

use std::ops::Range;

const MAGIC: &[u8; 8] = b"FLATIDX3";

/// Bytes of the header; a page, so that the vectors behind it are aligned.
pub(crate) const HEADER: usize = 4096;

/// Sections begin at multiples of so many bytes.
pub(crate) const ALIGNMENT: usize = 64;

macro_rules! sections {
    ($($(#[doc = $doc:literal])* $name:ident),+ $(,)?) => {
        /// A part of a base file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Section { $($(#[doc = $doc])* $name),+ }

        /// Every section, in the order of the file.
        pub(crate) const SECTIONS: &[Section] = &[$(Section::$name),+];
    };
}

sections! {
    /// f32, `dimension` a row. They come first, for they are written as they arrive.
    Vectors,
    /// Where each key ends, u64; keys are in order.
    KeyEnds,
    /// UTF-8.
    Keys,
    /// Where each row's text ends, u64.
    TextEnds,
    /// Analyzed terms.
    Texts,
    /// Where each row's surface words end, u64.
    SurfaceEnds,
    /// Unstemmed words.
    Surfaces,
    /// i8, padded.
    Quantized,
    /// f32 a row: what one step of its 8 bits stands for.
    Steps,
    /// One bit a dimension, in blocks of 32 rows; empty in a small segment.
    Codes,
    /// f32: the mean vector, about which the bits are taken.
    Mean,
    /// u64 a text field: its terms, over all rows.
    FieldTerms,
    /// Where each term ends, u64; terms are in order.
    TermEnds,
    /// UTF-8.
    Terms,
    /// Where each term's postings end, u64, counted in postings.
    PostingEnds,
    /// u32: the rows that hold each term.
    PostingRows,
    /// f32: the share of the score of each of those.
    PostingShares,
    /// f32 a term: the greatest of its shares.
    GreatestShares,
    /// Where each surface word of the vocabulary ends, u64; words are in order.
    WordEnds,
    /// UTF-8.
    Words,
    /// u32 a word: the rows that hold it.
    WordCounts,
    /// u64 a keyword column: where its values end.
    ColumnEnds,
    /// Where each value ends, u64; a column's values are in order.
    ValueEnds,
    /// UTF-8.
    Values,
    /// u32: the place of the value of each row, column by column.
    Keywords,
    /// f64: the number of each row, column by column; NaN where there is none.
    Numbers,
}

/// What a file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The checksum of the schema that it was built for.
    pub(crate) schema: u32,
    /// The caller's sequence.
    pub(crate) stamp: u64,
    pub(crate) rows: u64,
    /// The checksum of the vectors.
    pub(crate) vectors_sum: u32,
    /// The checksum of all other sections.
    pub(crate) rest_sum: u32,
    /// Where each section stands, in the order of [`SECTIONS`].
    pub(crate) sections: Vec<Range<usize>>,
}

impl Header {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.schema.to_le_bytes());
        bytes.extend(self.stamp.to_le_bytes());
        bytes.extend(self.rows.to_le_bytes());
        bytes.extend(self.vectors_sum.to_le_bytes());
        bytes.extend(self.rest_sum.to_le_bytes());
        for section in &self.sections {
            bytes.extend((section.start as u64).to_le_bytes());
            bytes.extend((section.end as u64).to_le_bytes());
        }
        bytes.resize(HEADER - size_of::<u32>(), 0);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// Reads the header of a file of `bytes`; says what is wrong with one of another kind.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let (header, _) = bytes.split_at_checked(HEADER).ok_or("the file is cut short")?;
        let (fields, sum) = header.split_at(HEADER - size_of::<u32>());
        let mut fields = Fields(fields);
        if fields.take()? != *MAGIC {
            return Err("this is no index file of this version");
        }
        if crc32fast::hash(&header[..HEADER - size_of::<u32>()]) != Fields(sum).u32()? {
            return Err("the header is damaged");
        }
        let (schema, stamp, rows) = (fields.u32()?, fields.u64()?, fields.u64()?);
        let (vectors_sum, rest_sum) = (fields.u32()?, fields.u32()?);
        let mut sections = Vec::with_capacity(SECTIONS.len());
        for _ in SECTIONS {
            let (start, end) = (fields.u64()?, fields.u64()?);
            let place = |at: u64| usize::try_from(at).map_err(|_| "a section is out of range");
            let section = place(start)?..place(end)?;
            if section.start > section.end || section.end > bytes.len() {
                return Err("the file is cut short");
            }
            sections.push(section);
        }
        Ok(Self { schema, stamp, rows, vectors_sum, rest_sum, sections })
    }
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let (taken, rest) = self.0.split_first_chunk().ok_or("the header is cut short")?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, &'static str> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, &'static str> {
        self.take().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            schema: 7,
            stamp: 42,
            rows: 3,
            vectors_sum: 1,
            rest_sum: 2,
            sections: vec![HEADER..HEADER; SECTIONS.len()],
        }
    }

    #[test]
    fn a_header_comes_back_as_it_was_written() {
        assert_eq!(Header::read(&header().to_bytes()), Ok(header()));
    }

    #[test]
    fn no_bit_of_a_header_can_change_unnoticed() {
        let bytes = header().to_bytes();
        for place in 0..HEADER {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1 << (place % 8);
            assert!(Header::read(&damaged).is_err(), "byte {place}");
        }
        assert!(Header::read(&bytes[..HEADER - 1]).is_err());
    }
}
