use crate::simd::{LANES, Simd, V};
use sbert_model::Pooling;

/// Makes one vector of a text's tokens: the members of `pooling` behind each other, in the order of
/// Sentence-Transformers, each of `size` numbers. `x` holds the tokens' rows, padded.
#[inline(always)]
pub(crate) fn pool<S: Simd>(
    s: S,
    pooling: Pooling,
    size: usize,
    x: &[V],
    tokens: usize,
    out: &mut [f32],
) {
    let width = x.len() / tokens;
    let length = tokens as f32;
    let mut parts = out.chunks_exact_mut(size);
    let mut write = |column: &dyn Fn(usize) -> S::F| {
        let Some(part) = parts.next() else { return };
        for (at, part) in part.chunks_mut(LANES).enumerate() {
            let lanes = s.lanes(column(at));
            part.copy_from_slice(&lanes[..part.len()]);
        }
    };
    let rows = |at: usize| x.iter().skip(at).step_by(width).map(move |row| s.load(row));
    let sum = |at: usize| rows(at).fold(s.splat(0.0), |sum, row| s.add(sum, row));
    if pooling.cls {
        write(&|at| s.load(&x[at]));
    }
    if pooling.max {
        write(&|at| rows(at).fold(s.splat(f32::MIN), |most, row| s.max(most, row)));
    }
    if pooling.mean {
        write(&|at| s.mul(sum(at), s.splat(1.0 / length)));
    }
    if pooling.mean_sqrt_len {
        write(&|at| s.mul(sum(at), s.splat(1.0 / length.sqrt())));
    }
}
