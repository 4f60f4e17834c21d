//! The rows of a segment that hold a query's words.
//!
//! Each loop over postings or rows is a function that is not inlined: together they have more numbers
//! than the processor has registers, and would read some from memory in every round.

use crate::best::{Best, Scored};
use crate::rows::Rows;
use crate::scratch::WordScratch;
use crate::segment::Postings;
use crate::simd::prefetch_at;
use std::cell::Cell;

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
    let WordScratch { scores, touched, places } = scratch;
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
                keep(least, rest, rows, scores, touched);
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
    offer(scores, touched, rows, &mut best);
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

/// Leaves those of `touched` that are among `rows` and score at least `least` when `rest` is added; the
/// others score nothing from now on. Takes no branch for that: which way it goes is anybody's guess.
#[inline(never)]
fn keep(least: f32, rest: f32, rows: &Rows, scores: &mut [f32], touched: &mut Vec<u32>) {
    let mut kept = 0;
    let cells = Cell::from_mut(touched.as_mut_slice()).as_slice_of_cells();
    for row in cells.iter().map(Cell::get) {
        let (Some(score), Some(place)) = (scores.get_mut(row as usize), cells.get(kept)) else {
            continue;
        };
        let stays = (*score + rest >= least) & rows.contains(row);
        place.set(row);
        kept += usize::from(stays);
        *score *= f32::from(u8::from(stays));
    }
    touched.truncate(kept);
}

/// Offers those of `touched` that are among `rows`, and leaves nothing there and no score.
#[inline(never)]
fn offer(scores: &mut [f32], touched: &mut Vec<u32>, rows: &Rows, best: &mut Best) {
    for row in touched.drain(..) {
        let score = std::mem::take(&mut scores[row as usize]);
        if score > 0.0 && rows.contains(row) {
            best.offer(score, row);
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
        let span = (last - first) as usize + 1;
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
