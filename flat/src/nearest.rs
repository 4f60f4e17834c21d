//! The nearest vectors of a segment: a few bits of all, more bits of fewer, all bits of the best.

use crate::best::{Best, Scored};
use crate::quantised::{code, quantise};
use crate::rows::Rows;
use crate::scratch::Scratch;
use crate::segment::Segment;
use crate::simd::{distances, dot, dots};

/// A query's vector in the forms that the steps need.
#[derive(Debug)]
pub(crate) struct Direction<'a> {
    vector: &'a [f32],
    quantised: Vec<i8>,
}

/// Rows that are scored in 8 bits at a time.
const BLOCK: usize = 256;

/// How many rows per hit are looked at in 8 bits after their single bits: recall .99 on embeddings
/// of products, at 10 hits and at 200.
const RESCORED: usize = 40;

/// At least so many of them.
const LEAST_RESCORED: usize = 2_000;

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
    let (codes, steps) = (segment.quantised(), segment.steps());
    let mut best = Best::new(depth);
    let mut score = |block: &[u32]| {
        let mut products = [0; BLOCK];
        dots(codes, &direction.quantised, block, &mut products);
        for (&row, product) in block.iter().zip(products) {
            #[expect(clippy::cast_precision_loss, reason = "an estimate, compared exactly later")]
            best.offer(product as f32 * steps[row as usize], row);
        }
    };
    let looked_at = depth.saturating_mul(RESCORED).max(LEAST_RESCORED);
    if segment.codes().is_empty() || rows.count() / 2 <= looked_at {
        rows.visit_blocks::<BLOCK>(score);
    } else {
        pick_by_bits(segment, direction, rows, looked_at, scratch);
        scratch.picked.chunks(BLOCK).for_each(&mut score);
    }
    best.into_found()
}

/// Leaves in `scratch.picked` the rows that differ from the query in the fewest bits: at least
/// `count`, and all that differ in as many as the last of them.
fn pick_by_bits(
    segment: &Segment,
    direction: &Direction<'_>,
    rows: &Rows,
    count: usize,
    scratch: &mut Scratch,
) {
    let query = code(direction.vector.iter().copied(), segment.mean());
    distances(segment.codes(), &query, &mut scratch.distances);
    let most = furthest(rows, &scratch.distances, 64 * query.len(), count);
    scratch.picked.clear();
    let mut row = 0;
    for (&word, distances) in rows.words().iter().zip(scratch.distances.chunks(64)) {
        let mut left = word & within(distances, most);
        while left != 0 {
            scratch.picked.push(row + left.trailing_zeros());
            left &= left - 1;
        }
        row += 64;
    }
}

/// A bit for each of up to 64 distances: whether it is at most `most`. Takes no branch.
fn within(distances: &[u16], most: u16) -> u64 {
    let mut bits = 0;
    for (place, eight) in distances.chunks(8).enumerate() {
        let mut bytes = [0_u8; 8];
        for (byte, distance) in bytes.iter_mut().zip(eight) {
            *byte = u8::from(*distance <= most);
        }
        // The product gathers the lowest bit of each byte in the highest byte.
        let gathered = u64::from_le_bytes(bytes).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= gathered << (8 * place);
    }
    bits
}

/// The least distance within which `count` of `rows` lie.
fn furthest(rows: &Rows, distances: &[u16], bits: usize, count: usize) -> u16 {
    // Four histograms, for neighbouring rows often count towards the same distance, and a
    // processor waits for a number that it has just written.
    let mut counts = [(); 4].map(|()| vec![0_usize; bits + 1]);
    for (&word, distances) in rows.words().iter().zip(distances.chunks(64)) {
        if word == u64::MAX {
            for four in distances.as_chunks::<4>().0 {
                for (counts, distance) in counts.iter_mut().zip(four) {
                    counts[usize::from(*distance)] += 1;
                }
            }
        } else if word != 0 {
            // What the filter does not keep adds nothing; that is faster than to leave it out.
            for (place, four) in distances.as_chunks::<4>().0.iter().enumerate() {
                for (bit, (counts, distance)) in counts.iter_mut().zip(four).enumerate() {
                    counts[usize::from(*distance)] += (word >> (4 * place + bit) & 1) as usize;
                }
            }
            for (bit, distance) in distances.iter().enumerate().skip(distances.len() / 4 * 4) {
                counts[0][usize::from(*distance)] += (word >> bit & 1) as usize;
            }
        }
    }
    let mut within = 0;
    let found = (0_u16..).zip(0..=bits).find(|(_, distance)| {
        within += counts.iter().map(|counts| counts[*distance]).sum::<usize>();
        within >= count
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
            let most = furthest(&rows, &distances, 64, count);
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
