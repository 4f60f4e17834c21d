//! The formula's L, by which the best of those that words found are told.

use crate::document::Counted;
use akin_entities::{AnalyzedText, Statistics, TextField, bm25};

/// How much a term tells that so many of the documents hold.
pub(crate) fn idf(documents: u64, frequency: u64) -> f64 {
    bm25::idf(documents, frequency).max(1e-3)
}

/// How well `text` answers the terms, each given with its inverse document frequency.
pub(crate) fn l(text: &AnalyzedText, terms: &[(&str, f64)], statistics: &dyn Statistics) -> f64 {
    let counted = Counted::of(text);
    let norms = TextField::ALL.map(|field| {
        let average = f64::from(statistics.average_length(field));
        field.norm(f64::from(counted.length(field)), average)
    });
    let part = |(term, idf): &(&str, f64)| bm25::term_score(*idf, counted.frequency(term, &norms));
    terms.iter().map(part).sum()
}
