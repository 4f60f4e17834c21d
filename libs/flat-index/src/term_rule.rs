use crate::rows::Rows;
use crate::scratch::SumScratch;
use crate::segment::Postings;

/// Admits documents in which the weights of the terms add up.
#[derive(Clone, Copy, Debug)]
pub struct TermRule<'a> {
    /// The terms, each once.
    pub terms: &'a [RuleTerm<'a>],
    /// The minimum sum of the weights; a document without any of the terms is never admitted.
    pub least: u32,
}

/// A term of a [`TermRule`].
#[derive(Clone, Copy, Debug)]
pub struct RuleTerm<'a> {
    /// The analyzed term.
    pub text: &'a str,
    /// The weight that counts if any text field contains the term.
    pub anywhere: u32,
    /// The weight that counts besides if the first text field contains it.
    pub first_field: u32,
}

/// The lowest bit of a share tells whether the first text field contains the term. It changes a share by
/// less than its rounding.
const FIRST_FIELD: u32 = 1;

/// Returns `share` with the mark whether the first text field contains the term.
pub(crate) fn marked(share: f32, is_in_first_field: bool) -> f32 {
    f32::from_bits(share.to_bits() & !FIRST_FIELD | u32::from(is_in_first_field))
}

/// Returns the rows of a segment in which the weights of `terms` add up to `least`.
pub(crate) fn matching_rows(
    terms: &[(RuleTerm<'_>, Postings<'_>)],
    least: u32,
    segment_rows: usize,
    scratch: &mut SumScratch,
) -> Rows {
    let SumScratch { sums, touched } = scratch;
    if sums.len() < segment_rows {
        sums.resize(segment_rows, 0);
    }
    for (term, postings) in terms {
        add(term, postings, sums, touched);
    }
    let mut rows = Rows::none(segment_rows);
    for row in touched.drain(..) {
        let sum = sums.get_mut(row as usize).map(std::mem::take).unwrap_or_default();
        if sum >= least {
            rows.insert(row);
        }
    }
    rows
}

/// Adds the weights of a term to the sum of each row with it. Whether a row is new is unpredictable, so
/// it is always written but counted only if new, without a branch.
#[inline(never)]
fn add(term: &RuleTerm<'_>, postings: &Postings<'_>, sums: &mut [u32], touched: &mut Vec<u32>) {
    let mut length = touched.len();
    touched.resize(length + postings.rows.len(), 0);
    for (&row, share) in postings.rows.iter().zip(postings.shares) {
        let (Some(sum), Some(place)) = (sums.get_mut(row as usize), touched.get_mut(length)) else {
            continue;
        };
        let weight = term.anywhere + term.first_field * (share.to_bits() & FIRST_FIELD);
        *place = row;
        length += usize::from(*sum == 0) * usize::from(weight > 0);
        *sum += weight;
    }
    touched.truncate(length);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_changes_a_share_by_less_than_its_rounding() {
        for share in [1e-6_f32, 0.25, 1.0 / 3.0, 0.999_999] {
            for is_marked in [false, true] {
                let kept = marked(share, is_marked);
                assert!((kept - share).abs() <= share * f32::EPSILON);
                assert_eq!(kept.to_bits() & FIRST_FIELD == 1, is_marked);
            }
        }
    }

    #[test]
    fn rows_are_found_by_the_sum_of_their_weights() {
        let shares = [marked(0.5, true), marked(0.5, false), marked(0.5, true)];
        let term = RuleTerm { text: "a", anywhere: 2, first_field: 3 };
        let postings = |rows| Postings { rows, shares: &shares, greatest: 1.0 };
        let terms = [(term, postings(&[0, 1, 5])), (term, postings(&[1, 2, 6]))];
        let mut scratch = SumScratch::default();
        // The second search reuses the buffers of the first.
        for _ in 0..2 {
            let mut found = |least| matching_rows(&terms, least, 9, &mut scratch).to_vec();
            assert_eq!(found(1), [0, 1, 2, 5, 6]);
            assert_eq!(found(5), [0, 1, 5, 6]);
            assert_eq!(found(7), [1]);
            assert_eq!(found(8), [0_u32; 0]);
        }
    }
}
