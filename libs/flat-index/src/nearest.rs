//! Finds the nearest vectors of a segment in up to three passes: one bit a dimension for all rows, eight
//! bits for fewer, f32 for the best.

use crate::best::{ScoredRow, TopRows, index_of_rank};
use crate::quantized::{block_bytes, costs, quantize};
use crate::rows::Rows;
use crate::segment::Segment;
use crate::simd::{CostTable, Kernels, ROWS_PER_BLOCK, prefetch};
use compute_pool::ReservedThreads;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A query's vector in the forms that the passes need, and the kernels that compare it.
#[derive(Debug)]
pub(crate) struct QueryVector<'a> {
    vector: &'a [f32],
    quantized: Vec<i8>,
    kernels: Kernels,
}

/// The number of rows ahead of the current one that are prefetched.
const AHEAD: usize = 4;

/// Rows that a thread takes at a time in the pass over single bits.
const PART: usize = 4_096;

/// Rows that one call scores in 8 bits.
const BLOCK: usize = 256;

/// Rows scored in 8 bits, after the pass over single bits, for each row that is then compared exactly:
/// recall .99 on embeddings of products, at 10 hits and at 200.
const RESCORED: usize = 16;

/// The minimum number of rows scored in 8 bits after the pass over single bits.
const LEAST_RESCORED: usize = 2_000;

/// Rows that the pass over single bits handles in the time that one row takes in 8 bits.
const ROWS_OF_BITS: usize = 12;

impl<'a> QueryVector<'a> {
    pub(crate) fn new(vector: &'a [f32], kernels: Kernels) -> Self {
        let mut quantized = Vec::new();
        quantize(vector, &mut quantized);
        Self { vector, quantized, kernels }
    }

    /// Returns the exact cosine of a row.
    pub(crate) fn cosine(&self, segment: &Segment, row: u32) -> f32 {
        self.kernels.dot(self.vector, segment.vector(row))
    }
}

/// Returns the `depth` nearest of `rows` with their exact cosines, in no order, and the result of `aside`,
/// which runs on this thread while a second thread, if there is one, starts the scan.
pub(crate) fn nearest<T>(
    segment: &Segment,
    direction: &QueryVector<'_>,
    rows: &Rows,
    depth: usize,
    distances: &mut Vec<u16>,
    aside: impl FnOnce() -> T,
) -> (Vec<ScoredRow>, T) {
    // Eight bits may swap close neighbors, so a few more than requested are compared exactly.
    let compared = depth.saturating_add(depth / 4).saturating_add(32);
    let mut best = TopRows::new(depth);
    if depth == 0 {
        return (Vec::new(), aside());
    }
    if rows.count() <= compared {
        rows.visit_blocks::<BLOCK>(|block| compare(segment, direction, block, &mut best));
        return (best.into_found(), aside());
    }
    let rescored = compared.saturating_mul(RESCORED).max(LEAST_RESCORED);
    let bit_scan_from = rescored + segment.rows() / ROWS_OF_BITS;
    let (near, done) = if !segment.codes().is_empty() && rows.count() > bit_scan_from {
        let query = costs(direction.vector);
        let scan = BitScan { segment, direction, query: &query, depth: compared, rescored };
        scan.run(rows, distances, aside)
    } else {
        (by_eight_bits(segment, direction, rows, compared), aside())
    };
    let near: Vec<_> = near.into_iter().map(|(_, row)| row).collect();
    compare(segment, direction, &near, &mut best);
    (best.into_found(), done)
}

/// Offers rows to `best` with their exact cosines.
fn compare(segment: &Segment, direction: &QueryVector<'_>, rows: &[u32], best: &mut TopRows) {
    for (place, &row) in rows.iter().enumerate() {
        if let Some(&next) = rows.get(place + AHEAD) {
            prefetch(segment.vector(next));
        }
        best.offer(direction.cosine(segment, row), row);
    }
}

/// Returns the `depth` best of `rows` by their 8-bit scores.
fn by_eight_bits(
    segment: &Segment,
    direction: &QueryVector<'_>,
    rows: &Rows,
    depth: usize,
) -> Vec<ScoredRow> {
    let mut best = TopRows::new(depth);
    rows.visit_blocks::<BLOCK>(|block| score(segment, direction, block, &mut best));
    best.into_found()
}

/// Offers a block of rows to `best` with their 8-bit scores.
fn score(segment: &Segment, direction: &QueryVector<'_>, block: &[u32], best: &mut TopRows) {
    let steps = segment.steps();
    let mut products = [0; BLOCK];
    direction.kernels.dots(segment.quantized(), &direction.quantized, block, &mut products);
    for (&row, product) in block.iter().zip(products) {
        #[expect(clippy::cast_precision_loss, reason = "an estimate, compared exactly later")]
        best.offer(product as f32 * steps[row as usize], row);
    }
}

/// A scan that finds about `rescored` rows whose single bits are nearest to the query, ties included, and
/// then the `depth` best of those by their 8-bit scores.
#[derive(Clone, Copy, Debug)]
struct BitScan<'a> {
    segment: &'a Segment,
    direction: &'a QueryVector<'a>,
    query: &'a [CostTable],
    depth: usize,
    rescored: usize,
}

/// A part of the rows of a large segment. Two threads take parts in turn: the scan is bound by memory, and
/// two cores read nearly twice as fast as one.
#[derive(Debug)]
struct Part<'a> {
    first: u32,
    words: &'a [u64],
    codes: &'a [u8],
    distances: &'a mut [u16],
}

