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
        // Most words hold no row that is near enough, and the least is found without a branch.
        if distances.iter().fold(u16::MAX, |least, distance| least.min(*distance)) <= most {
            for (bit, distance) in (0_u32..).zip(distances) {
                if *distance <= most && word >> bit & 1 == 1 {
                    scratch.picked.push(row + bit);
                }
            }
        }
        row += 64;
    }
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
        } else {
            for (bit, distance) in distances.iter().enumerate() {
                counts[bit % 4][usize::from(*distance)] += (word >> bit & 1) as usize;
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
