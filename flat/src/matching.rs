//! The rows of a segment that hold a query's words.

use crate::best::{Best, Scored};
use crate::rows::Rows;
use crate::scratch::WordScratch;
use crate::segment::Postings;

/// A term of a query: what it weighs, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Term<'a> {
    pub(crate) weight: f32,
    pub(crate) postings: Postings<'a>,
}

/// How much of a sum may be lost in rounding, generously.
const ROUNDING: f32 = 1e-4;

/// To look a row up among postings takes as long as to pass so many of them.
const LOOK_UP: usize = 16;

/// For each row that is wanted, so many of those found are enough to tell how good it has to be.
const FIRST: usize = 16;

/// The `depth` of `rows` with the greatest sum of weight times share, in no order.
///
/// Terms are taken in their order, so those that weigh most should come first. As soon as a row that
/// holds none of them so far cannot be among the best whatever the rest brings, the rest only adds
/// to rows that were found (Turtle and Flood 1995, "max score"), and of those only to such as still
/// can be: beside a rare word common ones cost little, and the answer is the same.
pub(crate) fn matching(
    terms: &[Term<'_>],
    segment_rows: usize,
    rows: &Rows,
    depth: usize,
    scratch: &mut WordScratch,
) -> Vec<Scored> {
    let WordScratch { scores, touched } = scratch;
    if terms.is_empty() {
        return Vec::new();
    }
    if scores.len() < segment_rows {
        scores.resize(segment_rows, 0.0);
    }
    let most = terms.iter().map(Term::most).collect::<Vec<_>>();
    let mut is_open = true;
    for (place, term) in terms.iter().enumerate() {
        let rest = sum(&most[place..]);
        if touched.len() > depth && (!is_open || sum(&most[..place]) > rest) {
            let least = floor(scores, touched, rows, depth);
            if least > rest {
                is_open = false;
                touched.retain(|&row| {
                    let score = &mut scores[row as usize];
                    let stays = *score + rest >= least && rows.contains(row);
                    *score = if stays { *score } else { 0.0 };
                    stays
                });
            }
        }
        if is_open {
            term.add(scores, touched);
        } else if touched.len() * LOOK_UP < term.postings.rows.len() {
            touched.sort_unstable();
            term.look_up(scores, touched);
        } else {
            term.add_to_found(scores);
        }
    }
    let mut best = Best::new(depth);
    for row in touched.drain(..) {
        let score = std::mem::take(&mut scores[row as usize]);
        if score > 0.0 && rows.contains(row) {
            best.offer(score, row);
        }
    }
    best.into_found()
}

/// The most that terms can add, rounded up.
fn sum(most: &[f32]) -> f32 {
    most.iter().sum::<f32>() * (1.0 + ROUNDING)
}

/// What the last of the `depth` best of `rows` scores so far, or a little less: it is looked for among
/// those that were found first, which hold the words that weigh most. Less than anything if there
/// are too few.
fn floor(scores: &[f32], touched: &[u32], rows: &Rows, depth: usize) -> f32 {
    let first = touched.iter().take(depth.saturating_mul(FIRST));
    let admitted = first.filter(|row| rows.contains(**row));
    let mut found: Vec<_> = admitted.map(|row| scores[*row as usize]).collect();
    match depth.checked_sub(1) {
        Some(last) if last < found.len() => {
            *found.select_nth_unstable_by(last, |a, b| b.total_cmp(a)).1
        }
        _ => f32::NEG_INFINITY,
    }
}

impl Term<'_> {
    /// The most it adds to a row.
    fn most(&self) -> f32 {
        self.weight * self.postings.greatest
    }

    /// Adds to the score of each row that holds it. Whether a row is found for the first time is
    /// anybody's guess, so it is written down in any case, and counted if it is.
    fn add(&self, scores: &mut [f32], touched: &mut Vec<u32>) {
        let (weight, mut length) = (self.weight, touched.len());
        touched.resize(length + self.postings.rows.len(), 0);
        for (&row, share) in self.postings.rows.iter().zip(self.postings.shares) {
            let (Some(score), Some(place)) =
                (scores.get_mut(row as usize), touched.get_mut(length))
            else {
                continue;
            };
            *place = row;
            length += usize::from(*score == 0.0);
            *score += weight * share;
        }
        touched.truncate(length);
    }

    /// Adds to the score of each row that holds it and has one. Takes no branch for that.
    fn add_to_found(&self, scores: &mut [f32]) {
        let weight = self.weight;
        for (&row, share) in self.postings.rows.iter().zip(self.postings.shares) {
            let Some(score) = scores.get_mut(row as usize) else { continue };
            *score += weight * share * f32::from(u8::from(*score != 0.0));
        }
    }

    /// Adds to the scores of those of `found`, which ascend, that hold it.
    fn look_up(&self, scores: &mut [f32], found: &[u32]) {
        let Postings { mut rows, mut shares, .. } = self.postings;
        for &row in found {
            let before = before(rows, row);
            (rows, shares) = (&rows[before..], shares.get(before..).unwrap_or_default());
            if let (Some(next), Some(share)) = (rows.first(), shares.first())
                && *next == row
            {
                scores[row as usize] += self.weight * share;
            }
        }
    }
}