/// Parts that no thread has taken yet.
type Parts<'a> = Mutex<Vec<Part<'a>>>;

impl BitScan<'_> {
    fn run<T>(
        &self,
        rows: &Rows,
        distances: &mut Vec<u16>,
        aside: impl FnOnce() -> T,
    ) -> (Vec<ScoredRow>, T) {
        distances.resize(self.segment.rows(), 0);
        let (parts, counted) = (parts(self.segment, rows, distances), Parts::default());
        let (parts, counted) = (&Mutex::new(parts), &counted);
        // A third thread gains little, and a single core has none to spare.
        let mut threads = ReservedThreads::reserve(compute_pool::cores().min(2) - 1);
        let own = || {
            let done = aside();
            (self.count(parts, counted), done)
        };
        let ((mut counts, done), others) = threads.run(own, |_| self.count(parts, counted));
        for (count, more) in counts.iter_mut().zip(others.into_iter().flatten()) {
            *count += more;
        }
        let most = furthest(&counts, self.rescored);
        let (found, others) =
            threads.run(|| self.rescore(counted, most), |_| self.rescore(counted, most));
        let mut best = TopRows::new(self.depth);
        for (score, row) in found.into_iter().chain(others.into_iter().flatten()) {
            best.offer(score, row);
        }
        (best.into_found(), done)
    }

    /// Computes the distance of each row's bits from the query, and returns the number of rows at each
    /// distance.
    fn count<'a>(&self, parts: &Parts<'a>, counted: &Parts<'a>) -> Vec<usize> {
        let most = self.query.iter().map(|table| usize::from(*table.iter().max().unwrap_or(&0)));
        let mut counts = vec![0; most.sum::<usize>() + 1];
        while let Some(mut part) = take(parts) {
            part.count(self.direction.kernels, self.query, &mut counts);
            lock(counted).push(part);
        }
        counts
    }

    /// Returns the best by 8 bits among the rows within distance `most`.
    fn rescore(&self, counted: &Parts<'_>, most: u16) -> Vec<ScoredRow> {
        let mut best = TopRows::new(self.depth);
        let mut rows = Vec::with_capacity(2 * BLOCK);
        loop {
            let part = take(counted);
            if let Some(part) = &part {
                part.pick(self.direction.kernels, most, &mut rows);
            }
            // Whole blocks only: within a block, rows are prefetched far ahead.
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

/// Splits a segment's rows into parts.
fn parts<'a>(segment: &'a Segment, rows: &'a Rows, distances: &'a mut [u16]) -> Vec<Part<'a>> {
    let words = rows.words().chunks(PART / 64);
    // Parts are multiples of 64 rows, so they have whole blocks of codes.
    let codes =
        segment.codes().chunks(PART / ROWS_PER_BLOCK * block_bytes(segment.schema().dimension));
    let parts = words.zip(codes).zip(distances.chunks_mut(PART)).zip((0..).step_by(PART));
    let part = |(((words, codes), distances), first)| Part { first, words, codes, distances };
    let mut parts: Vec<_> = parts.map(part).collect();
    // Parts are popped from the end.
    parts.reverse();
    parts
}

/// Takes the next part, and releases the lock before it is processed.
fn take<'a>(parts: &Parts<'a>) -> Option<Part<'a>> {
    lock(parts).pop()
}

/// Locks, ignoring poison: no panic leaves these lists inconsistent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Part<'_> {
    /// Adds to `counts` the number of rows at each distance. Where a filter keeps all of 64 rows, a quarter
    /// of them is counted as a sample.
    fn count(&mut self, kernels: Kernels, query: &[CostTable], counts: &mut [usize]) {
        kernels.distances(self.codes, query, self.distances);
        for (&word, distances) in self.words.iter().zip(self.distances.chunks(64)) {
            if word == u64::MAX {
                for four in distances.as_chunks::<4>().0 {
                    counts[usize::from(four[0])] += 4;
                }
            } else if word != 0 {
                // Adding 0 for the rows that are filtered out is faster than a branch.
                for (bit, distance) in distances.iter().enumerate() {
                    counts[usize::from(*distance)] += (word >> bit & 1) as usize;
                }
            }
        }
    }

    /// Appends the rows of the part that are within distance `most`.
    fn pick(&self, kernels: Kernels, most: u16, picked: &mut Vec<u32>) {
        let mut row = self.first;
        for (&word, distances) in self.words.iter().zip(self.distances.chunks(64)) {
            let mut left = word & kernels.within(distances, most);
            while left != 0 {
                picked.push(row + left.trailing_zeros());
                left &= left - 1;
            }
            row += 64;
        }
    }
}

/// Returns the smallest distance within which `wanted` rows lie, given the number of rows at each distance.
fn furthest(counts: &[usize], wanted: usize) -> u16 {
    let place = index_of_rank(wanted, counts.iter().copied());
    place.and_then(|place| u16::try_from(place).ok()).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_furthest_distance_holds_as_many_rows_as_wanted(
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
            let near: Vec<bool> = distances.iter().map(|distance| *distance <= most).collect();
            for kernels in Kernels::available() {
                let mut picked = Vec::new();
                for chunk in distances.chunks(64) {
                    let bits = kernels.within(chunk, most);
                    picked.extend((0..chunk.len()).map(|bit| bits >> bit & 1 == 1));
                }
                prop_assert_eq!(&picked, &near);
            }
        }
    }
}
