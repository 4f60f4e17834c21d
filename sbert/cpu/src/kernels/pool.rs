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
    for at in 0..width {
        let (mut sum, mut most) = (s.splat(0.0), s.splat(f32::MIN));
        for row in x.iter().skip(at).step_by(width) {
            sum = s.add(sum, s.load(row));
            most = s.max(most, s.load(row));
        }
        let members = [
            (pooling.cls, x[at]),
            (pooling.max, s.lanes(most)),
            (pooling.mean, s.lanes(s.mul(sum, s.splat(1.0 / length)))),
            (pooling.mean_sqrt_len, s.lanes(s.mul(sum, s.splat(1.0 / length.sqrt())))),
        ];
        let wanted = members.iter().filter(|member| member.0);
        for ((_, lanes), part) in wanted.zip(out.chunks_exact_mut(size)) {
            let end = size.min((at + 1) * LANES);
            if let Some(part) = part.get_mut(at * LANES..end) {
                part.copy_from_slice(&lanes[..end - at * LANES]);
            }
        }
    }
}
