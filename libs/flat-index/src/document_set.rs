//! Sets of documents: counted, filtered and listed whatever their size.

use crate::first_rows::FirstRows;
use crate::layer::Layer;
use crate::rows::Rows;
use crate::scratch::Scratch;
use crate::segment::Segment;
use crate::term_rule::{HeldTerm, matching_rows};
use crate::{DocumentFilter, IndexFileError, Snapshot, TermRule};
use bytestring::ByteString;
use std::borrow::Cow;
use std::collections::HashMap;

/// A set of a snapshot's documents.
#[derive(Clone, Debug)]
pub struct DocumentSet<'a> {
    snapshot: &'a Snapshot,
    /// The rows of each layer.
    rows: Vec<Cow<'a, Rows>>,
}

/// The order of a list of documents: by a number column, documents without a number last; ties by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentOrder {
    /// The index of the number column.
    pub column: usize,
    /// True if the greatest number comes first.
    pub descending: bool,
}

impl Snapshot {
    /// Returns all documents.
    pub fn all(&self) -> DocumentSet<'_> {
        let rows = self.layers().iter().map(|layer| Cow::Borrowed(layer.live()));
        DocumentSet { snapshot: self, rows: rows.collect() }
    }

    /// Returns the documents that `rule` admits.
    pub fn matching(&self, rule: &TermRule<'_>) -> DocumentSet<'_> {
        let rows = self.pool().with(|scratch: &mut Scratch| {
            let layers = self.layers().iter().map(|layer| {
                let segment = layer.segment();
                let terms: Vec<_> =
                    rule.terms.iter().filter_map(|term| HeldTerm::find(term, segment)).collect();
                let mut rows = matching_rows(&terms, rule.least, segment.rows(), &mut scratch.sums);
                rows.intersect(layer.live());
                Cow::Owned(rows)
            });
            layers.collect()
        });
        DocumentSet { snapshot: self, rows }
    }

    /// Returns the documents with these keys; unknown keys are ignored.
    pub fn keyed<'k>(&self, keys: impl IntoIterator<Item = &'k str>) -> DocumentSet<'_> {
        let layers = self.layers();
        let mut rows: Vec<_> =
            layers.iter().map(|layer| Rows::none(layer.segment().rows())).collect();
        for key in keys {
            let found = layers.iter().zip(&mut rows);
            for (layer, rows) in found {
                if let Some(row) = layer.row(key) {
                    rows.insert(row);
                }
            }
        }
        DocumentSet { snapshot: self, rows: rows.into_iter().map(Cow::Owned).collect() }
    }
}

impl<'a> DocumentSet<'a> {
    /// Returns the number of documents.
    pub fn len(&self) -> usize {
        self.rows.iter().map(|rows| rows.count()).sum()
    }

    /// Returns true if the set is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds the documents of `other`, a set of the same snapshot.
    #[must_use]
    pub fn union(mut self, other: &Self) -> Self {
        for (rows, others) in self.rows.iter_mut().zip(&other.rows) {
            if others.count() > 0 {
                rows.to_mut().unite(others);
            }
        }
        self
    }

    /// Removes the documents of `other`, a set of the same snapshot.
    #[must_use]
    pub fn without(mut self, other: &Self) -> Self {
        for (rows, others) in self.rows.iter_mut().zip(&other.rows) {
            if others.count() > 0 {
                rows.to_mut().subtract(others);
            }
        }
        self
    }

    /// Removes the documents whose cosine to `vector`, a unit vector with the schema's dimension, is below
    /// `least`. Each is compared exactly.
    pub fn near(mut self, vector: &[f32], least: f32) -> Result<Self, IndexFileError> {
        self.snapshot.check_vector(vector)?;
        let kernels = self.snapshot.kernels();
        for (layer, rows) in self.snapshot.layers().iter().zip(&mut self.rows) {
            let segment = layer.segment();
            let mut near = Rows::none(segment.rows());
            rows.visit_blocks::<256>(|block| {
                let is_near = |row: &&u32| kernels.dot(vector, segment.vector(**row)) >= least;
                block.iter().filter(is_near).for_each(|row| near.insert(*row));
            });
            *rows = Cow::Owned(near);
        }
        Ok(self)
    }

