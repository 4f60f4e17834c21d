use crate::analysis::{chunks, fold, stem};
use crate::correction::{Correction, correct_words, misspelled_words};
use akin_entities::{Statistics, TextField, bm25};
use std::borrow::Cow;
use std::collections::HashSet;

/// The analyzed and corrected terms of a query, with the statistics that scoring needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryTerms {
    pub(crate) terms: Vec<QueryTerm>,
    /// The number of terms that the catalogue lacks.
    pub(crate) unknown: usize,
    pub(crate) documents: u64,
    pub(crate) average_lengths: [f32; TextField::ALL.len()],
    corrections: Vec<Correction>,
}

/// A term that the catalogue contains.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct QueryTerm {
    pub(crate) text: String,
    pub(crate) idf: f64,
}

impl QueryTerms {
    /// Analyzes `query` and corrects its spelling: a word is corrected if the catalogue contains
    /// neither it nor its stem. Terms that the catalogue still lacks are counted and left out.
    pub fn analyze(query: &str, statistics: &dyn Statistics) -> Self {
        let words = misspelled_words(query, statistics);
        let corrections = correct_words(&words, statistics, &|| false);
        Self::with_corrections(query, &corrections, statistics)
    }

    /// Analyzes `query` with `corrections`, which [`correct_words`] found.
    pub fn with_corrections(
        query: &str,
        corrections: &[Correction],
        statistics: &dyn Statistics,
    ) -> Self {
        let mut made = Vec::new();
        let mut analyzed = Vec::new();
        for chunk in chunks(&fold(query)) {
            let replace = |part| {
                let correction = corrections.iter().find(|correction| correction.from == part);
                let Some(correction) = correction else { return Cow::Borrowed(part) };
                made.push(correction.clone());
                Cow::Owned(correction.to.clone())
            };
            chunk.visit_terms(replace, &mut |term| analyzed.push(stem(term)));
        }
        let documents = statistics.documents();
        let total = analyzed.len();
        let known = analyzed.into_iter().filter_map(|text| {
            let frequency = statistics.document_frequency(&text);
            (frequency > 0).then(|| QueryTerm { text, idf: bm25::idf(documents, frequency) })
        });
        let terms: Vec<_> = known.collect();
        Self {
            unknown: total - terms.len(),
            terms,
            documents,
            average_lengths: TextField::ALL.map(|field| statistics.average_length(field)),
            corrections: made,
        }
    }

    /// Iterates over the distinct terms, in the order of the query, for an index to search.
    pub fn distinct(&self) -> impl Iterator<Item = &str> {
        let mut seen = HashSet::new();
        let terms = self.terms.iter().map(|term| term.text.as_str());
        terms.filter(move |term| seen.insert(*term))
    }

    /// Returns the spelling corrections.
    pub fn corrections(&self) -> &[Correction] {
        &self.corrections
    }

    /// Returns the sum of the terms' inverse document frequencies.
    pub(crate) fn weight(&self) -> f64 {
        self.terms.iter().map(|term| term.idf).sum()
    }
}
