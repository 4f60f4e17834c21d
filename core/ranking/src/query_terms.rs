use crate::analysis::{chunks, fold, stem};
use crate::correct;
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

/// A spelling correction of a query word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The word of the query, which the catalogue lacks.
    pub from: String,
    /// The word of the catalogue that replaces it.
    pub to: String,
}

impl QueryTerms {
    /// Analyzes `query` and corrects its spelling: a word is corrected if the catalogue contains
    /// neither it nor its stem. Terms that the catalogue still lacks are counted and left out.
    pub fn analyze(query: &str, statistics: &dyn Statistics) -> Self {
        let mut corrections = Vec::new();
        let mut analyzed = Vec::new();
        for chunk in chunks(&fold(query)) {
            let replace = |part| {
                if statistics.document_frequency(&stem(part)) > 0 {
                    return Cow::Borrowed(part);
                }
                let Some(to) = correct(part, statistics) else { return Cow::Borrowed(part) };
                corrections.push(Correction { from: part.to_owned(), to: to.clone() });
                Cow::Owned(to)
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
            corrections,
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
