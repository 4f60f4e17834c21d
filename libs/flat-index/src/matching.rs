//! Keyword search within a segment.
//!
//! Each loop over postings or rows is a function that is not inlined: together they have more values
//! than the CPU has registers, and would spill some to memory in every iteration.

use crate::best::{ScoredRow, TopRows, index_of_rank};
use crate::rows::Rows;
use crate::scratch::WordScratch;
use crate::segment::Postings;
use crate::simd::prefetch_at;
use std::cell::Cell;
use std::hint;

/// A query term with its weight and postings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Term<'a> {
    pub(crate) weight: f32,
    pub(crate) postings: Postings<'a>,
}

/// A generous bound on the relative rounding error of a sum.
const ROUNDING: f32 = 1e-4;

/// The cost of looking up a row among postings, in postings scanned.
const LOOKUP_COST: usize = 16;

/// The number of rows to prefetch ahead in lookups.
const PREFETCH_DISTANCE: usize = 4;

/// The number of found rows per requested row from which the minimum score is estimated.
const FOUND_PER_RESULT: usize = 16;

/// The number of histogram steps, up to the greatest possible score, for the minimum score.
const STEPS: usize = 512;

/// The size of a representative sample of the found rows.
const SAMPLE: usize = 128;

/// Returns the `depth` of `rows` with the greatest sum of weight times share, in no particular order.
///
/// Terms are processed in order, so the heaviest should come first. As soon as a row with none of the
/// terms so far can no longer be among the best, the remaining terms only add to rows already found
/// (Turtle and Flood 1995, "max score"), and only to those that still qualify. Common words thus cost
/// little beside a rare one, and the result is the same.
pub(crate) fn matching(
    terms: &[Term<'_>],
    segment_rows: usize,
    rows: &Rows,
    depth: usize,
    scratch: &mut WordScratch,
) -> Vec<ScoredRow> {
    if rows.count() == segment_rows {
        best_of(terms, segment_rows, |_| true, depth, scratch)
    } else {
        best_of(terms, segment_rows, |row| rows.contains(row), depth, scratch)
    }
}

/// Implements [`matching`] for the rows that `admits` accepts.
fn best_of(
    terms: &[Term<'_>],
    segment_rows: usize,
    admits: impl Fn(u32) -> bool + Copy,
    depth: usize,
    scratch: &mut WordScratch,
) -> Vec<ScoredRow> {
    let WordScratch { scores, touched, positions } = scratch;
    if terms.is_empty() {
        return Vec::new();
    }
    if scores.len() < segment_rows {
        scores.resize(segment_rows, 0.0);
    }
    let most = terms.iter().map(Term::most).collect::<Vec<_>>();
    let greatest = sum(&most);
    let mut is_open = true;
    for (place, term) in terms.iter().enumerate() {
        let rest = sum(&most[place..]);
        if touched.len() > depth && (!is_open || sum(&most[..place]) > rest) {
            let least = floor(scores, touched, admits, depth, greatest);
            if least > rest {
                is_open = false;
                drop_unqualified((least - rest) * (1.0 - ROUNDING), admits, scores, touched);
            }
        }
        if is_open {
            term.add(scores, touched);
        } else if touched.len() * LOOKUP_COST < term.postings.rows.len() {
            touched.sort_unstable();
            term.look_up(scores, touched, positions);
        } else {
            term.add_to_found(scores);
        }
    }
    let mut best = TopRows::new(depth);
    offer(scores, touched, admits, &mut best);
    best.into_found()
}

/// Drops the rows with a score below `bound`, unless most of them qualify anyway.
fn drop_unqualified(
    bound: f32,
    admits: impl Fn(u32) -> bool + Copy,
    scores: &mut [f32],
    touched: &mut Vec<u32>,
) {
    if !most_qualify(bound, admits, scores, touched) {
        keep(bound, admits, scores, touched);
    }
}

/// Returns the most that terms can add, rounded up.
fn sum(most: &[f32]) -> f32 {
    most.iter().sum::<f32>() * (1.0 + ROUNDING)
}

/// Returns a lower bound on the score so far of the `depth`th best admitted row, too low by at most one
/// of the [`STEPS`] of `greatest`, the maximum score. Only the rows found first are considered, which hold
/// the heaviest terms; if they are too few, the bound is zero. A histogram is faster than selection.
#[inline(never)]
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no score is negative")]
fn floor(
    scores: &[f32],
    touched: &[u32],
    admits: impl Fn(u32) -> bool,
    depth: usize,
    greatest: f32,
) -> f32 {
    let steps = STEPS as f32 / greatest;
    let mut counts = [0; STEPS + 1];
    for &row in touched.iter().take(depth.saturating_mul(FOUND_PER_RESULT)) {
        let Some(score) = scores.get(row as usize) else { continue };
        let step = (score * steps) as usize;
        counts[step.min(STEPS)] += usize::from(admits(row));
    }
    let below = index_of_rank(depth, counts.into_iter().rev());
    below.map_or(0.0, |below| (STEPS - below) as f32 / steps * (1.0 - ROUNDING))
}

/// Returns whether most of a sample of `touched` are admitted and score at least `bound`. If so, removing
/// the others does not pay.
fn most_qualify(bound: f32, admits: impl Fn(u32) -> bool, scores: &[f32], touched: &[u32]) -> bool {
    let sample = || touched.iter().step_by(touched.len() / SAMPLE + 1);
    let stay = sample().filter(|row| scores[**row as usize] >= bound && admits(**row));
    2 * stay.count() > sample().count()
}

/// Keeps those of `touched` that are admitted and score at least `bound`, and resets the scores of the
/// others. The outcome is unpredictable, so this must not branch: scores are compared as bits, whose
/// order is the same for nonnegative numbers, because compilers branch to select between floats.
#[inline(never)]
fn keep(bound: f32, admits: impl Fn(u32) -> bool, scores: &mut [f32], touched: &mut Vec<u32>) {
    let bound = bound.max(0.0).to_bits();
    let scores: &mut [u32] = bytemuck::cast_slice_mut(scores);
    let mut kept = 0;
    let cells = Cell::from_mut(touched.as_mut_slice()).as_slice_of_cells();
    for row in cells.iter().map(Cell::get) {
        let (Some(score), Some(place)) = (scores.get_mut(row as usize), cells.get(kept)) else {
            continue;
        };
        let stays = (*score >= bound) & admits(row);
        place.set(row);
        kept += usize::from(stays);
        *score = hint::select_unpredictable(stays, *score, 0);
    }
    touched.truncate(kept);
}

/// Offers the admitted rows of `touched`, and clears it and the scores.
#[inline(never)]
fn offer(
    scores: &mut [f32],
    touched: &mut Vec<u32>,
    admits: impl Fn(u32) -> bool,
    best: &mut TopRows,
) {
    let mut least = f32::MIN_POSITIVE;
    for row in touched.drain(..) {
        let Some(score) = scores.get_mut(row as usize).map(std::mem::take) else { continue };
        if score >= least && admits(row) {
            best.offer(score, row);
            least = best.min_score().unwrap_or(least);
        }
    }
}

impl Term<'_> {
    /// Returns the most that the term can add to a row.
    fn most(&self) -> f32 {
        self.weight * self.postings.greatest
    }

    /// Adds to the score of each row with the term. Whether a row is new is unpredictable, so it is
    /// always written but counted only if new, without a branch.
    #[inline(never)]
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

    /// Adds to the score of each row with the term and a nonzero score, without a branch.
    #[inline(never)]
    fn add_to_found(&self, scores: &mut [f32]) {
        let weight = self.weight;
        for (&row, share) in self.postings.rows.iter().zip(self.postings.shares) {
            let Some(score) = scores.get_mut(row as usize) else { continue };
            *score += weight * share * f32::from(u8::from(*score != 0.0));
        }
    }

    /// Adds to the scores of those of `found`, in ascending order, that have the term. `positions` is a
    /// buffer.
    ///
    /// Random reads in a long list mostly wait for memory. Each row is therefore searched for near its
    /// position in an evenly spread list, and the next reads are prefetched.
    #[inline(never)]
    fn look_up(&self, scores: &mut [f32], found: &[u32], positions: &mut Vec<usize>) {
        let Postings { rows, shares, .. } = self.postings;
        let (Some(&first), Some(&last)) = (rows.first(), rows.last()) else { return };
        let span = last.saturating_sub(first) as usize + 1;
        let (mut place, mut from) = (0, first);
        positions.clear();
        for (number, &row) in found.iter().enumerate() {
            let guess = |row: u32| place + row.saturating_sub(from) as usize * rows.len() / span;
            if let Some(&later) = found.get(number + PREFETCH_DISTANCE) {
                prefetch_at(rows, guess(later));
            }
            place = count_before(rows, guess(row), row);
            from = row;
            prefetch_at(shares, place);
            positions.push(place);
        }
        for (&row, &place) in found.iter().zip(&*positions) {
            if let (Some(other), Some(share)) = (rows.get(place), shares.get(place))
                && *other == row
            {
                scores[row as usize] += self.weight * share;
            }
        }
    }
}

/// Returns the number of `rows`, in ascending order, that come before `row`. The search begins at `guess`,
/// gallops in doubling steps, and ends with a binary search.
fn count_before(rows: &[u32], guess: usize, row: u32) -> usize {
    let is_before = |place: usize| rows.get(place).is_some_and(|other| *other < row);
    let (mut from, mut to, mut step) = (guess.min(rows.len()), guess.min(rows.len()), 8);
    if is_before(guess) {
        while is_before(to) {
            from = to + 1;
            to = rows.len().min(to + step);
            step *= 2;
        }
    } else {
        while from > 0 && !is_before(from) {
            to = from;
            from = from.saturating_sub(step);
            step *= 2;
        }
    }
    from + rows[from..to].partition_point(|other| *other < row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    type Shares = BTreeMap<u32, f32>;

    fn swap((score, row): ScoredRow) -> (u32, f32) {
        (row, score)
    }

    /// Generates terms with few and with many rows, as in queries.
    fn terms() -> impl Strategy<Value = Vec<(f32, Shares)>> {
        let shares = |most| prop::collection::btree_map(0_u32..300, 0.1_f32..0.95, 0..most);
        let term = prop_oneof![shares(12), shares(60), shares(300)];
        prop::collection::vec((0.01_f32..8.0, term), 0..6)
    }

    proptest! {
        #[test]
        fn a_row_is_found_from_any_guess(
            rows in prop::collection::btree_set(0_u32..500, 0..200),
            guess in 0_usize..300,
            row in 0_u32..520,
        ) {
            let rows: Vec<u32> = rows.into_iter().collect();
            let expected = rows.partition_point(|other| *other < row);
            prop_assert_eq!(count_before(&rows, guess, row), expected);
        }

        #[test]
        fn the_minimum_score_is_a_close_lower_bound(
            scores in prop::collection::vec(0.001_f32..9.0, 1..300),
            depth in 1_usize..40,
            step in 1_u32..4,
        ) {
            let touched: Vec<u32> = (0..u32::try_from(scores.len()).unwrap()).collect();
            let admits = |row: u32| row.is_multiple_of(step);
            let first = touched.iter().take(depth * FOUND_PER_RESULT);
            let admitted = first.filter(|row| admits(**row));
            let mut sorted: Vec<f32> = admitted.map(|row| scores[*row as usize]).collect();
            sorted.sort_by(|a, b| b.total_cmp(a));
            let least = floor(&scores, &touched, admits, depth, 9.0);
            match sorted.get(depth - 1) {
                Some(last) => {
                    prop_assert!(least <= *last);
                    prop_assert!(*last - least < 0.02 + 9.0 * ROUNDING, "{least} for {last}");
                }
                None => prop_assert!(least <= 0.0),
            }
        }

        #[test]
        fn none_of_the_best_rows_is_missed(
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
            let mut expected = TopRows::new(depth);
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
            // The second search reuses the buffers of the first.
            for _ in 0..2 {
                let found = matching(&terms, 300, &admitted, depth, &mut scratch);
                prop_assert_eq!(found.into_iter().map(swap).collect::<Shares>(), expected.clone());
            }
        }
    }
}
