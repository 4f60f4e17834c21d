use crate::analysis::{chunks, fold, stem};
use crate::correct;
use akin_entities::{Statistics, TextField, bm25};
use std::borrow::Cow;
use std::collections::HashSet;

/// A query's words as the catalogue knows them, with what scoring needs to know of the catalogue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryTerms {
    pub(crate) terms: Vec<Term>,
    pub(crate) unknown: usize,
    pub(crate) documents: u64,
    pub(crate) average_lengths: [f32; TextField::ALL.len()],
    corrections: Vec<Correction>,
}

/// An analyzed word that the catalogue holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Term {
    pub(crate) text: String,
    pub(crate) idf: f64,
}

/// A word that the catalogue lacks, and what was searched for in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The word as it was asked for.
    pub from: String,
    /// The word that took its place.
    pub to: String,
}

impl QueryTerms {
    /// Analyzes and corrects `query`: a word is corrected if the catalogue holds neither it nor its
    /// stem; terms that the catalogue lacks all the same are counted, and left out.
    pub fn analyze(query: &str, statistics: &dyn Statistics) -> Self {
        let mut corrections = Vec::new();
        let mut analyzed = Vec::new();
        for chunk in chunks(&fold(query)) {
            let mend = |part| {
                if statistics.document_frequency(&stem(part)) > 0 {
                    return Cow::Borrowed(part);
                }
                let Some(to) = correct(part, statistics) else { return Cow::Borrowed(part) };
                corrections.push(Correction { from: part.to_owned(), to: to.clone() });
                Cow::Owned(to)
            };
            chunk.visit_terms(mend, &mut |term| analyzed.push(stem(term)));
        }
        let documents = statistics.documents();
        let asked = analyzed.len();
        let known = analyzed.into_iter().filter_map(|text| {
            let frequency = statistics.document_frequency(&text);
            (frequency > 0).then(|| Term { text, idf: bm25::idf(documents, frequency) })
        });
        let terms: Vec<_> = known.collect();
        Self {
            unknown: asked - terms.len(),
            terms,
            documents,
            average_lengths: TextField::ALL.map(|field| statistics.average_length(field)),
            corrections,
        }
    }

    /// Each term once, in the order of the query: what an index searches for.
    pub fn distinct(&self) -> impl Iterator<Item = &str> {
        let mut seen = HashSet::new();
        let terms = self.terms.iter().map(|term| term.text.as_str());
        terms.filter(move |term| seen.insert(*term))
    }

    /// The words that were corrections.
    pub fn corrections(&self) -> &[Correction] {
        &self.corrections
    }

    /// What all known terms weigh together.
    pub(crate) fn weight(&self) -> f64 {
        self.terms.iter().map(|term| term.idf).sum()
    }
}
