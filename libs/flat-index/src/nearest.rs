//! The nearest vectors of a segment: a few bits of all, more bits of fewer, all bits of the best.

use crate::best::{Best, Scored, place_of};
use crate::quantized::{block_bytes, costs, quantize};
use crate::rows::Rows;
use crate::segment::Segment;
use crate::simd::{TOGETHER, Table, distances, dot, dots, prefetch, within};
use compute_pool::ReservedThreads;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A query's vector in the forms that the steps need.
#[derive(Debug)]
pub(crate) struct Direction<'a> {
    vector: &'a [f32],
    quantized: Vec<i8>,
}

/// How many rows ahead memory is asked for.
const AHEAD: usize = 4;

/// Rows that a thread takes at a time while it looks at bits.
const PART: usize = 4_096;

/// Rows that are scored in 8 bits at a time.
const BLOCK: usize = 256;

/// How many rows are looked at in 8 bits, after their single bits, for each that will be compared
/// exactly: recall .99 on embeddings of products, at 10 hits and at 200.
const RESCORED: usize = 16;

/// At least so many of them.
const LEAST_RESCORED: usize = 2_000;

/// So many rows are looked at by their single bits in the time that one takes in 8 bits.
const ROWS_OF_BITS: usize = 12;

impl<'a> Direction<'a> {
    pub(crate) fn new(vector: &'a [f32]) -> Self {
        let mut quantized = Vec::new();
        quantize(vector, &mut quantized);
        Self { vector, quantized }
    }

    /// The cosine of a row.
    pub(crate) fn cosine(&self, segment: &Segment, row: u32) -> f32 {
        dot(self.vector, segment.vector(row))
    }
}

/// The `depth` nearest of `rows`, with exact cosines, in no order; and what `aside` gives, which is done
/// on this thread while another one begins, where there are two.
pub(crate) fn nearest<T>(
    segment: &Segment,
    direction: &Direction<'_>,
    rows: &Rows,
    depth: usize,
    distances: &mut Vec<u16>,
    aside: impl FnOnce() -> T,
) -> (Vec<Scored>, T) {
    // Eight bits may confuse neighbors, so a few more than asked for are compared exactly.
    let compared = depth.saturating_add(depth / 4).saturating_add(32);
    let mut best = Best::new(depth);
    if depth == 0 {
        return (Vec::new(), aside());
    }
    if rows.count() <= compared {
        rows.visit_blocks::<BLOCK>(|block| compare(segment, direction, block, &mut best));
        return (best.into_found(), aside());
    }
    let looked_at = compared.saturating_mul(RESCORED).max(LEAST_RESCORED);
    let bits_first = looked_at + segment.rows() / ROWS_OF_BITS;
    let (near, done) = if !segment.codes().is_empty() && rows.count() > bits_first {
        let query = costs(direction.vector);
        let search = BitsFirst { segment, direction, query: &query, depth: compared, looked_at };
        search.run(rows, distances, aside)
    } else {
        (by_eight_bits(segment, direction, rows, compared), aside())
    };
    let near: Vec<_> = near.into_iter().map(|(_, row)| row).collect();
    compare(segment, direction, &near, &mut best);
    (best.into_found(), done)
}

/// Offers rows with their exact cosines.
fn compare(segment: &Segment, direction: &Direction<'_>, rows: &[u32], best: &mut Best) {
    for (place, &row) in rows.iter().enumerate() {
        if let Some(&next) = rows.get(place + AHEAD) {
            prefetch(segment.vector(next));
        }
        best.offer(direction.cosine(segment, row), row);
    }
}

fn by_eight_bits(
    segment: &Segment,
    direction: &Direction<'_>,
    rows: &Rows,
    depth: usize,
) -> Vec<Scored> {
    let mut best = Best::new(depth);
    rows.visit_blocks::<BLOCK>(|block| score(segment, direction, block, &mut best));
    best.into_found()
}

/// Offers a block of rows with what they score in 8 bits.
fn score(segment: &Segment, direction: &Direction<'_>, block: &[u32], best: &mut Best) {
    let steps = segment.steps();
    let mut products = [0; BLOCK];
    dots(segment.quantized(), &direction.quantized, block, &mut products);
    for (&row, product) in block.iter().zip(products) {
        #[expect(clippy::cast_precision_loss, reason = "an estimate, compared exactly later")]
        best.offer(product as f32 * steps[row as usize], row);
    }
}

/// The best by 8 bits among the rows whose bits lie nearest to the query: about `looked_at`, and all
/// that are as near as the last of them.
#[derive(Clone, Copy, Debug)]
struct BitsFirst<'a> {
    segment: &'a Segment,
    direction: &'a Direction<'a>,
    query: &'a [Table],
    depth: usize,
    looked_at: usize,
}

