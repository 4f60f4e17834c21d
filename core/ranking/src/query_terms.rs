use crate::QueryAnalyzer;
use crate::correction::Correction;
use akin_entities::{Language, Statistics, TextField, bm25};
use std::collections::HashSet;

/// The analyzed and corrected terms of a query, with the statistics that scoring needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryTerms {
    pub(crate) terms: Vec<QueryTerm>,
    pub(crate) documents: u64,
    pub(crate) average_lengths: [f32; TextField::ALL.len()],
    pub(crate) corrections: Vec<Correction>,
    /// True if a word is not a stop word, whether the catalogue contains it or not.
    pub(crate) has_content: bool,
    /// The number of distinct terms that the catalogue lacks and that are no stop words.
    pub(crate) unknown_content: usize,
    /// The number of distinct words that are written, stop words included.
    pub(crate) written_words: usize,
    /// True if the query is written in another script than Latin.
    pub(crate) is_foreign: bool,
}

/// A term that the catalogue contains, or has an alternative for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct QueryTerm {
    pub(crate) text: String,
    /// The word before stemming, folded and corrected.
    pub(crate) word: String,
    pub(crate) idf: f64,
    /// True for a word such as `the`, which says nothing about a product.
    pub(crate) is_stop_word: bool,
    /// True for a part of a word that the catalogue also writes joined, as `shirt` in `t-shirt`.
    pub(crate) is_part: bool,
    /// True for the whole query, if it is an identifier of a product.
    pub(crate) is_identifier: bool,
    /// What may stand in its place: lists of terms, all of which a product must hold.
    pub(crate) alternatives: Vec<Vec<String>>,
}

impl QueryTerm {
    /// Returns true if the term says something about a product, and no other term says it.
    pub(crate) fn is_content(&self) -> bool {
        !self.is_stop_word && !self.is_part && !self.is_identifier
    }

    /// Iterates over the term and those of its alternatives.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let alternatives = self.alternatives.iter().flatten().map(String::as_str);
        std::iter::once(self.text.as_str()).chain(alternatives)
    }
}

impl QueryTerms {
    /// Analyzes `query` as words of `language`, with all that [`QueryAnalyzer`] does to a finished query.
    pub fn analyze(query: &str, language: Language, statistics: &dyn Statistics) -> Self {
        QueryAnalyzer::new(query, false, language, statistics).analyze()
    }

    /// Iterates over the distinct terms and those of their alternatives, in the order of the query, for an
    /// index to search.
    pub fn distinct(&self) -> impl Iterator<Item = &str> {
        let mut seen = HashSet::new();
        let terms = self.terms.iter().flat_map(QueryTerm::texts);
        terms.filter(move |term| seen.insert(*term))
    }

    /// Iterates over the distinct terms that are not stop words, in the order of the query.
    pub(crate) fn content(&self) -> impl Iterator<Item = &QueryTerm> {
        let mut seen = HashSet::new();
        let content = self.terms.iter().filter(|term| term.is_content());
        content.filter(move |term| seen.insert(term.text.as_str()))
    }

    /// Returns the term of the identifier that the whole query is, if it is one.
    pub fn identifier(&self) -> Option<&str> {
        self.terms.last().filter(|term| term.is_identifier).map(|term| term.text.as_str())
    }

    /// Returns true if the whole query is an identifier of a product in the catalogue.
    pub fn is_identifier(&self) -> bool {
        self.terms.last().is_some_and(|term| term.is_identifier)
    }

    /// Returns true if a word of the query is not a stop word, even one that the catalogue lacks.
    pub fn has_content(&self) -> bool {
        self.has_content
    }

    /// Returns true if the catalogue lacks a content word.
    pub(crate) fn lacks_content(&self) -> bool {
        self.unknown_content > 0
    }

    /// Returns true if the query has letters, but none of the Latin script.
    pub(crate) fn is_foreign(&self) -> bool {
        self.is_foreign
    }

    /// Returns the number of distinct words that are written, stop words included.
    pub(crate) fn written_words(&self) -> usize {
        self.written_words
    }

    /// Returns the sum of the inverse document frequencies of the distinct content words, those that the
    /// catalogue lacks included.
    #[expect(clippy::cast_precision_loss, reason = "a query has far fewer than 2^52 words")]
    pub(crate) fn content_weight(&self) -> f64 {
        let known: f64 = self.content().map(|term| term.idf).sum();
        known + self.unknown_content as f64 * bm25::idf(self.documents, 0)
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
