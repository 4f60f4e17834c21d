use crate::filter::Resolved;
use crate::rows::Rows;
use crate::segment::Segment;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A segment, and which of its documents later changes have buried.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    segment: Arc<Segment>,
    living: Arc<Rows>,
    buried: Arc<Buried>,
}

/// How many buried documents hold each term and each word, by its place in the segment: so much
/// too high are the segment's own counts.
#[derive(Clone, Debug, Default)]
struct Buried {
    terms: HashMap<u32, u32>,
    words: HashMap<u32, u32>,
}

impl Layer {
    pub(crate) fn new(segment: Arc<Segment>) -> Self {
        let living = Arc::new(Rows::all(segment.rows()));
        Self { segment, living, buried: Arc::default() }
    }

    pub(crate) fn segment(&self) -> &Segment {
        &self.segment
    }

    pub(crate) fn living(&self) -> &Rows {
        &self.living
    }

    /// How many documents live.
    pub(crate) fn documents(&self) -> usize {
        self.living.count()
    }

    /// The row of a document that lives.
    pub(crate) fn row(&self, key: &str) -> Option<u32> {
        self.segment.row(key).filter(|row| self.living.contains(*row))
    }

    /// Buries the document of a key, if it lives here; gives its row.
    pub(crate) fn bury(&mut self, key: &str) -> Option<u32> {
        let row = self.row(key)?;
        Arc::make_mut(&mut self.living).remove(row);
        let buried = Arc::make_mut(&mut self.buried);
        let segment = &self.segment;
        for term in distinct(segment.texts().get(row)) {
            if let Some(place) = segment.terms().find(term) {
                *buried.terms.entry(place).or_default() += 1;
            }
        }
        for word in distinct(segment.surfaces().get(row)) {
            if let Some(place) = segment.words().find(word) {
                *buried.words.entry(place).or_default() += 1;
            }
        }
        Some(row)
    }

    /// How many living documents hold the term at a place.
    pub(crate) fn document_frequency(&self, term: u32) -> usize {
        let all = self.segment.postings(term).rows.len();
        all.saturating_sub(self.buried.terms.get(&term).copied().unwrap_or_default() as usize)
    }

    /// How many living documents hold the surface word at a place.
    pub(crate) fn word_count(&self, word: u32) -> usize {
        let all = self.segment.word_counts().get(word as usize).copied().unwrap_or_default();
        let buried = self.buried.words.get(&word).copied().unwrap_or_default();
        all.saturating_sub(buried) as usize
    }

    /// The living rows that `filter` keeps.
    pub(crate) fn admitted(&self, filter: &Resolved<'_>) -> Cow<'_, Rows> {
        if filter.keeps_all() {
            return Cow::Borrowed(&self.living);
        }
        let mut rows = Rows::clone(&self.living);
        filter.apply(&self.segment, &mut rows);
        Cow::Owned(rows)
    }
}

fn distinct(text: &str) -> HashSet<&str> {
    text.split_ascii_whitespace().collect()
}