/// Some rows of a large segment. Two threads take one after the other: what a query waits for there is
/// memory, and two cores fetch nearly twice as much of it.
#[derive(Debug)]
struct Part<'a> {
    first: u32,
    words: &'a [u64],
    codes: &'a [u8],
    distances: &'a mut [u16],
}

/// Parts that anybody may take.
type Parts<'a> = Mutex<Vec<Part<'a>>>;

impl BitsFirst<'_> {
    fn run<T>(
        &self,
        rows: &Rows,
        distances: &mut Vec<u16>,
        aside: impl FnOnce() -> T,
    ) -> (Vec<Scored>, T) {
        distances.resize(self.segment.rows(), 0);
        let (parts, counted) = (parts(self.segment, rows, distances), Parts::default());
        let (parts, counted) = (&Mutex::new(parts), &counted);
        // A third thread would bring little, and on a single core nobody helps.
        let mut helpers = ReservedThreads::reserve(compute_pool::cores().min(2) - 1);
        let own = || {
            let done = aside();
            (self.count(parts, counted), done)
        };
        let ((mut counts, done), others) = helpers.run(own, |_| self.count(parts, counted));
        for (count, more) in counts.iter_mut().zip(others.into_iter().flatten()) {
            *count += more;
        }
        let most = furthest(&counts, self.looked_at);
        let (found, others) =
            helpers.run(|| self.look(counted, most), |_| self.look(counted, most));
        let mut best = Best::new(self.depth);
        for (score, row) in found.into_iter().chain(others.into_iter().flatten()) {
            best.offer(score, row);
        }
        (best.into_found(), done)
    }

    /// Finds out how far from the query the bits of rows are, and how many of them are so far.
    fn count<'a>(&self, parts: &Parts<'a>, counted: &Parts<'a>) -> Vec<usize> {
        let most = self.query.iter().map(|table| usize::from(*table.iter().max().unwrap_or(&0)));
        let mut counts = vec![0; most.sum::<usize>() + 1];
        while let Some(mut part) = take(parts) {
            part.count(self.query, &mut counts);
            lock(counted).push(part);
        }
        counts
    }

    /// The best by 8 bits of the rows that are at most so far.
    fn look(&self, counted: &Parts<'_>, most: u16) -> Vec<Scored> {
        let mut best = Best::new(self.depth);
        let mut rows = Vec::with_capacity(2 * BLOCK);
        loop {
            let part = take(counted);
            if let Some(part) = &part {
                part.pick(most, &mut rows);
            }
            // Whole blocks, for within one memory can be asked for far ahead.
            let ready = if part.is_some() { rows.len() / BLOCK * BLOCK } else { rows.len() };
            for block in rows[..ready].chunks(BLOCK) {
                score(self.segment, self.direction, block, &mut best);
            }
            rows.drain(..ready);
            if part.is_none() {
                return best.into_found();
            }
        }
    }
}

fn parts<'a>(segment: &'a Segment, rows: &'a Rows, distances: &'a mut [u16]) -> Vec<Part<'a>> {
    let words = rows.words().chunks(PART / 64);
    // Sixty-four rows have whole blocks of codes.
    let codes = segment.codes().chunks(PART / TOGETHER * block_bytes(segment.schema().dimension));
    let parts = words.zip(codes).zip(distances.chunks_mut(PART)).zip((0..).step_by(PART));
    let part = |(((words, codes), distances), first)| Part { first, words, codes, distances };
    let mut parts: Vec<_> = parts.map(part).collect();
    // The last one is taken first.
    parts.reverse();
    parts
}

/// The next part. The lock is free again before anybody works on it.
fn take<'a>(parts: &Parts<'a>) -> Option<Part<'a>> {
    lock(parts).pop()
}

/// Nothing that holds one of these locks can leave it half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Part<'_> {
    /// Adds up how many of `words` are how far. Where a filter keeps all of 64 rows, a quarter of them
    /// speaks for the rest.
    fn count(&mut self, query: &[Table], counts: &mut [usize]) {
        distances(self.codes, query, self.distances);
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
    }

    /// Adds the rows of `words` whose bits are at most so far from the query.
    fn pick(&self, most: u16, picked: &mut Vec<u32>) {
        let mut row = self.first;
        for (&word, distances) in self.words.iter().zip(self.distances.chunks(64)) {
            let mut left = word & within(distances, most);
            while left != 0 {
                picked.push(row + left.trailing_zeros());
                left &= left - 1;
            }
            row += 64;
        }
    }
}

/// The least distance within which `wanted` rows lie, of which so many lie at each distance.
fn furthest(counts: &[usize], wanted: usize) -> u16 {
    let place = place_of(wanted, counts.iter().copied());
    place.and_then(|place| u16::try_from(place).ok()).unwrap_or(u16::MAX)
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
            let kept = || distances.iter().step_by(step);
            let mut counts = vec![0; 65];
            kept().for_each(|distance| counts[usize::from(*distance)] += 1);
            let most = furthest(&counts, count);
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
