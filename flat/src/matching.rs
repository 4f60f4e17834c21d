//! The rows of a segment that hold a query's words.

use crate::best::{Best, Scored};
use crate::rows::Rows;
use crate::scratch::Scratch;
use crate::segment::Postings;

/// The `depth` of `rows` with the greatest sum of weight times share, in no order. Postings come
/// with the weights of their terms.
pub(crate) fn matching<'a>(
    postings: impl Iterator<Item = (f32, Postings<'a>)>,
    segment_rows: usize,
    rows: &Rows,
    depth: usize,
    scratch: &mut Scratch,
) -> Vec<Scored> {
    let Scratch { scores, touched, .. } = scratch;
    if scores.len() < segment_rows {
        scores.resize(segment_rows, 0.0);
    }
    for (weight, postings) in postings {
        for (&row, share) in postings.rows.iter().zip(postings.shares) {
            let Some(score) = scores.get_mut(row as usize) else { continue };
            if *score == 0.0 {
                touched.push(row);
            }
            *score += weight * share;
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
