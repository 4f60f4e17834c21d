use crate::simd::{LANES, Simd, V};

/// A layer normalization, padded with zeros to whole vectors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NormView<'a> {
    /// The number of coordinates without padding.
    pub(crate) size: usize,
    /// The epsilon that avoids division by zero.
    pub(crate) epsilon: f32,
    /// The factor of each coordinate.
    pub(crate) gamma: &'a [V],
    /// The offset of each coordinate.
    pub(crate) beta: &'a [V],
}

/// Adds the word's and the position's vectors; the latter includes the token type's.
#[inline(always)]
pub(crate) fn embed<S: Simd>(s: S, word: impl Fn(usize) -> S::F, position: &[V], x: &mut [V]) {
    for (at, (x, position)) in x.iter_mut().zip(position).enumerate() {
        s.store(x, s.add(word(at), s.load(position)));
    }
}

/// Normalizes each row of `x`, in place; padding stays zero.
#[inline(always)]
pub(crate) fn norm<S: Simd>(s: S, x: &mut [f32], norm: &NormView<'_>) {
    for row in x.chunks_exact_mut(norm.gamma.len() * LANES) {
        norm_row(s, row.as_chunks_mut::<LANES>().0, norm);
    }
}

#[inline(always)]
fn norm_row<S: Simd>(s: S, x: &mut [V], norm: &NormView<'_>) {
    let size = norm.size as f32;
    let padding = (x.len() * LANES - norm.size) as f32;
    let mut sums = [s.splat(0.0); 4];
    for (at, x) in x.iter().enumerate() {
        sums[at % 4] = s.add(sums[at % 4], s.load(x));
    }
    let mean = total(s, sums) / size;
    let around = s.splat(mean);
    let mut squares = [s.splat(0.0); 4];
    for (at, x) in x.iter().enumerate() {
        let distance = s.sub(s.load(x), around);
        squares[at % 4] = s.fma(distance, distance, squares[at % 4]);
    }
    // Each zero of the padding contributes the squared mean.
    let variance = ((total(s, squares) - padding * mean * mean) / size).max(0.0);
    let inverse = s.splat(1.0 / (variance + norm.epsilon).sqrt());
    for ((x, gamma), beta) in x.iter_mut().zip(norm.gamma).zip(norm.beta) {
        let value = s.mul(s.sub(s.load(x), around), inverse);
        s.store(x, s.fma(value, s.load(gamma), s.load(beta)));
    }
}

/// A function because a closure would lack the CPU features.
#[inline(always)]
fn total<S: Simd>(s: S, v: [S::F; 4]) -> f32 {
    s.sum(s.add(s.add(v[0], v[1]), s.add(v[2], v[3])))
}
