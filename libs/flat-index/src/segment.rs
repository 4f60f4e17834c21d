use crate::layout::{HEADER, Header, SECTIONS, Section};
use crate::simd::{prefetch, prefetch_at};
use crate::{IndexDocument, Schema, Stamp, structure};
use bytemuck::AnyBitPattern;
use bytes::Bytes;
use bytestring::ByteString;
use std::cmp::Ordering;

#[cfg(target_endian = "big")]
compile_error!("numbers in a base file are little-endian and are read in place");

/// Documents in the order of their keys, ready for scanning: the format of base files and of a
/// snapshot's changes in memory.
///
/// Checksums verify the data. If a mapped file is overwritten nevertheless, lookups miss but nothing
/// panics.
#[derive(Debug)]
pub(crate) struct Segment {
    bytes: Bytes,
    header: Header,
    schema: Schema,
}

/// Concatenated texts with the end of each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts<'a> {
    ends: &'a [u64],
    bytes: &'a [u8],
}

/// Reads the keys and texts of candidates without copying them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CandidateReader<'a> {
    segment: &'a Segment,
    keys: Texts<'a>,
    texts: Texts<'a>,
}

/// The rows with a term, each with its share of the score: f / (f + k1). The lowest bit of a share tells
/// whether the first text field contains the term.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Postings<'a> {
    pub(crate) rows: &'a [u32],
    pub(crate) shares: &'a [f32],
    /// The greatest of `shares`.
    pub(crate) greatest: f32,
}

