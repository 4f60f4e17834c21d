use crate::simd::{LANES, Simd, V};
use sbert_model::PoolingMode;

/// Pools a text's tokens into the concatenated vectors of the modes, `size` numbers each. `x` holds the
/// tokens' padded rows.
#[inline(always)]
pub(crate) fn pool<S: Simd>(
    s: S,
    modes: &[PoolingMode],
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
        for (mode, part) in modes.iter().zip(out.chunks_exact_mut(size)) {
            let lanes = match mode {
                PoolingMode::Cls => x[at],
                PoolingMode::Max => s.lanes(most),
                PoolingMode::Mean => s.lanes(s.mul(sum, s.splat(1.0 / length))),
                PoolingMode::MeanSqrtLen => s.lanes(s.mul(sum, s.splat(1.0 / length.sqrt()))),
            };
            let end = size.min((at + 1) * LANES);
            if let Some(part) = part.get_mut(at * LANES..end) {
                part.copy_from_slice(&lanes[..end - at * LANES]);
            }
        }
    }
}