    /// Removes the documents that `filter` rejects.
    pub fn filtered(mut self, filter: &DocumentFilter) -> Result<Self, IndexFileError> {
        let filter = filter.resolve(self.snapshot.schema())?;
        if !filter.admits_all() {
            for (layer, rows) in self.snapshot.layers().iter().zip(&mut self.rows) {
                filter.apply(layer.segment(), rows.to_mut());
            }
        }
        Ok(self)
    }

    /// Returns the number of documents with each value of a keyword column, in no particular order.
    pub fn keyword_counts(&self, column: usize) -> Vec<(&'a str, u64)> {
        let mut totals = HashMap::<&str, u64>::new();
        let mut counted = Vec::new();
        let layers = self.snapshot.layers().iter().zip(&self.rows);
        for (layer, rows) in layers.filter(|(_, rows)| rows.count() > 0) {
            let segment = layer.segment();
            let ordinals = segment.keywords(column);
            let values = segment.values_of(column);
            let mut counts = vec![0_u64; values.len()];
            rows.visit_blocks::<256>(|block| {
                for row in block {
                    let ordinal = ordinals.get(*row as usize).copied().unwrap_or(u32::MAX);
                    let place = (ordinal as usize).wrapping_sub(values.start);
                    if let Some(count) = counts.get_mut(place) {
                        *count += 1;
                    }
                }
            });
            let found = (values.start..).zip(counts).filter(|(_, count)| *count > 0);
            counted.extend(found.map(|(place, count)| (segment.value_at(place), count)));
        }
        if self.snapshot.layers().len() <= 1 {
            return counted;
        }
        for (value, count) in counted {
            *totals.entry(value).or_default() += count;
        }
        totals.into_iter().collect()
    }

    /// Visits each number of a number column, in no particular order.
    pub fn visit_numbers(&self, column: usize, mut visit: impl FnMut(f64)) {
        for (layer, rows) in self.snapshot.layers().iter().zip(&self.rows) {
            let numbers = layer.segment().numbers(column);
            rows.visit_blocks::<256>(|block| {
                let found = block.iter().filter_map(|row| numbers.get(*row as usize));
                found.filter(|number| !number.is_nan()).for_each(|number| visit(*number));
            });
        }
    }

    /// Returns the keys of up to `limit` documents after the first `offset`, in `order`.
    pub fn list(&self, order: DocumentOrder, offset: usize, limit: usize) -> Vec<ByteString> {
        let layer = |(segment, rows): (&Segment, &Rows), first: &mut FirstRows| {
            let numbers = segment.numbers(order.column);
            rows.visit_blocks::<256>(|block| {
                for row in block {
                    let number = numbers.get(*row as usize).copied().unwrap_or(f64::NAN);
                    first.offer(number, order.descending, *row);
                }
            });
        };
        self.list_first(layer, offset, limit)
    }

    /// Iterates over the segments with the rows of the set.
    pub(crate) fn layers(&self) -> impl Iterator<Item = (&'a Segment, &Rows)> {
        let segments = self.snapshot.layers().iter().map(Layer::segment);
        segments.zip(self.rows.iter().map(|rows| &**rows))
    }

    /// Returns the keys of up to `limit` documents after the first `offset` of those that `offer_rows` offers
    /// from each layer.
    pub(crate) fn list_first(
        &self,
        offer_rows: impl Fn((&Segment, &Rows), &mut FirstRows),
        offset: usize,
        limit: usize,
    ) -> Vec<ByteString> {
        let mut listed = Vec::new();
        for (place, layer) in self.layers().enumerate() {
            let mut first = FirstRows::new(offset.saturating_add(limit));
            offer_rows(layer, &mut first);
            listed.extend(first.into_rows().into_iter().map(|(rank, row)| (rank, place, row)));
        }
        let layers = self.snapshot.layers();
        let key = |place: usize, row: u32| layers[place].segment().keys().get(row);
        listed
            .sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| key(a.1, a.2).cmp(key(b.1, b.2))));
        let page = listed.into_iter().skip(offset).take(limit);
        page.map(|(_, place, row)| layers[place].segment().reader().key(row)).collect()
    }
}
