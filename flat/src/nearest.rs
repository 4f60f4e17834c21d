//! The nearest vectors of a segment: a few bits of all, more bits of fewer, all bits of the best.

use crate::best::{Best, Scored};
use crate::quantised::{code, quantise};
use crate::rows::Rows;
use crate::scratch::Scratch;
use crate::segment::Segment;
use crate::simd::{distances, dot, dots, within};
use std::panic::resume_unwind;
use std::sync::mpsc;
use std::thread;

/// A query's vector in the forms that the steps need.
#[derive(Debug)]
pub(crate) struct Direction<'a> {
    vector: &'a [f32],
    quantised: Vec<i8>,
}

/// Rows that are scored in 8 bits at a time.
const BLOCK: usize = 256;

/// How many rows are looked at in 8 bits, after their single bits, for each that will be compared
/// exactly: recall .99 on embeddings of products, at 10 hits and at 200.
const RESCORED: usize = 80;

/// At least so many of them.
const LEAST_RESCORED: usize = 4_000;

/// So many rows are looked at by their single bits in the time that one takes in 8 bits.
const ROWS_OF_BITS: usize = 12;

impl<'a> Direction<'a> {
    pub(crate) fn new(vector: &'a [f32]) -> Self {
        let mut quantised = Vec::new();
        quantise(vector, &mut quantised);
        Self { vector, quantised }
    }

    /// The cosine of a row.
    pub(crate) fn cosine(&self, segment: &Segment, row: u32) -> f32 {
        dot(self.vector, segment.vector(row))
    }
}

/// The `depth` nearest of `rows`, with exact cosines, in no order.
pub(crate) fn nearest(
    segment: &Segment,
    direction: &Direction<'_>,
    rows: &Rows,
    depth: usize,
    scratch: &mut Scratch,
) -> Vec<Scored> {
    // Eight bits may confuse neighbours, so a few more than asked for are compared exactly.
    let compared = depth.saturating_add(depth / 4).saturating_add(32);
    let mut best = Best::new(depth);
    let mut exact = |row| best.offer(direction.cosine(segment, row), row);
    if depth == 0 {
        return Vec::new();
    }
    if rows.count() <= compared {
        rows.visit_blocks::<BLOCK>(|block| block.iter().for_each(|row| exact(*row)));
    } else {
        for (_, row) in by_eight_bits(segment, direction, rows, compared, scratch) {
            exact(row);
        }
    }
    best.into_found()
}

fn by_eight_bits(
    segment: &Segment,
    direction: &Direction<'_>,
    rows: &Rows,
    depth: usize,
    scratch: &mut Scratch,
) -> Vec<Scored> {
    let looked_at = depth.saturating_mul(RESCORED).max(LEAST_RESCORED);
    let bits_first = looked_at + segment.rows() / ROWS_OF_BITS;
    if !segment.codes().is_empty() && rows.count() > bits_first {
        return by_bits_first(segment, direction, rows, depth, looked_at, scratch);
    }
    let mut best = Best::new(depth);
    rows.visit_blocks::<BLOCK>(|block| score(segment, direction, block, &mut best));
    best.into_found()
}

/// Offers a block of rows with what they score in 8 bits.
fn score(segment: &Segment, direction: &Direction<'_>, block: &[u32], best: &mut Best) {
    let steps = segment.steps();
    let mut products = [0; BLOCK];
    dots(segment.quantised(), &direction.quantised, block, &mut products);
    for (&row, product) in block.iter().zip(products) {
        #[expect(clippy::cast_precision_loss, reason = "an estimate, compared exactly later")]
        best.offer(product as f32 * steps[row as usize], row);
    }
}

/// Half of a large segment. Two threads look at one each: what a query waits for there is memory,
/// and two cores fetch nearly twice as much of it.
#[derive(Debug)]
struct Half<'a> {
    first: u32,
    words: &'a [u64],
    codes: &'a [u64],
    distances: &'a mut [u16],
}

/// The best by 8 bits among the rows that differ from the query in the fewest bits: about `looked_at`,
/// and all that differ in as many as the last of them.
fn by_bits_first(
    segment: &Segment,
    direction: &Direction<'_>,
    rows: &Rows,
    depth: usize,
    looked_at: usize,
    scratch: &mut Scratch,
) -> Vec<Scored> {
    let query = code(direction.vector.iter().copied(), segment.mean());
    scratch.distances.resize(segment.rows(), 0);
    let search = BitsFirst { segment, direction, query: &query, depth, looked_at };
    let found = search
        .on_two_threads(halves(segment, rows, query.len(), &mut scratch.distances))
        .unwrap_or_else(|| {
            search.on_one(halves(segment, rows, query.len(), &mut scratch.distances))
        });
    let mut best = Best::new(depth);
    found.into_iter().flatten().for_each(|(score, row)| best.offer(score, row));
    best.into_found()
}

/// What both halves are searched for.
#[derive(Clone, Copy, Debug)]
struct BitsFirst<'a> {
    segment: &'a Segment,
    direction: &'a Direction<'a>,
    query: &'a [u64],
    depth: usize,
    looked_at: usize,
}

