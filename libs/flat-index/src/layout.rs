//! The layout of a base file.
//!
//! A header of fixed size is followed by sections, each aligned to 64 bytes. Numbers are
//! little-endian. There are two checksums: one of the vectors, which are most of the file and can only
//! falsify a score, and one of everything else, on which every lookup relies.

use crate::Stamp;
use std::ops::Range;

const MAGIC: &[u8; 8] = b"FLATIDX6";

/// The size of the header in bytes: a page, so that the vectors after it are aligned.
pub(crate) const HEADER: usize = 4096;

/// The alignment of sections in bytes.
pub(crate) const ALIGNMENT: usize = 64;

macro_rules! sections {
    ($($(#[doc = $doc:literal])* $name:ident),+ $(,)?) => {
        /// A section of a base file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Section { $($(#[doc = $doc])* $name),+ }

        /// Every section, in the order of the file.
        pub(crate) const SECTIONS: &[Section] = &[$(Section::$name),+];
    };
}

sections! {
    /// f32, `dimension` per row. They come first because they are written as they arrive.
    Vectors,
    /// The end of each key, u64; keys are sorted.
    KeyEnds,
    /// UTF-8.
    Keys,
    /// The end of each row's text, u64.
    TextEnds,
    /// Analyzed terms.
    Texts,
    /// The end of each row's surface words, u64.
    SurfaceEnds,
    /// Unstemmed words.
    Surfaces,
    /// i8, padded.
    Quantized,
    /// f32 per row: the value of one step of its 8 bits.
    Steps,
    /// One bit per dimension, in blocks of 32 rows; empty in a small segment.
    Codes,
    /// f32: the mean vector, the threshold of the bits.
    Mean,
    /// u64 per text field: its number of terms over all rows.
    FieldTerms,
    /// The end of each term, u64; terms are sorted.
    TermEnds,
    /// UTF-8.
    Terms,
    /// The end of each term's postings, u64, counted in postings.
    PostingEnds,
    /// u32: the rows with each term.
    PostingRows,
    /// f32: the share of the score of each posting.
    PostingShares,
    /// f32 per term: its greatest share.
    GreatestShares,
    /// The end of each surface word of the vocabulary, u64; words are sorted.
    WordEnds,
    /// UTF-8.
    Words,
    /// u32 per word: the number of rows with it.
    WordCounts,
    /// u64 per keyword column: the end of its values.
    ColumnEnds,
    /// The end of each value, u64; a column's values are sorted.
    ValueEnds,
    /// UTF-8.
    Values,
    /// u32: the index of each row's value, column by column.
    Keywords,
    /// f64: the number of each row, column by column; NaN where it is missing.
    Numbers,
    /// The end of each tag, u64: a name and a value; tags are sorted.
    TagEnds,
    /// UTF-8.
    Tags,
    /// The end of each tag's rows, u64, counted in rows.
    TagPostingEnds,
    /// u32: the rows with each tag.
    TagPostingRows,
    /// The end of each row's tags, u64, counted in tags.
    RowTagEnds,
    /// u32: the tags of each row.
    RowTags,
}

/// The header of a base file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The checksum of the schema.
    pub(crate) schema: u32,
    /// The caller's state at which the file was built.
    pub(crate) stamp: Stamp,
    pub(crate) rows: u64,
    /// The checksum of the vectors.
    pub(crate) vectors_sum: u32,
    /// The checksum of all other sections.
    pub(crate) rest_sum: u32,
    /// The range of each section, in the order of [`SECTIONS`].
    pub(crate) sections: Vec<Range<usize>>,
}

impl Header {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.schema.to_le_bytes());
        bytes.extend(self.stamp.sequence.to_le_bytes());
        bytes.extend(self.stamp.token.to_le_bytes());
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

    /// Reads the header of a file, or returns the reason why it is invalid.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let (header, _) = bytes.split_at_checked(HEADER).ok_or("the file is truncated")?;
        let (fields, sum) = header.split_at(HEADER - size_of::<u32>());
        let mut fields = Fields(fields);
        if fields.take()? != *MAGIC {
            return Err("this is not an index file of this version");
        }
        if crc32fast::hash(&header[..HEADER - size_of::<u32>()]) != Fields(sum).u32()? {
            return Err("the header is damaged");
        }
        let schema = fields.u32()?;
        let stamp = Stamp { sequence: fields.u64()?, token: fields.u64()? };
        let rows = fields.u64()?;
        let (vectors_sum, rest_sum) = (fields.u32()?, fields.u32()?);
        let mut sections = Vec::with_capacity(SECTIONS.len());
        let mut previous = HEADER;
        for _ in SECTIONS {
            let (start, end) = (fields.u64()?, fields.u64()?);
            let offset = |at: u64| usize::try_from(at).map_err(|_| "a section is out of range");
            let section = offset(start)?..offset(end)?;
            if section.end > bytes.len() {
                return Err("the file is truncated");
            }
            if section.start > section.end
                || section.start < previous
                || !section.start.is_multiple_of(ALIGNMENT)
            {
                return Err("a section is out of place");
            }
            previous = section.end;
            sections.push(section);
        }
        Ok(Self { schema, stamp, rows, vectors_sum, rest_sum, sections })
    }
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let (taken, rest) = self.0.split_first_chunk().ok_or("the header is truncated")?;
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
            stamp: Stamp { sequence: 42, token: 43 },
            rows: 3,
            vectors_sum: 1,
            rest_sum: 2,
            sections: vec![HEADER..HEADER; SECTIONS.len()],
        }
    }

    #[test]
    fn a_header_survives_a_round_trip() {
        assert_eq!(Header::read(&header().to_bytes()), Ok(header()));
    }

    #[test]
    fn any_flipped_bit_of_a_header_is_detected() {
        let bytes = header().to_bytes();
        for place in 0..HEADER {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1 << (place % 8);
            assert!(Header::read(&damaged).is_err(), "byte {place}");
        }
        assert!(Header::read(&bytes[..HEADER - 1]).is_err());
    }
}
