//! The structure of a segment. Its checksums find damage, but not a file that was made to mislead, or by
//! another program: every count and every offset is checked once, when the file is opened.

use crate::Schema;
use crate::layout::Section;
use crate::quantized::{block_bytes, width};
use crate::segment::Segment;
use crate::simd::ROWS_PER_BLOCK;

/// Returns an error if a number in the segment cannot be right.
pub(crate) fn check(segment: &Segment) -> Result<(), &'static str> {
    let rows = segment.rows();
    // Rows are numbered in 32 bits.
    if u32::try_from(rows).is_err() {
        return Err("the number of rows is impossible");
    }
    let are_right = lengths_by_rows(rows, segment.schema())
        .into_iter()
        .all(|(section, length)| length == Some(segment.range(section).len()));
    if !(are_right && has_lengths_of_codes(segment) && has_equal_lengths(segment)) {
        return Err("a section has an impossible length");
    }
    if !has_ordered_ends(segment) {
        return Err("an offset is out of range");
    }
    if !has_numbers_in_range(segment) {
        return Err("a row or a value is out of range");
    }
    Ok(())
}

/// Returns the lengths that follow from the number of rows and the schema; `None` is more than there can
/// be.
fn lengths_by_rows(rows: usize, schema: &Schema) -> [(Section, Option<usize>); 11] {
    let times = |count: usize, bytes: usize| count.checked_mul(bytes);
    let by_row = |bytes: usize| times(rows, bytes);
    let (fields, keywords) = (schema.text_fields.len(), schema.keyword_columns.len());
    [
        (Section::Vectors, times(schema.dimension, 4).and_then(by_row)),
        (Section::KeyEnds, by_row(8)),
        (Section::TextEnds, by_row(8)),
        (Section::SurfaceEnds, by_row(8)),
        (Section::Quantized, by_row(width(schema.dimension))),
        (Section::Steps, by_row(4)),
        (Section::FieldTerms, times(fields, 8)),
        (Section::ColumnEnds, times(keywords, 8)),
        (Section::Keywords, times(keywords, 4).and_then(by_row)),
        (Section::Numbers, times(schema.number_columns.len(), 8).and_then(by_row)),
        (Section::RowTagEnds, by_row(8)),
    ]
}

/// Returns whether the codes and their mean are both there for all rows, or both missing.
fn has_lengths_of_codes(segment: &Segment) -> bool {
    let (codes, mean) = (segment.range(Section::Codes).len(), segment.range(Section::Mean).len());
    if codes == 0 {
        return mean == 0;
    }
    let dimension = segment.schema().dimension;
    let blocks = segment.rows().div_ceil(ROWS_PER_BLOCK);
    blocks.checked_mul(block_bytes(dimension)) == Some(codes) && dimension * 4 == mean
}

/// Returns whether sections that hold numbers of the same things hold as many.
fn has_equal_lengths(segment: &Segment) -> bool {
    let count = |section, bytes: usize| {
        let length = segment.range(section).len();
        length.is_multiple_of(bytes).then(|| length / bytes)
    };
    let equal = |counts: &[Option<usize>]| {
        counts.iter().all(|count| count.is_some() && *count == counts[0])
    };
    let terms = [
        count(Section::TermEnds, 8),
        count(Section::PostingEnds, 8),
        count(Section::GreatestShares, 4),
    ];
    let postings = [count(Section::PostingRows, 4), count(Section::PostingShares, 4)];
    let words = [count(Section::WordEnds, 8), count(Section::WordCounts, 4)];
    let values = [count(Section::ValueEnds, 8)];
    let tags = [count(Section::TagEnds, 8), count(Section::TagPostingEnds, 8)];
    let tagged = [count(Section::TagPostingRows, 4), count(Section::RowTags, 4)];
    [&terms[..], &postings, &words, &values, &tags, &tagged].into_iter().all(equal)
}

/// Returns whether all ends are in order, and the last is that of what they divide.
fn has_ordered_ends(segment: &Segment) -> bool {
    let bytes = |section| segment.range(section).len();
    [
        (Section::KeyEnds, bytes(Section::Keys)),
        (Section::TextEnds, bytes(Section::Texts)),
        (Section::SurfaceEnds, bytes(Section::Surfaces)),
        (Section::TermEnds, bytes(Section::Terms)),
        (Section::PostingEnds, bytes(Section::PostingRows) / 4),
        (Section::WordEnds, bytes(Section::Words)),
        (Section::ColumnEnds, bytes(Section::ValueEnds) / 8),
        (Section::ValueEnds, bytes(Section::Values)),
        (Section::TagEnds, bytes(Section::Tags)),
        (Section::TagPostingEnds, bytes(Section::TagPostingRows) / 4),
        (Section::RowTagEnds, bytes(Section::RowTags) / 4),
    ]
    .into_iter()
    .all(|(section, whole)| {
        let ends: &[u64] = segment.numbers_of(section);
        ends.is_sorted() && ends.last().copied().unwrap_or_default() == whole as u64
    })
}

/// Returns whether all rows and values that are referred to exist.
fn has_numbers_in_range(segment: &Segment) -> bool {
    let below = |section, bound: usize| {
        let numbers: &[u32] = segment.numbers_of(section);
        // Without a branch, this is as fast as reading.
        numbers.iter().fold(0, |most, number| most.max(*number)) as usize <= bound.saturating_sub(1)
            && (bound > 0 || numbers.is_empty())
    };
    below(Section::PostingRows, segment.rows())
        && below(Section::WordCounts, segment.rows() + 1)
        && below(Section::TagPostingRows, segment.rows())
        && below(Section::RowTags, segment.range(Section::TagEnds).len() / 8)
        && below(Section::Keywords, segment.range(Section::ValueEnds).len() / 8)
}
