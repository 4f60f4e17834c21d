use crate::layout::{HEADER, Header, SECTIONS, Section};
use crate::quantized::{block_bytes, width};
use crate::simd::{ROWS_PER_BLOCK, prefetch, prefetch_at};
use crate::{IndexDocument, Schema};
use bytemuck::AnyBitPattern;
use bytes::Bytes;
use bytestring::ByteString;
use std::cmp::Ordering;

#[cfg(target_endian = "big")]
compile_error!("numbers in a base file are little-endian, and are read where they lie");

/// Documents in the order of their keys, ready to be scanned: the form of a base file, and of what
/// a snapshot holds in memory.
///
/// The checksum vouches for what is read here; where it does not (somebody overwrites a mapped
/// file), a look-up misses, and nothing panics.
#[derive(Debug)]
pub(crate) struct Segment {
    bytes: Bytes,
    header: Header,
    schema: Schema,
}

/// Texts one behind the other, with where each ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts<'a> {
    ends: &'a [u64],
    bytes: &'a [u8],
}

/// Lends what candidates are made of, row by row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lender<'a> {
    segment: &'a Segment,
    keys: Texts<'a>,
    texts: Texts<'a>,
}

/// The rows that hold a term, each with its share of the score: f / (f + k1).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Postings<'a> {
    pub(crate) rows: &'a [u32],
    pub(crate) shares: &'a [f32],
    /// The greatest of `shares`.
    pub(crate) greatest: f32,
}

impl Segment {
    /// Reads `bytes`, and makes sure that all but the vectors is what was written.
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
        segment.check_lengths()?;
        Ok(segment)
    }

    /// Whether the vectors are what was written. Reads all of them.
    pub(crate) fn has_sound_vectors(&self) -> bool {
        let vectors = &self.bytes[self.range(Section::Vectors)];
        crc32fast::hash(vectors) == self.header.vectors_sum
    }

    fn check_lengths(&self) -> Result<(), &'static str> {
        let (rows, dimension) = (self.rows(), self.schema.dimension);
        let (codes, blocks) = (self.range(Section::Codes).len(), rows.div_ceil(ROWS_PER_BLOCK));
        let lengths = [
            (Section::Vectors, rows * dimension * 4),
            (Section::KeyEnds, rows * 8),
            (Section::TextEnds, rows * 8),
            (Section::SurfaceEnds, rows * 8),
            (Section::Quantized, rows * width(dimension)),
            (Section::Steps, rows * 4),
            (Section::Codes, if codes == 0 { 0 } else { blocks * block_bytes(dimension) }),
            (Section::FieldTerms, self.schema.text_fields.len() * 8),
            (Section::ColumnEnds, self.schema.keyword_columns.len() * 8),
            (Section::Keywords, rows * self.schema.keyword_columns.len() * 4),
            (Section::Numbers, rows * self.schema.number_columns.len() * 8),
        ];
        let right = lengths.iter().all(|(section, length)| self.range(*section).len() == *length);
        right.then_some(()).ok_or("a section has an impossible length")
    }

    /// How many documents it holds, those that a snapshot has buried included.
    pub(crate) fn rows(&self) -> usize {
        usize::try_from(self.header.rows).unwrap_or(usize::MAX)
    }

    /// Bytes in all.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn stamp(&self) -> u64 {
        self.header.stamp
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    fn range(&self, section: Section) -> std::ops::Range<usize> {
        debug_assert_eq!(SECTIONS[section as usize], section);
        self.header.sections[section as usize].clone()
    }

    fn numbers_of<T: AnyBitPattern>(&self, section: Section) -> &[T] {
        bytemuck::try_cast_slice(&self.bytes[self.range(section)]).unwrap_or_default()
    }

    fn texts_of(&self, ends: Section, bytes: Section) -> Texts<'_> {
        Texts { ends: self.numbers_of(ends), bytes: self.numbers_of(bytes) }
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

    /// The row of a key, living or buried.
    pub(crate) fn row(&self, key: &str) -> Option<u32> {
        self.keys().find(key)
    }

    /// The vector of a row, as it was given.
    pub(crate) fn vector(&self, row: u32) -> &[f32] {
        let dimension = self.schema.dimension;
        let begin = row as usize * dimension;
        self.numbers_of(Section::Vectors).get(begin..begin + dimension).unwrap_or_default()
    }

    /// The vectors in 8 bits, padded.
    pub(crate) fn quantized(&self) -> &[i8] {
        self.numbers_of(Section::Quantized)
    }

    /// What one step of a row's 8 bits stands for.
    pub(crate) fn steps(&self) -> &[f32] {
        self.numbers_of(Section::Steps)
    }

    /// The vectors in one bit a dimension, in blocks; empty in a small segment.
    pub(crate) fn codes(&self) -> &[u8] {
        self.numbers_of(Section::Codes)
    }

    /// How many terms each text field has, over all rows.
    pub(crate) fn field_terms(&self) -> &[u64] {
        self.numbers_of(Section::FieldTerms)
    }

    pub(crate) fn terms(&self) -> Texts<'_> {
        self.texts_of(Section::TermEnds, Section::Terms)
    }

    /// The postings of the term at a place among [`Self::terms`].
    pub(crate) fn postings(&self, term: u32) -> Postings<'_> {
        let range = range_of(self.numbers_of(Section::PostingEnds), term as usize);
        let greatest = self.numbers_of::<f32>(Section::GreatestShares);
        Postings {
            rows: self.numbers_of(Section::PostingRows).get(range.clone()).unwrap_or_default(),
            shares: self.numbers_of(Section::PostingShares).get(range).unwrap_or_default(),
            greatest: greatest.get(term as usize).copied().unwrap_or(f32::INFINITY),
        }
    }

    /// The surface words of all rows.
    pub(crate) fn words(&self) -> Texts<'_> {
        self.texts_of(Section::WordEnds, Section::Words)
    }

    /// How many rows hold each of [`Self::words`].
    pub(crate) fn word_counts(&self) -> &[u32] {
        self.numbers_of(Section::WordCounts)
    }

    /// What candidates are made of.
    pub(crate) fn lender(&self) -> Lender<'_> {
        Lender { segment: self, keys: self.keys(), texts: self.texts() }
    }

    fn values(&self) -> Texts<'_> {
        self.texts_of(Section::ValueEnds, Section::Values)
    }

    /// The place of a value in a keyword column; `None` if no row has it.
    pub(crate) fn value(&self, column: usize, value: &str) -> Option<u32> {
        let places = range_of(self.numbers_of(Section::ColumnEnds), column);
        self.values().find_within(places, value)
    }

    /// The place of each row's value in a keyword column.
    pub(crate) fn keywords(&self, column: usize) -> &[u32] {
        self.column(Section::Keywords, column)
    }

    /// Each row's number in a number column; NaN where there is none.
    pub(crate) fn numbers(&self, column: usize) -> &[f64] {
        self.column(Section::Numbers, column)
    }

    fn column<T: AnyBitPattern>(&self, section: Section, column: usize) -> &[T] {
        let (rows, values) = (self.rows(), self.numbers_of::<T>(section));
        values.get(column * rows..(column + 1) * rows).unwrap_or_default()
    }

    /// The document of a row, as it was given.
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
        }
    }

    /// The value of a row in a keyword column.
    pub(crate) fn keyword(&self, column: usize, row: u32) -> &str {
        let value = self.keywords(column).get(row as usize).copied().unwrap_or(u32::MAX);
        self.values().get(value)
    }

    /// The number of a row in a number column, if it has one.
    pub(crate) fn number(&self, column: usize, row: u32) -> Option<f64> {
        self.numbers(column).get(row as usize).copied().filter(|number| !number.is_nan())
    }
}