impl Segment {
    /// Reads `bytes` and verifies everything but the vectors.
    pub(crate) fn open(bytes: Bytes, schema: &Schema) -> Result<Self, &'static str> {
        let header = Header::read(&bytes)?;
        if header.schema != schema.checksum() {
            return Err("the file was built for another schema");
        }
        let segment = Self { bytes, header, schema: schema.clone() };
        let rest = segment.range(Section::Vectors).end.max(HEADER);
        let rest = segment.bytes.get(rest..).unwrap_or_default();
        if crc32fast::hash(rest) != segment.header.rest_sum {
            return Err("the file is damaged");
        }
        structure::check(&segment)?;
        Ok(segment)
    }

    /// Returns whether the checksum of the vectors is right. Reads all of them.
    pub(crate) fn has_intact_vectors(&self) -> bool {
        let vectors = &self.bytes[self.range(Section::Vectors)];
        crc32fast::hash(vectors) == self.header.vectors_sum
    }

    /// Returns the number of documents, including those that a snapshot has deleted.
    pub(crate) fn rows(&self) -> usize {
        usize::try_from(self.header.rows).unwrap_or(usize::MAX)
    }

    /// Returns the total size in bytes.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn stamp(&self) -> Stamp {
        self.header.stamp
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    pub(crate) fn range(&self, section: Section) -> std::ops::Range<usize> {
        debug_assert_eq!(SECTIONS[section as usize], section);
        self.header.sections[section as usize].clone()
    }

    pub(crate) fn numbers_of<T: AnyBitPattern>(&self, section: Section) -> &[T] {
        bytemuck::try_cast_slice(&self.bytes[self.range(section)]).unwrap_or_default()
    }

    pub(crate) fn texts_of(&self, ends: Section, bytes: Section) -> Texts<'_> {
        Texts { ends: self.numbers_of(ends), bytes: self.numbers_of(bytes) }
    }

    /// Returns the part of the numbers in `section` that ends at the `place`th of `ends`.
    pub(crate) fn slice(&self, ends: Section, section: Section, place: u32) -> &[u32] {
        let range = range_of(self.numbers_of(ends), place as usize);
        self.numbers_of(section).get(range).unwrap_or_default()
    }

    pub(crate) fn keys(&self) -> Texts<'_> {
        self.texts_of(Section::KeyEnds, Section::Keys)
    }

    pub(crate) fn texts(&self) -> Texts<'_> {
        self.texts_of(Section::TextEnds, Section::Texts)
    }

    pub(crate) fn surfaces(&self) -> Texts<'_> {
        self.texts_of(Section::SurfaceEnds, Section::Surfaces)
    }

    /// Returns the row of a key, live or deleted.
    pub(crate) fn row(&self, key: &str) -> Option<u32> {
        self.keys().find(key)
    }

    /// Returns the original vector of a row.
    pub(crate) fn vector(&self, row: u32) -> &[f32] {
        let dimension = self.schema.dimension;
        let begin = row as usize * dimension;
        self.numbers_of(Section::Vectors).get(begin..begin + dimension).unwrap_or_default()
    }

    /// Returns the vectors in 8 bits, padded.
    pub(crate) fn quantized(&self) -> &[i8] {
        self.numbers_of(Section::Quantized)
    }

    /// Returns the value of one step of each row's 8 bits.
    pub(crate) fn steps(&self) -> &[f32] {
        self.numbers_of(Section::Steps)
    }

    /// Returns the one-bit codes of the vectors, in blocks; empty in a small segment.
    pub(crate) fn codes(&self) -> &[u8] {
        self.numbers_of(Section::Codes)
    }

    /// Returns the number of terms in each text field over all rows.
    pub(crate) fn field_terms(&self) -> &[u64] {
        self.numbers_of(Section::FieldTerms)
    }

    pub(crate) fn terms(&self) -> Texts<'_> {
        self.texts_of(Section::TermEnds, Section::Terms)
    }

    /// Returns the postings of the term at an index of [`Self::terms`].
    pub(crate) fn postings(&self, term: u32) -> Postings<'_> {
        let range = range_of(self.numbers_of(Section::PostingEnds), term as usize);
        let greatest = self.numbers_of::<f32>(Section::GreatestShares);
        Postings {
            rows: self.numbers_of(Section::PostingRows).get(range.clone()).unwrap_or_default(),
            shares: self.numbers_of(Section::PostingShares).get(range).unwrap_or_default(),
            greatest: greatest.get(term as usize).copied().unwrap_or(f32::INFINITY),
        }
    }

    /// Returns the surface words of all rows.
    pub(crate) fn words(&self) -> Texts<'_> {
        self.texts_of(Section::WordEnds, Section::Words)
    }

    /// Returns the number of rows with each of [`Self::words`].
    pub(crate) fn word_counts(&self) -> &[u32] {
        self.numbers_of(Section::WordCounts)
    }

    /// Returns a reader of candidates.
    pub(crate) fn reader(&self) -> CandidateReader<'_> {
        CandidateReader { segment: self, keys: self.keys(), texts: self.texts() }
    }

    fn values(&self) -> Texts<'_> {
        self.texts_of(Section::ValueEnds, Section::Values)
    }

    /// Returns the index of a value in a keyword column, or `None` if no row has it.
    pub(crate) fn value(&self, column: usize, value: &str) -> Option<u32> {
        self.values().find_within(self.values_of(column), value)
    }

    /// Returns the indexes of a keyword column's values.
    pub(crate) fn values_of(&self, column: usize) -> std::ops::Range<usize> {
        range_of(self.numbers_of(Section::ColumnEnds), column)
    }

    /// Returns the value at an index.
    pub(crate) fn value_at(&self, place: usize) -> &str {
        self.values().get(self::place(place))
    }

    /// Returns the index of each row's value in a keyword column.
    pub(crate) fn keywords(&self, column: usize) -> &[u32] {
        self.column(Section::Keywords, column)
    }

    /// Returns each row's number in a number column; NaN where it is missing.
    pub(crate) fn numbers(&self, column: usize) -> &[f64] {
        self.column(Section::Numbers, column)
    }

    fn column<T: AnyBitPattern>(&self, section: Section, column: usize) -> &[T] {
        let (rows, values) = (self.rows(), self.numbers_of::<T>(section));
        values.get(column * rows..(column + 1) * rows).unwrap_or_default()
    }

    /// Returns the original document of a row.
    pub(crate) fn document(&self, row: u32) -> IndexDocument {
        IndexDocument {
            key: self.keys().get(row).to_owned(),
            vector: self.vector(row).to_vec(),
            text: self.texts().get(row).to_owned(),
            surface: self.surfaces().get(row).to_owned(),
            keywords: (0..self.schema.keyword_columns.len())
                .map(|column| self.keyword(column, row).to_owned())
                .collect(),
            numbers: (0..self.schema.number_columns.len())
                .map(|column| self.number(column, row))
                .collect(),
            tags: self.tags_of(row),
        }
    }

    /// Returns the value of a row in a keyword column.
    pub(crate) fn keyword(&self, column: usize, row: u32) -> &str {
        let value = self.keywords(column).get(row as usize).copied().unwrap_or(u32::MAX);
        self.values().get(value)
    }

    /// Returns the number of a row in a number column, if it has one.
    pub(crate) fn number(&self, column: usize, row: u32) -> Option<f64> {
        self.numbers(column).get(row as usize).copied().filter(|number| !number.is_nan())
    }
}