impl BitsFirst<'_> {
    /// The best of each half; `None` if no thread can be had.
    fn on_two_threads(&self, [mut low, mut high]: [Half<'_>; 2]) -> Option<[Vec<Scored>; 2]> {
        thread::scope(|scope| {
            let (give, take) = mpsc::channel();
            let (tell, told) = mpsc::channel();
            let other = thread::Builder::new().spawn_scoped(scope, move || {
                give.send(high.count(self.query)).ok()?;
                told.recv().ok().map(|most| self.look(&high, most))
            });
            let other = other.ok()?;
            let count = low.count(self.query);
            // Only a panic makes the other thread silent, and that is passed on below.
            let one = take.recv().ok().and_then(|other| {
                let most = furthest(&[count, other], self.looked_at);
                tell.send(most).ok().map(|()| self.look(&low, most))
            });
            let other = other.join().unwrap_or_else(|panic| resume_unwind(panic));
            Some([one?, other?])
        })
    }

    fn on_one(&self, [mut low, mut high]: [Half<'_>; 2]) -> [Vec<Scored>; 2] {
        let most = furthest(&[low.count(self.query), high.count(self.query)], self.looked_at);
        [self.look(&low, most), self.look(&high, most)]
    }

    fn look(&self, half: &Half<'_>, most: u16) -> Vec<Scored> {
        let mut best = Best::new(self.depth);
        let rows = half.pick(most);
        rows.chunks(BLOCK).for_each(|rows| score(self.segment, self.direction, rows, &mut best));
        best.into_found()
    }
}

fn halves<'a>(
    segment: &'a Segment,
    rows: &'a Rows,
    code_words: usize,
    distances: &'a mut [u16],
) -> [Half<'a>; 2] {
    let (words, other_words) = rows.words().split_at(rows.words().len() / 2);
    let middle = 64 * words.len();
    let (codes, other_codes) = segment.codes().split_at(middle * code_words);
    let (distances, other_distances) = distances.split_at_mut(middle);
    #[expect(clippy::cast_possible_truncation, reason = "a segment has fewer than 2^32 rows")]
    let first = middle as u32;
    let low = Half { first: 0, words, codes, distances };
    [low, Half { first, words: other_words, codes: other_codes, distances: other_distances }]
}

impl Half<'_> {
    /// Finds out in how many bits each row differs from the query, and counts those of `words` that
    /// differ in so many. Where a filter keeps all of 64 rows, a quarter of them speaks for the rest.
    fn count(&mut self, query: &[u64]) -> Vec<usize> {
        distances(self.codes, query, self.distances);
        let mut counts = vec![0; 64 * query.len() + 1];
        for (&word, distances) in self.words.iter().zip(self.distances.chunks(64)) {
            if word == u64::MAX {
                for four in distances.as_chunks::<4>().0 {
                    counts[usize::from(four[0])] += 4;
                }
            } else if word != 0 {
                // What the filter does not keep adds nothing; that is faster than to leave it out.
                for (bit, distance) in distances.iter().enumerate() {
                    counts[usize::from(*distance)] += (word >> bit & 1) as usize;
                }
            }
        }
        counts
    }

    /// The rows of `words` that differ from the query in at most so many bits.
    fn pick(&self, most: u16) -> Vec<u32> {
        let mut picked = Vec::new();
        let mut row = self.first;
        for (&word, distances) in self.words.iter().zip(self.distances.chunks(64)) {
            let mut left = word & within(distances, most);
            while left != 0 {
                picked.push(row + left.trailing_zeros());
                left &= left - 1;
            }
            row += 64;
        }
        picked
    }
}

/// The least distance within which `wanted` rows lie, of which so many lie at each distance.
fn furthest(counts: &[Vec<usize>; 2], wanted: usize) -> u16 {
    let mut within = 0;
    let at_each = counts[0].iter().zip(&counts[1]).map(|(one, other)| one + other);
    let found = (0_u16..).zip(at_each).find(|(_, count)| {
        within += count;
        within >= wanted
    });
    found.map_or(u16::MAX, |(distance, _)| distance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_nearest_by_bits_are_within_the_distance_that_holds_so_many(
            distances in prop::collection::vec(0_u16..40, 0..200),
            step in 1_usize..4,
            count in 1_usize..50,
        ) {
            let mut rows = Rows::all(distances.len());
            let numbers: Vec<usize> = (0..distances.len()).collect();
            rows.retain(&numbers, |row| row.is_multiple_of(step));
            let kept = || distances.iter().step_by(step);
            let counted = |from: usize| {
                let mut counts = vec![0; 65];
                let kept = distances.iter().enumerate().skip(from).step_by(2);
                let kept = kept.filter(|(row, _)| rows.contains(u32::try_from(*row).unwrap()));
                kept.for_each(|(_, distance)| counts[usize::from(*distance)] += 1);
                counts
            };
            let most = furthest(&[counted(0), counted(1)], count);
            if kept().count() >= count {
                prop_assert!(kept().filter(|distance| **distance <= most).count() >= count);
                prop_assert!(kept().filter(|distance| **distance < most).count() < count);
            }
            let mut picked = Vec::new();
            for chunk in distances.chunks(64) {
                let bits = within(chunk, most);
                picked.extend((0..chunk.len()).map(|bit| bits >> bit & 1 == 1));
            }
            let near: Vec<bool> = distances.iter().map(|distance| *distance <= most).collect();
            prop_assert_eq!(picked, near);
        }
    }
}
