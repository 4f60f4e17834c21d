use crate::filter::ResolvedFilter;
use crate::rows::Rows;
use crate::segment::Segment;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A segment and the rows of it that later changes have deleted.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    segment: Arc<Segment>,
    live: Arc<Rows>,
    deleted: Arc<DeletedCounts>,
}

/// The number of deleted documents with each term and each word, by its index in the segment. It is
/// subtracted from the segment's own counts.
#[derive(Clone, Debug, Default)]
struct DeletedCounts {
    terms: HashMap<u32, u32>,
    words: HashMap<u32, u32>,
}

impl Layer {
    pub(crate) fn new(segment: Arc<Segment>) -> Self {
        let live = Arc::new(Rows::all(segment.rows()));
        Self { segment, live, deleted: Arc::default() }
    }

    pub(crate) fn segment(&self) -> &Segment {
        &self.segment
    }

    pub(crate) fn live(&self) -> &Rows {
        &self.live
    }

    /// Returns the number of live documents.
    pub(crate) fn documents(&self) -> usize {
        self.live.count()
    }

    /// Returns the row of a live document.
    pub(crate) fn row(&self, key: &str) -> Option<u32> {
        self.segment.row(key).filter(|row| self.live.contains(*row))
    }

    /// Deletes the document with the key, if it is live in this layer, and returns its row.
    pub(crate) fn delete(&mut self, key: &str) -> Option<u32> {
        let row = self.row(key)?;
        Arc::make_mut(&mut self.live).remove(row);
        let deleted = Arc::make_mut(&mut self.deleted);
        let segment = &self.segment;
        for term in distinct(segment.texts().get(row)) {
            if let Some(index) = segment.terms().find(term) {
                *deleted.terms.entry(index).or_default() += 1;
            }
        }
        for word in distinct(segment.surfaces().get(row)) {
            if let Some(index) = segment.words().find(word) {
                *deleted.words.entry(index).or_default() += 1;
            }
        }
        Some(row)
    }

    /// Returns the number of live documents with the term at the index.
    pub(crate) fn document_frequency(&self, term: u32) -> usize {
        let all = self.segment.postings(term).rows.len();
        all.saturating_sub(self.deleted.terms.get(&term).copied().unwrap_or_default() as usize)
    }

    /// Returns the number of live documents with the surface word at the index.
    pub(crate) fn word_count(&self, word: u32) -> usize {
        let all = self.segment.word_counts().get(word as usize).copied().unwrap_or_default();
        let deleted = self.deleted.words.get(&word).copied().unwrap_or_default();
        all.saturating_sub(deleted) as usize
    }

    /// Returns the live rows whose headings hold all of `terms`; `None` if there are none.
    pub(crate) fn holders(&self, terms: &[&str]) -> Option<Cow<'_, Rows>> {
        let mut rows = Cow::Borrowed(&*self.live);
        for term in terms {
            let mut holding = Rows::none(self.segment.rows());
            let postings = self.segment.postings(self.segment.terms().find(term)?);
            postings.in_heading().for_each(|row| holding.insert(row));
            rows.to_mut().intersect(&holding);
        }
        (rows.count() > 0).then_some(rows)
    }

    /// Returns the live rows that match `filter`.
    pub(crate) fn admitted(&self, filter: &ResolvedFilter<'_>) -> Cow<'_, Rows> {
        if filter.admits_all() {
            return Cow::Borrowed(&self.live);
        }
        let mut rows = Rows::clone(&self.live);
        filter.apply(&self.segment, &mut rows);
        Cow::Owned(rows)
    }
}

fn distinct(text: &str) -> HashSet<&str> {
    text.split_ascii_whitespace().collect()
}
