//! Fields that documents have by name, each with any number of values: postings of each value, and the
//! values of each row.

use crate::document_set::DocumentSet;
use crate::first_rows::FirstRows;
use crate::layer::Layer;
use crate::layout::Section;
use crate::output::{Output, TextTable};
use crate::rows::Rows;
use crate::segment::{Segment, Texts};
use crate::{FoundDocument, Snapshot};
use bytestring::ByteString;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};
use std::ops::Range;

/// A value of a document in a field that documents have by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// The name of the field; it must not contain U+001F.
    pub name: String,
    /// The value.
    pub value: String,
}

/// Separates the name from the value in a key. The next character ends the keys of a name.
const SEPARATOR: char = '\u{1f}';
const AFTER_SEPARATOR: char = '\u{20}';

/// Collects the tags of a segment's rows.
#[derive(Debug, Default)]
pub(crate) struct TagTable {
    /// The keys, numbered in the order of their first occurrence.
    keys: HashMap<String, u32>,
    /// The end of each row's numbers.
    ends: Vec<u64>,
    numbers: Vec<u32>,
}

impl TagTable {
    /// Adds the next row.
    pub(crate) fn push(&mut self, tags: &[Tag]) {
        let first = self.numbers.len();
        for Tag { name, value } in tags {
            #[expect(clippy::cast_possible_truncation, reason = "fewer than 2^32 of anything")]
            let next = self.keys.len() as u32;
            let number = *self.keys.entry(key(name, value)).or_insert(next);
            if !self.numbers[first..].contains(&number) {
                self.numbers.push(number);
            }
        }
        self.ends.push(self.numbers.len() as u64);
    }

    /// Writes the sections of the tags.
    pub(crate) fn write<W: Write>(&self, output: &mut Output<W>) -> io::Result<()> {
        let mut sorted: Vec<_> = self.keys.iter().map(|(key, number)| (&**key, *number)).collect();
        sorted.sort_unstable();
        let mut places = vec![0_u32; sorted.len()];
        for (place, (_, number)) in (0_u32..).zip(&sorted) {
            places[*number as usize] = place;
        }
        let renumbered: Vec<_> = self.numbers.iter().map(|old| places[*old as usize]).collect();
        let mut postings = vec![Vec::new(); sorted.len()];
        let mut start = 0;
        for (row, end) in (0_u32..).zip(&self.ends) {
            let end = usize::try_from(*end).unwrap_or(usize::MAX);
            renumbered[start..end].iter().for_each(|place| postings[*place as usize].push(row));
            start = end;
        }
        output.table(&TextTable::from_texts(sorted.iter().map(|(key, _)| *key)))?;
        let ends = postings.iter().scan(0, |end, rows| {
            *end += rows.len() as u64;
            Some(*end)
        });
        output.section(&ends.collect::<Vec<u64>>())?;
        output.parts::<u32>(postings.iter())?;
        output.section(&self.ends)?;
        output.section(&renumbered)
    }
}

fn key(name: &str, value: &str) -> String {
    let mut key = String::with_capacity(name.len() + 1 + value.len());
    key.push_str(name);
    key.push(SEPARATOR);
    key.push_str(value);
    key
}

impl Segment {
    fn tags(&self) -> Texts<'_> {
        self.texts_of(Section::TagEnds, Section::Tags)
    }

    /// Returns the places of the values of a field.
    fn tags_named(&self, name: &str) -> Range<u32> {
        let bound = |last: char| self.tags().first_from(&format!("{name}{last}"));
        let (start, end) = (bound(SEPARATOR), bound(AFTER_SEPARATOR));
        start..end.max(start)
    }

    /// Returns the value at a place of [`Self::tags_named`].
    fn tag_value(&self, place: u32) -> &str {
        self.tags().get(place).split_once(SEPARATOR).unwrap_or_default().1
    }

    /// Returns the rows with the value at a place.
    fn tagged(&self, place: u32) -> &[u32] {
        self.slice(Section::TagPostingEnds, Section::TagPostingRows, place)
    }

    /// Adds to `rows` those that have one of `values`.
    pub(crate) fn add_tagged(&self, name: &str, values: &[String], rows: &mut Rows) {
        for value in values {
            if let Some(place) = self.tags().find(&key(name, value)) {
                self.tagged(place).iter().for_each(|row| rows.insert(*row));
            }
        }
    }

    /// Returns the tags of a row.
    pub(crate) fn tags_of(&self, row: u32) -> Vec<Tag> {
        let places = self.slice(Section::RowTagEnds, Section::RowTags, row);
        let tag = |place: &u32| {
            let (name, value) = self.tags().get(*place).split_once(SEPARATOR)?;
            Some(Tag { name: name.to_owned(), value: value.to_owned() })
        };
        places.iter().filter_map(tag).collect()
    }
}

impl FoundDocument<'_> {
    /// Returns the document's tags.
    pub fn tags(&self) -> Vec<Tag> {
        self.segment().tags_of(self.row())
    }
}

impl Snapshot {
    /// Returns the distinct values of a field, sorted. Deleted documents may have some of them.
    pub fn tag_values(&self, name: &str) -> BTreeSet<&str> {
        let segments = self.layers().iter().map(Layer::segment);
        let values = segments.flat_map(|segment| {
            segment.tags_named(name).map(move |place| segment.tag_value(place))
        });
        values.collect()
    }
}

impl<'a> DocumentSet<'a> {
    /// Returns the number of documents with each value of a field, in no particular order.
    pub fn tag_counts(&self, name: &str) -> Vec<(&'a str, u64)> {
        let mut totals = HashMap::<&str, u64>::new();
        for (segment, rows) in self.layers().filter(|(_, rows)| rows.count() > 0) {
            let is_all = rows.count() == segment.rows();
            for place in segment.tags_named(name) {
                let tagged = segment.tagged(place);
                let held = || tagged.iter().filter(|row| rows.contains(**row)).count();
                let count = if is_all { tagged.len() } else { held() };
                if count > 0 {
                    *totals.entry(segment.tag_value(place)).or_default() += count as u64;
                }
            }
        }
        totals.into_iter().collect()
    }

    /// Returns the keys of up to `limit` documents after the first `offset`, sorted by the numbers that
    /// `number` reads from their values of a field: by the least of a document's numbers, or by the
    /// greatest in a `descending` order. Documents without a number come last; ties by key.
    pub fn list_by_tag(
        &self,
        (name, descending): (&str, bool),
        number: impl Fn(&str) -> Option<f64>,
        offset: usize,
        limit: usize,
    ) -> Vec<ByteString> {
        let better = if descending { f64::max } else { f64::min };
        let layer = |(segment, rows): (&Segment, &Rows), first: &mut FirstRows| {
            let mut numbers = vec![f64::NAN; segment.rows()];
            for place in segment.tags_named(name) {
                let Some(number) = number(segment.tag_value(place)) else { continue };
                for row in segment.tagged(place) {
                    if let Some(held) = numbers.get_mut(*row as usize) {
                        // The better of a number and none is the number.
                        *held = better(*held, number);
                    }
                }
            }
            rows.visit_blocks::<256>(|block| {
                for row in block {
                    let number = numbers.get(*row as usize).copied().unwrap_or(f64::NAN);
                    first.offer(number, descending, *row);
                }
            });
        };
        self.list_first(layer, offset, limit)
    }
}
