use crate::analysis::{chunks, fold};
use crate::correction::{Correction, correct_words, misspelled_words};
use crate::stems::stem;
use crate::stop_words::is_stop_word;
use akin_entities::{Language, Statistics, TextField, bm25};
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
    /// True if a word is not a stop word, whether the catalogue contains it or not.
    has_content: bool,
}

/// A term that the catalogue contains.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct QueryTerm {
    pub(crate) text: String,
    pub(crate) idf: f64,
    /// True for a word such as `the`, which says nothing about a product.
    pub(crate) is_stop_word: bool,
}

impl QueryTerms {
    /// Analyzes `query` as words of `language` and corrects its spelling: a word is corrected if the
    /// catalogue contains neither it nor its stem. Terms that the catalogue still lacks are counted and
    /// left out.
    pub fn analyze(query: &str, language: Language, statistics: &dyn Statistics) -> Self {
        let words = misspelled_words(query, language, statistics);
        let corrections = correct_words(&words, statistics, &|| false);
        Self::with_corrections(query, language, &corrections, statistics)
    }

    /// Analyzes `query` with `corrections`, which [`correct_words`] found.
    pub fn with_corrections(
        query: &str,
        language: Language,
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
            chunk.visit_terms(replace, &mut |term| {
                analyzed.push((stem(term, language), is_stop_word(term, language)));
            });
        }
        let has_content = analyzed.iter().any(|(_, is_stop_word)| !is_stop_word);
        let documents = statistics.documents();
        let total = analyzed.len();
        let known = analyzed.into_iter().filter_map(|(text, is_stop_word)| {
            let frequency = statistics.document_frequency(&text);
            let idf = bm25::idf(documents, frequency);
            (frequency > 0).then_some(QueryTerm { text, idf, is_stop_word })
        });
        let terms: Vec<_> = known.collect();
        Self {
            unknown: total - terms.len(),
            terms,
            documents,
            average_lengths: TextField::ALL.map(|field| statistics.average_length(field)),
            corrections: made,
            has_content,
        }
    }

    /// Iterates over the distinct terms, in the order of the query, for an index to search.
    pub fn distinct(&self) -> impl Iterator<Item = &str> {
        let mut seen = HashSet::new();
        let terms = self.terms.iter().map(|term| term.text.as_str());
        terms.filter(move |term| seen.insert(*term))
    }

    /// Iterates over the distinct terms that are not stop words, in the order of the query.
    pub fn content(&self) -> impl Iterator<Item = &str> {
        let mut seen = HashSet::new();
        let content = self.terms.iter().filter(|term| !term.is_stop_word);
        content.map(|term| term.text.as_str()).filter(move |term| seen.insert(*term))
    }

    /// Returns true if a word of the query is not a stop word, even one that the catalogue lacks.
    pub fn has_content(&self) -> bool {
        self.has_content
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
