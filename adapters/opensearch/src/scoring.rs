//! Scores documents by words, to select the best of those that a search returned.

use crate::document::TermCounts;
use akin_entities::{AnalyzedText, Statistics, TextField, bm25};

/// Returns the inverse document frequency of a term, at least .001: the server requires a positive
/// boost.
pub(crate) fn boost(documents: u64, frequency: u64) -> f64 {
    bm25::idf(documents, frequency).max(1e-3)
}

/// Returns the BM25 score of `text` for `terms`, each given with its [`boost`].
pub(crate) fn text_score(
    text: &AnalyzedText,
    terms: &[(&str, f64)],
    statistics: &dyn Statistics,
) -> f64 {
    let counts = TermCounts::new(text);
    let norms = TextField::ALL.map(|field| {
        let average = f64::from(statistics.average_length(field));
        field.norm(f64::from(counts.length(field)), average)
    });
    let score =
        |(term, boost): &(&str, f64)| bm25::term_score(*boost, counts.frequency(term, &norms));
    terms.iter().map(score).sum()
}
