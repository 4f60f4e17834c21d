//! The rows of a segment that hold a query's words.
//!
//! Each loop over postings or rows is a function that is not inlined: together they have more numbers
//! than the processor has registers, and would read some from memory in every round.

use crate::best::{Best, Scored, place_of};
use crate::rows::Rows;
use crate::scratch::WordScratch;
use crate::segment::Postings;
use crate::simd::prefetch_at;
use std::cell::Cell;
use std::hint;

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

/// How many rows ahead memory is asked for where rows are looked up.
const AHEAD: usize = 4;

/// For each row that is wanted, so many of those found are enough to tell how good it has to be.
const FIRST: usize = 16;

/// Into so many steps the greatest possible score is divided to tell how good a row has to be.
const STEPS: usize = 512;

/// So many of the rows found speak for all.
const SAMPLE: usize = 128;

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
    if rows.count() == segment_rows {
        best_of(terms, segment_rows, |_| true, depth, scratch)
    } else {
        best_of(terms, segment_rows, |row| rows.contains(row), depth, scratch)
    }
}

/// [`matching`] of the rows that `admits` admits.
fn best_of(
    terms: &[Term<'_>],
    segment_rows: usize,
    admits: impl Fn(u32) -> bool + Copy,
    depth: usize,
    scratch: &mut WordScratch,
) -> Vec<Scored> {
    let WordScratch { scores, touched, places } = scratch;
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
                let bound = (least - rest) * (1.0 - ROUNDING);
                if !most_stay(bound, admits, scores, touched) {
                    keep(bound, admits, scores, touched);
                }
            }
        }
        if is_open {
            term.add(scores, touched);
        } else if touched.len() * LOOK_UP < term.postings.rows.len() {
            touched.sort_unstable();
            term.look_up(scores, touched, places);
        } else {
            term.add_to_found(scores);
        }
    }
    let mut best = Best::new(depth);
    offer(scores, touched, admits, &mut best);
    best.into_found()
}

/// The most that terms can add, rounded up.
fn sum(most: &[f32]) -> f32 {
    most.iter().sum::<f32>() * (1.0 + ROUNDING)
}

/// What the last of the `depth` best of the admitted rows scores so far, or less by at most a step of
/// `greatest`, which none exceeds. It is looked for among those that were found first, which hold the
/// words that weigh most; if they are too few, it is nothing. To count how many reach each step is faster
/// than to select the last of them.
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
    for &row in touched.iter().take(depth.saturating_mul(FIRST)) {
        let Some(score) = scores.get(row as usize) else { continue };
        let step = (score * steps) as usize;
        counts[step.min(STEPS)] += usize::from(admits(row));
    }
    let below = place_of(depth, counts.into_iter().rev());
    below.map_or(0.0, |below| (STEPS - below) as f32 / steps * (1.0 - ROUNDING))
}

/// Whether most of `touched` are admitted and score at least `bound`, by a sample: then it is not worth
/// while to part with the others.
fn most_stay(bound: f32, admits: impl Fn(u32) -> bool, scores: &[f32], touched: &[u32]) -> bool {
    let sample = || touched.iter().step_by(touched.len() / SAMPLE + 1);
    let stay = sample().filter(|row| scores[**row as usize] >= bound && admits(**row));
    2 * stay.count() > sample().count()
}

/// Leaves those of `touched` that are admitted and score at least `bound`; the others score nothing from
/// now on. Which way it goes is anybody's guess, so there is no branch for it. That is why numbers are
/// compared as their bits, which are in the same order if none is negative: to choose between two
/// numbers of floating point compilers do branch.
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

/// Offers those of `touched` that are admitted, and leaves nothing there and no score.
#[inline(never)]
fn offer(
    scores: &mut [f32],
    touched: &mut Vec<u32>,
    admits: impl Fn(u32) -> bool,
    best: &mut Best,
) {
    let mut least = f32::MIN_POSITIVE;
    for row in touched.drain(..) {
        let Some(score) = scores.get_mut(row as usize).map(std::mem::take) else { continue };
        if score >= least && admits(row) {
            best.offer(score, row);
            least = best.least().unwrap_or(least);
        }
    }
}

impl Term<'_> {
    /// The most it adds to a row.
    fn most(&self) -> f32 {
        self.weight * self.postings.greatest
    }

    /// Adds to the score of each row that holds it. Whether a row is found for the first time is
    /// anybody's guess, so it is written down in any case, and counted if it is.
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

    /// Adds to the score of each row that holds it and has one. Takes no branch for that.
    #[inline(never)]
    fn add_to_found(&self, scores: &mut [f32]) {
        let weight = self.weight;
        for (&row, share) in self.postings.rows.iter().zip(self.postings.shares) {
            let Some(score) = scores.get_mut(row as usize) else { continue };
            *score += weight * share * f32::from(u8::from(*score != 0.0));
        }
    }

    /// Adds to the scores of those of `found`, which ascend, that hold it. `places` is scratch.
    ///
    /// Whoever reads here and there in a long list waits for memory, mostly. So each row is looked for
    /// near the place where it would stand if the rows of the list were spread evenly, and what is read
    /// next is asked for in time.
    #[inline(never)]
    fn look_up(&self, scores: &mut [f32], found: &[u32], places: &mut Vec<usize>) {
        let Postings { rows, shares, .. } = self.postings;
        let (Some(&first), Some(&last)) = (rows.first(), rows.last()) else { return };
        let span = last.saturating_sub(first) as usize + 1;
        let (mut place, mut from) = (0, first);
        places.clear();
        for (number, &row) in found.iter().enumerate() {
            let guess = |row: u32| place + row.saturating_sub(from) as usize * rows.len() / span;
            if let Some(&later) = found.get(number + AHEAD) {
                prefetch_at(rows, guess(later));
            }
            place = before(rows, guess(row), row);
            from = row;
            prefetch_at(shares, place);
            places.push(place);
        }
        for (&row, &place) in found.iter().zip(&*places) {
            if let (Some(other), Some(share)) = (rows.get(place), shares.get(place))
                && *other == row
            {
                scores[row as usize] += self.weight * share;
            }
        }
    }
}

/// How many of `rows`, which ascend, come before `row`. `guess` is where the search begins: from there
/// on it goes in steps that double, then by halves.
fn before(rows: &[u32], guess: usize, row: u32) -> usize {
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
        fn a_row_is_found_whatever_was_guessed(
            rows in prop::collection::btree_set(0_u32..500, 0..200),
            guess in 0_usize..300,
            row in 0_u32..520,
        ) {
            let rows: Vec<u32> = rows.into_iter().collect();
            let expected = rows.partition_point(|other| *other < row);
            prop_assert_eq!(before(&rows, guess, row), expected);
        }

        #[test]
        fn so_many_rows_reach_what_is_asked_of_them(
            scores in prop::collection::vec(0.001_f32..9.0, 1..300),
            depth in 1_usize..40,
            step in 1_u32..4,
        ) {
            let touched: Vec<u32> = (0..u32::try_from(scores.len()).unwrap()).collect();
            let admits = |row: u32| row.is_multiple_of(step);
            let first = touched.iter().take(depth * FIRST);
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