impl<'a> Lender<'a> {
    /// Asks for where the texts of a row end, that [`Self::prefetch`] will want to know.
    pub(crate) fn prefetch_ends(&self, row: u32) {
        self.keys.prefetch_end(row);
        self.texts.prefetch_end(row);
    }

    /// Asks for what a candidate is made of.
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

    /// The key of a row.
    pub(crate) fn key(&self, row: u32) -> ByteString {
        self.lend(self.keys.bytes(row as usize))
    }

    /// The text of a row.
    pub(crate) fn text(&self, row: u32) -> ByteString {
        self.lend(self.texts.bytes(row as usize))
    }

    /// Some of the segment's bytes without a copy of them: what is lent keeps them where they are. Blank
    /// where they are no text, as in [`Texts::get`]: the checksum vouched for them when the file was
    /// opened, so somebody has overwritten it since.
    fn lend(&self, bytes: &[u8]) -> ByteString {
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

    /// The text at a place; blank where there is none.
    pub(crate) fn get(self, place: u32) -> &'a str {
        std::str::from_utf8(self.bytes(place as usize)).unwrap_or_default()
    }

    /// The place of `text` among texts in order.
    pub(crate) fn find(self, text: &str) -> Option<u32> {
        self.find_within(0..self.ends.len(), text)
    }

    /// The place from which on texts in order are not less than `text`.
    pub(crate) fn first_from(self, text: &str) -> u32 {
        let found = search(0..self.ends.len(), |place| self.bytes(place).cmp(text.as_bytes()));
        place(found.unwrap_or_else(|behind| behind))
    }

    fn find_within(self, places: std::ops::Range<usize>, text: &str) -> Option<u32> {
        search(places, |place| self.bytes(place).cmp(text.as_bytes())).ok().map(place)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a segment has fewer than 2^32 texts")]
fn place(place: usize) -> u32 {
    place as u32
}

/// Binary search, as slices have it, over places.
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

/// From the end of the one before to the end of the one at `place`; empty where there is none.
fn range_of(ends: &[u64], place: usize) -> std::ops::Range<usize> {
    let end = |place: usize| ends.get(place).and_then(|end| usize::try_from(*end).ok());
    let start = place.checked_sub(1).map_or(Some(0), end);
    match (start, end(place)) {
        (Some(start), Some(end)) if start <= end => start..end,
        _ => 0..0,
    }
}
