use crate::rows::Rows;
use crate::scratch::SumScratch;
use crate::segment::{Postings, Segment};

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
    /// The weight that counts besides if the heading contains it.
    pub heading: u32,
    /// What may stand in its place: lists of terms, all of which a document must contain.
    pub alternatives: &'a [Vec<&'a str>],
}

/// A term of a rule as a segment holds it.
#[derive(Debug)]
pub(crate) struct HeldTerm<'a> {
    anywhere: u32,
    heading: u32,
    /// The postings of the term, unless the segment lacks it.
    postings: Option<Postings<'a>>,
    /// The postings of each alternative's terms.
    alternatives: Vec<Vec<Postings<'a>>>,
}

impl<'a> HeldTerm<'a> {
    /// Looks `term` and its alternatives up in `segment`; `None` if it contains none of them.
    pub(crate) fn find(term: &RuleTerm<'_>, segment: &'a Segment) -> Option<Self> {
        let postings = |text: &str| Some(segment.postings(segment.terms().find(text)?));
        let whole = |terms: &Vec<&str>| terms.iter().map(|term| postings(term)).collect();
        let alternatives = term.alternatives.iter().filter(|terms| !terms.is_empty());
        let held = Self {
            anywhere: term.anywhere,
            heading: term.heading,
            postings: postings(term.text),
            alternatives: alternatives.filter_map(whole).collect(),
        };
        (held.postings.is_some() || !held.alternatives.is_empty()).then_some(held)
    }
}

/// The lowest bit of a share tells whether a heading contains the term. It changes a share by
/// less than its rounding.
const HEADING: u32 = 1;

/// Returns `share` with the mark whether a heading contains the term.
pub(crate) fn marked(share: f32, is_in_heading: bool) -> f32 {
    f32::from_bits(share.to_bits() & !HEADING | u32::from(is_in_heading))
}

impl<'a> Postings<'a> {
    /// Iterates over the rows whose headings contain the term.
    pub(crate) fn in_heading(&self) -> impl Iterator<Item = u32> + 'a {
        let rows = self.rows.iter().zip(self.shares);
        rows.filter(|(_, share)| share.to_bits() & HEADING == HEADING).map(|(row, _)| *row)
    }
}

/// Returns the rows of a segment in which the weights of `terms` add up to `least`.
pub(crate) fn matching_rows(
    terms: &[HeldTerm<'_>],
    least: u32,
    segment_rows: usize,
    scratch: &mut SumScratch,
) -> Rows {
    let SumScratch { sums, touched } = scratch;
    if sums.len() < segment_rows {
        sums.resize(segment_rows, 0);
    }
    for term in terms {
        match &term.postings {
            Some(postings) if term.alternatives.is_empty() => add(term, postings, sums, touched),
            _ => add_any(term, segment_rows, sums, touched),
        }
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
fn add(term: &HeldTerm<'_>, postings: &Postings<'_>, sums: &mut [u32], touched: &mut Vec<u32>) {
    let mut length = touched.len();
    touched.resize(length + postings.rows.len(), 0);
    for (&row, share) in postings.rows.iter().zip(postings.shares) {
        let (Some(sum), Some(place)) = (sums.get_mut(row as usize), touched.get_mut(length)) else {
            continue;
        };
        let weight = term.anywhere + term.heading * (share.to_bits() & HEADING);
        *place = row;
        length += usize::from(*sum == 0) * usize::from(weight > 0);
        *sum += weight;
    }
    touched.truncate(length);
}

/// Adds the weights of a term to the sum of each row with it or with an alternative, once.
fn add_any(term: &HeldTerm<'_>, segment_rows: usize, sums: &mut [u32], touched: &mut Vec<u32>) {
    let mut any = HoldingRows::none(segment_rows);
    if let Some(postings) = &term.postings {
        any.insert(postings);
    }
    for terms in &term.alternatives {
        match terms.as_slice() {
            [one] => any.insert(one),
            [] => {}
            [first, rest @ ..] => {
                let mut whole = HoldingRows::of(first, segment_rows);
                for postings in rest {
                    whole.intersect(&HoldingRows::of(postings, segment_rows));
                }
                any.unite(&whole);
            }
        }
    }
    for (rows, weight) in [(&any.anywhere, term.anywhere), (&any.heading, term.heading)] {
        if weight > 0 {
            rows.visit_blocks::<256>(|block| add_weight(weight, block, sums, touched));
        }
    }
}

fn add_weight(weight: u32, rows: &[u32], sums: &mut [u32], touched: &mut Vec<u32>) {
    for &row in rows {
        let Some(sum) = sums.get_mut(row as usize) else { continue };
        if *sum == 0 {
            touched.push(row);
        }
        *sum += weight;
    }
}

/// The rows that contain a term, and those of them whose heading contains it.
#[derive(Debug)]
struct HoldingRows {
    anywhere: Rows,
    heading: Rows,
}

impl HoldingRows {
    fn none(segment_rows: usize) -> Self {
        Self { anywhere: Rows::none(segment_rows), heading: Rows::none(segment_rows) }
    }

    fn of(postings: &Postings<'_>, segment_rows: usize) -> Self {
        let mut rows = Self::none(segment_rows);
        rows.insert(postings);
        rows
    }

    fn insert(&mut self, postings: &Postings<'_>) {
        postings.rows.iter().for_each(|row| self.anywhere.insert(*row));
        postings.in_heading().for_each(|row| self.heading.insert(row));
    }

    fn intersect(&mut self, other: &Self) {
        self.anywhere.intersect(&other.anywhere);
        self.heading.intersect(&other.heading);
    }

    fn unite(&mut self, other: &Self) {
        self.anywhere.unite(&other.anywhere);
        self.heading.unite(&other.heading);
    }
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
                assert_eq!(kept.to_bits() & HEADING == 1, is_marked);
            }
        }
    }

    #[test]
    fn rows_are_found_by_the_sum_of_their_weights() {
        let shares = [marked(0.5, true), marked(0.5, false), marked(0.5, true)];
        let held = |rows| HeldTerm {
            anywhere: 2,
            heading: 3,
            postings: Some(Postings { rows, shares: &shares, greatest: 1.0 }),
            alternatives: Vec::new(),
        };
        let terms = [held(&[0, 1, 5]), held(&[1, 2, 6])];
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
