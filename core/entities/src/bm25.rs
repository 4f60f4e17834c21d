//! BM25, the formula by which words are scored: every ranking and every index takes it from here.
//!
//! A document's score is the sum of [`term_score`] over the query's terms. A term's frequency is
//! counted across fields: each occurrence adds [`TextField::norm`](crate::TextField::norm) of its
//! field (BM25F, Robertson & Zaragoza, 2009).

/// Controls how fast a term's frequency saturates (k1).
pub const K1: f64 = 0.5;

/// Controls how much a field's length counts (b): 0 not at all, 1 fully.
pub const B: f64 = 0.75;

/// Returns the inverse document frequency of a term that `frequency` of `documents` documents
/// contain: ln(1 + (documents - frequency + 0.5) / (frequency + 0.5)), never negative.
///
/// The two counts may come from different moments: a frequency above the number of documents
/// gives 0.
#[inline]
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn idf(documents: u64, frequency: u64) -> f64 {
    let (documents, frequency) = (documents as f64, frequency as f64);
    (1.0 + (documents - frequency + 0.5).max(0.0) / (frequency + 0.5)).ln()
}

/// Returns the contribution of one term: idf * frequency / (frequency + k1), where `frequency` is
/// the term's frequency in the document, weighted by field and normalized by length.
#[inline]
pub fn term_score(idf: f64, frequency: f64) -> f64 {
    idf * frequency / (frequency + K1)
}

/// Returns `(constant, per_term)` for databases that compute [`TextField::norm`](crate::TextField::norm)
/// themselves: in a field of n terms, a field's weight is divided by `constant + per_term * n`, where
/// `average` is the field's average length.
pub fn length_coefficients(average: f64) -> (f64, f64) {
    if average > 0.0 { (1.0 - B, B / average) } else { (1.0, 0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TextField;

    #[test]
    fn the_coefficients_are_those_of_the_norm() {
        for (length, average) in [(1.0, 2.0), (7.0, 7.0), (12.0, 3.5), (4.0, 0.0)] {
            let (constant, per_term) = length_coefficients(average);
            for field in TextField::ALL {
                let expected = f64::from(field.weight()) / (constant + per_term * length);
                assert!((field.norm(length, average) - expected).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_rarer_term_has_a_higher_idf_and_none_is_negative() {
        assert!(idf(100, 1) > idf(100, 50));
        assert!(idf(100, 50) > idf(100, 100));
        assert!(idf(100, 100) > 0.0);
        assert!(idf(1, 9).abs() < f64::EPSILON);
    }

    #[test]
    fn a_term_score_saturates_below_the_idf() {
        assert!(term_score(2.0, 0.0).abs() < f64::EPSILON);
        assert!((term_score(2.0, K1) - 1.0).abs() < f64::EPSILON);
        assert!(term_score(2.0, 1e6) < 2.0);
    }
}