/// How many of `rows`, which ascend, come before `row`: steps that double, then halves, for the next
/// one that is wanted is near.
fn before(rows: &[u32], row: u32) -> usize {
    let mut step = 1;
    while rows.get(step).is_some_and(|other| *other < row) {
        step *= 2;
    }
    let from = step / 2;
    let within = rows.get(from..rows.len().min(step + 1)).unwrap_or_default();
    from + within.partition_point(|other| *other < row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    type Shares = BTreeMap<u32, f32>;

    fn swap((score, row): Scored) -> (u32, f32) {
        (row, score)
    }

    /// Terms of a few rows and of many, as queries have them.
    fn terms() -> impl Strategy<Value = Vec<(f32, Shares)>> {
        let shares = |most| prop::collection::btree_map(0_u32..300, 0.1_f32..0.95, 0..most);
        let term = prop_oneof![shares(12), shares(60), shares(300)];
        prop::collection::vec((0.01_f32..8.0, term), 0..6)
    }

    proptest! {
        #[test]
        fn nothing_that_is_among_the_best_is_left_out(
            mut terms in terms(),
            depth in 0_usize..40,
            step in 1_usize..4,
        ) {
            terms.sort_by(|a, b| b.0.total_cmp(&a.0));
            let mut admitted = Rows::all(300);
            admitted.retain(&(0..300).collect::<Vec<usize>>(), |row| row.is_multiple_of(step));
            let mut sums = Shares::new();
            for (weight, shares) in &terms {
                for (row, share) in shares {
                    *sums.entry(*row).or_default() += weight * share;
                }
            }
            let mut expected = Best::new(depth);
            let kept = sums.iter().filter(|(row, _)| admitted.contains(**row));
            kept.for_each(|(row, score)| expected.offer(*score, *row));
            let expected: Shares = expected.into_found().into_iter().map(swap).collect();

            let lists: Vec<(f32, Vec<u32>, Vec<f32>)> = terms
                .into_iter()
                .map(|(weight, shares)| (weight, shares.keys().copied().collect(), shares.into_values().collect()))
                .collect();
            let terms: Vec<_> = lists
                .iter()
                .map(|(weight, rows, shares)| {
                    let greatest = shares.iter().copied().fold(0.0, f32::max);
                    Term { weight: *weight, postings: Postings { rows, shares, greatest } }
                })
                .collect();
            let mut scratch = WordScratch::default();
            // Twice, for the first leaves its memory to the second.
            for _ in 0..2 {
                let found = matching(&terms, 300, &admitted, depth, &mut scratch);
                prop_assert_eq!(found.into_iter().map(swap).collect::<Shares>(), expected.clone());
            }
        }
    }
}
