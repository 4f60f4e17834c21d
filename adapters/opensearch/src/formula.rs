//! The formula's L, by which the best of those that words found are told.

use crate::document::Counted;
use akin_entities::{AnalyzedText, Statistics, TextField, bm25};

/// How much a term tells that so many of the documents hold.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(crate) fn idf(documents: u64, frequency: u64) -> f64 {
    let (documents, frequency) = (documents as f64, frequency as f64);
    // What was written since they were counted may be in more of them, or in none yet.
    let idf = (1.0 + (documents - frequency + 0.5).max(0.0) / (frequency + 0.5)).ln();
    idf.max(1e-3)
}

/// How well `text` answers the terms, each given with its inverse document frequency.
pub(crate) fn l(text: &AnalyzedText, terms: &[(&str, f64)], statistics: &dyn Statistics) -> f64 {
    let counted = Counted::of(text);
    let norms = TextField::ALL.map(|field| {
        let average = f64::from(statistics.average_length(field));
        field.norm(f64::from(counted.length(field)), average)
    });
    let part = |(term, idf): &(&str, f64)| {
        let frequency = counted.frequency(term, &norms);
        idf * frequency / (frequency + bm25::K1)
    };
    terms.iter().map(part).sum()
}
