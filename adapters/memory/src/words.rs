//! Scores products by words, with the formula of the ranking.

use akin_entities::{AnalyzedText, Statistics, bm25};
use std::collections::HashSet;

/// Returns the BM25 score of `text` for `terms`; 0 if it contains none of them.
pub(crate) fn score(
    terms: &HashSet<&str>,
    text: &AnalyzedText,
    statistics: &dyn Statistics,
) -> f64 {
    let documents = statistics.documents();
    let term_score = |term: &&str| {
        let idf = bm25::idf(documents, statistics.document_frequency(term));
        bm25::term_score(idf, frequency(term, text, statistics))
    };
    terms.iter().map(term_score).sum()
}

/// Returns the frequency of `term` in all fields, weighted and normalized by their length.
fn frequency(term: &str, text: &AnalyzedText, statistics: &dyn Statistics) -> f64 {
    let in_field = |(field, stream): (akin_entities::TextField, &str)| {
        let words = stream.split_ascii_whitespace();
        let (length, count): (u32, u32) = words
            .fold((0, 0), |(length, count), word| (length + 1, count + u32::from(word == term)));
        if count == 0 {
            return 0.0;
        }
        let average = f64::from(statistics.average_length(field));
        field.norm(f64::from(length), average) * f64::from(count)
    };
    text.fields().map(in_field).sum()
}
