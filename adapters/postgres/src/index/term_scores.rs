//! Precomputed BM25 scores of terms, without IDF: postings store them, so that a search only adds
//! up.

use akin_entities::{AnalyzedText, TextField, bm25};
use std::collections::HashMap;

/// The maximum size of a searchable term in bytes, limited by the database's indexes.
pub(crate) const MAX_TERM_BYTES: usize = 1_000;

const FIELDS: usize = TextField::ALL.len();

/// The average lengths that term scores are computed with. They may be outdated: as long as the
/// averages have hardly changed, the same products are the best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LengthBasis(pub(crate) [f64; FIELDS]);

impl LengthBasis {
    /// Returns how far the averages have drifted: from 0, not at all, towards 1.
    pub(crate) fn drift(self, averages: [f64; FIELDS]) -> f64 {
        let field_drift = |(basis, average): (f64, f64)| {
            let larger = basis.max(average);
            if larger > 0.0 { (basis - average).abs() / larger } else { 0.0 }
        };
        self.0.into_iter().zip(averages).map(field_drift).fold(0.0, f64::max)
    }

    /// Returns the score of each term in a text, in no particular order.
    pub(crate) fn term_scores(self, text: &AnalyzedText) -> Vec<(&str, f32)> {
        let mut frequencies: HashMap<&str, f64> = HashMap::new();
        for (field, stream) in text.fields() {
            let length = stream.split_ascii_whitespace().count();
            let length = u32::try_from(length).map_or(f64::INFINITY, f64::from);
            let norm = field.norm(length, self.0[field.position()]);
            for term in stream.split_ascii_whitespace() {
                *frequencies.entry(term).or_default() += norm;
            }
        }
        let searchable = frequencies.into_iter().filter(|(term, _)| term.len() <= MAX_TERM_BYTES);
        #[expect(clippy::cast_possible_truncation, reason = "a score needs no more than f32")]
        let score = |frequency: f64| bm25::term_score(1.0, frequency) as f32;
        searchable.map(|(term, frequency)| (term, score(frequency))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term_score(basis: LengthBasis, title: &str, term: &str) -> f32 {
        let split = title.split_ascii_whitespace().collect::<Vec<_>>();
        let text = AnalyzedText::new([split, vec![], vec![], vec![], vec![]]);
        let scores = basis.term_scores(&text);
        scores.iter().find(|(other, _)| *other == term).map_or(0.0, |(_, score)| *score)
    }

    #[test]
    fn a_term_score_is_the_saturated_frequency() {
        let basis = LengthBasis([2.0, 0.0, 0.0, 0.0, 0.0]);
        // At average length the frequency is the count n, and the score n / (n + .5).
        assert!((term_score(basis, "red tripod", "red") - 2.0 / 3.0).abs() < 1e-6);
        assert!((term_score(basis, "red red", "red") - 2.0 / 2.5).abs() < 1e-6);
        assert!(term_score(basis, "red", "red") > term_score(basis, "red tripod stand", "red"));
        assert_eq!(term_score(basis, "red", "blue").to_bits(), 0);
        assert!((term_score(LengthBasis([0.0; 5]), "a b c d", "a") - 2.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn drift_is_that_of_the_field_that_changed_most() {
        let basis = LengthBasis([10.0, 40.0, 0.0, 0.0, 0.0]);
        assert!(basis.drift(basis.0).abs() < f64::EPSILON);
        assert!((basis.drift([9.0, 50.0, 0.0, 0.0, 0.0]) - 0.2).abs() < 1e-9);
        assert!((basis.drift([10.0, 40.0, 3.0, 0.0, 0.0]) - 1.0).abs() < f64::EPSILON);
    }
}
