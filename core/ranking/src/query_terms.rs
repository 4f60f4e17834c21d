use crate::chunks::{Term, visit_terms};
use crate::correction::{Correction, correct_words, misspelled_words};
use crate::folding::fold;
use crate::identifiers::known_identifier;
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
    /// The number of distinct terms that the catalogue lacks and that are no stop words.
    unknown_content: usize,
    /// The number of words that are written, stop words included.
    written_words: usize,
}

/// A term that the catalogue contains.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct QueryTerm {
    pub(crate) text: String,
    pub(crate) idf: f64,
    /// True for a word such as `the`, which says nothing about a product.
    pub(crate) is_stop_word: bool,
    /// True for a part of a word that the catalogue also writes joined, as `shirt` in `t-shirt`.
    pub(crate) is_part: bool,
    /// True for the whole query, if it is an identifier of a product.
    pub(crate) is_identifier: bool,
}

impl QueryTerm {
    /// Returns true if the term says something about a product, and no other term says it.
    pub(crate) fn is_content(&self) -> bool {
        !self.is_stop_word && !self.is_part && !self.is_identifier
    }
}

/// The terms of a query that is being analyzed.
struct AnalyzedQuery<'a> {
    language: Language,
    statistics: &'a dyn Statistics,
    terms: Vec<AnalyzedTerm>,
}

struct AnalyzedTerm {
    stem: String,
    /// The number of products that contain it.
    frequency: u64,
    is_stop_word: bool,
    /// True if the catalogue writes it as part of a joined word, or does not join it.
    is_covered: bool,
    /// True if a joined word that the catalogue contains takes its place.
    is_part: bool,
}

impl AnalyzedQuery<'_> {
    fn push(&mut self, term: Term<'_>) {
        let (word, parts) = match term {
            Term::Written(word) => (word, 0),
            Term::Joined { term, parts } => (term, parts),
        };
        let stem = stem(word, self.language);
        let frequency = self.statistics.document_frequency(&stem);
        let is_joined = parts > 0;
        if is_joined {
            let is_repeated = self.terms.last().is_some_and(|last| last.stem == stem);
            if frequency == 0 || is_repeated {
                return;
            }
            let first = self.terms.len().saturating_sub(parts);
            for part in &mut self.terms[first..] {
                (part.is_covered, part.is_part) = (true, true);
            }
        }
        let is_stop_word = is_stop_word(word, self.language);
        let is_covered = is_joined;
        self.terms.push(AnalyzedTerm { stem, frequency, is_stop_word, is_covered, is_part: false });
    }
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
        let mut analyzed = AnalyzedQuery { language, statistics, terms: Vec::new() };
        let replace = |part| {
            let correction = corrections.iter().find(|correction| correction.from == part);
            let Some(correction) = correction else { return Cow::Borrowed(part) };
            made.push(correction.clone());
            Cow::Owned(correction.to.clone())
        };
        visit_terms(&fold(query), replace, |term| analyzed.push(term));
        let AnalyzedQuery { terms: analyzed, .. } = analyzed;
        let has_content = analyzed.iter().any(|term| !term.is_stop_word);
        let has_letters = |word: &&str| word.chars().any(char::is_alphanumeric);
        let written_words = query.split_whitespace().filter(has_letters).count();
        let documents = statistics.documents();
        let lacking =
            |term: &&AnalyzedTerm| term.frequency == 0 && !term.is_covered && !term.is_stop_word;
        let lacking = analyzed.iter().filter(lacking).map(|term| term.stem.as_str());
        let unknown_content = lacking.collect::<HashSet<_>>().len();
        let unknown =
            analyzed.iter().filter(|term| term.frequency == 0 && !term.is_covered).count();
        let known = analyzed.into_iter().filter(|term| term.frequency > 0);
        let terms =
            known.map(|AnalyzedTerm { stem, frequency, is_stop_word, is_part, .. }| QueryTerm {
                idf: bm25::idf(documents, frequency),
                text: stem,
                is_stop_word,
                is_part,
                is_identifier: false,
            });
        // It is no evidence beside the words: whatever it finds comes first.
        let identifier = known_identifier(query, statistics).map(|text| QueryTerm {
            idf: 0.0,
            text,
            is_stop_word: false,
            is_part: false,
            is_identifier: true,
        });
        Self {
            unknown,
            has_content,
            documents,
            average_lengths: TextField::ALL.map(|field| statistics.average_length(field)),
            corrections: made,
            terms: terms.chain(identifier).collect(),
            unknown_content,
            written_words,
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
        let content = self.terms.iter().filter(|term| term.is_content());
        content.map(|term| term.text.as_str()).filter(move |term| seen.insert(*term))
    }

    /// Returns the term of the identifier that the whole query is, if it is one.
    pub(crate) fn identifier(&self) -> Option<&str> {
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

    /// Returns the number of words that are written, stop words included.
    pub(crate) fn written_words(&self) -> usize {
        self.written_words
    }

    /// Returns the sum of the inverse document frequencies of the distinct content words, those that the
    /// catalogue lacks included.
    #[expect(clippy::cast_precision_loss, reason = "a query has far fewer than 2^52 words")]
    pub(crate) fn content_weight(&self) -> f64 {
        let mut seen = HashSet::new();
        let content = self.terms.iter().filter(|term| term.is_content());
        let distinct = content.filter(|term| seen.insert(term.text.as_str()));
        let known: f64 = distinct.map(|term| term.idf).sum();
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