impl<'a> CandidateReader<'a> {
    /// Prefetches the ends of a row's texts, which [`Self::prefetch`] reads.
    pub(crate) fn prefetch_ends(&self, row: u32) {
        self.keys.prefetch_end(row);
        self.texts.prefetch_end(row);
    }

    /// Prefetches the data of a candidate.
    pub(crate) fn prefetch(&self, row: u32, with_vector: bool) {
        prefetch(self.keys.bytes(row as usize));
        prefetch(self.texts.bytes(row as usize));
        if with_vector {
            prefetch(self.segment.vector(row));
        }
    }

    pub(crate) fn segment(&self) -> &'a Segment {
        self.segment
    }

    /// Returns the key of a row.
    pub(crate) fn key(&self, row: u32) -> ByteString {
        self.share(self.keys.bytes(row as usize))
    }

    /// Returns the text of a row.
    pub(crate) fn text(&self, row: u32) -> ByteString {
        self.share(self.texts.bytes(row as usize))
    }

    /// Returns some of the segment's bytes as shared text, which keeps them alive. As in [`Texts::get`],
    /// invalid UTF-8 becomes an empty string: the checksum was right when the file was opened, so the file
    /// has been overwritten since.
    fn share(&self, bytes: &[u8]) -> ByteString {
        ByteString::try_from(self.segment.bytes.slice_ref(bytes)).unwrap_or_default()
    }
}

impl<'a> Texts<'a> {
    #[expect(clippy::cast_possible_truncation, reason = "a segment has fewer than 2^32 texts")]
    pub(crate) fn len(self) -> u32 {
        self.ends.len() as u32
    }

    fn bytes(self, place: usize) -> &'a [u8] {
        self.bytes.get(range_of(self.ends, place)).unwrap_or_default()
    }

    fn prefetch_end(self, place: u32) {
        prefetch_at(self.ends, place as usize);
    }

    /// Returns the text at an index, or an empty string if there is none.
    pub(crate) fn get(self, place: u32) -> &'a str {
        std::str::from_utf8(self.bytes(place as usize)).unwrap_or_default()
    }

    /// Returns the index of `text` among sorted texts.
    pub(crate) fn find(self, text: &str) -> Option<u32> {
        self.find_within(0..self.ends.len(), text)
    }

    /// Returns the index of the first of the sorted texts that is not less than `text`.
    pub(crate) fn first_from(self, text: &str) -> u32 {
        let found = search(0..self.ends.len(), |place| self.bytes(place).cmp(text.as_bytes()));
        place(found.unwrap_or_else(|next| next))
    }

    fn find_within(self, places: std::ops::Range<usize>, text: &str) -> Option<u32> {
        search(places, |place| self.bytes(place).cmp(text.as_bytes())).ok().map(place)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a segment has fewer than 2^32 texts")]
fn place(place: usize) -> u32 {
    place as u32
}

/// Searches a range of indexes, with the result of a slice's binary search.
fn search(
    places: std::ops::Range<usize>,
    order: impl Fn(usize) -> Ordering,
) -> Result<usize, usize> {
    let (mut low, mut high) = (places.start, places.end);
    while low < high {
        let middle = low.midpoint(high);
        match order(middle) {
            Ordering::Less => low = middle + 1,
            Ordering::Equal => return Ok(middle),
            Ordering::Greater => high = middle,
        }
    }
    Err(low)
}

/// Returns the range from the previous end to the end at `place`, or an empty one out of bounds.
fn range_of(ends: &[u64], place: usize) -> std::ops::Range<usize> {
    let end = |place: usize| ends.get(place).and_then(|end| usize::try_from(*end).ok());
    let start = place.checked_sub(1).map_or(Some(0), end);
    match (start, end(place)) {
        (Some(start), Some(end)) if start <= end => start..end,
        _ => 0..0,
    }
}
