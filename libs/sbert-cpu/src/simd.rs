//! Sixteen lanes of f32 or i32 in AVX-512 with VNNI, AVX2 or plain Rust.
//!
//! A value of a `Simd` type proves that this CPU supports its instructions, because `new` checks; the methods
//! are therefore safe to call. They are `inline(always)` and inherit the caller's features: call them from a
//! function with `#[target_feature]`, as in `forward.rs`, or they will be slow.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_bf16;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512_bf16::Avx512Bf16;
pub(crate) use portable::Portable;

use bytemuck::Pod;

/// The number of lanes in a vector.
pub(crate) const LANES: usize = 16;
/// The numbers of a vector.
pub(crate) type V = [f32; LANES];

/// The maximum sum of the positive, or the negative, of eight weights that are summed in 16 bits, so that
/// eight products with 7-bit activations do not overflow.
pub(crate) const MAX_WEIGHT_SUM: i32 = i16::MAX as i32 / 127;

/// Sixteen lanes.
pub(crate) trait Simd: Copy {
    /// Sixteen f32.
    type F: Copy;
    /// Sixteen i32.
    type I: Copy;
    /// Four activations for each part that [`dot`](Self::dot) multiplies at a time.
    type Int8Group: Pod;
    /// The four weights of sixteen columns for each part.
    type Int8Weights: Pod;
    /// The weights as `dot` takes them: in registers, or in memory if the registers are for sums.
    type Int8Loaded<'a>: Copy;
    /// Thirty-two bfloat16: two inputs of sixteen columns.
    type Bf16Weights: Copy;
    /// The number of vectors of columns in a tile of a matrix product: 1 or 2.
    const HALVES: usize;
    /// The rows of such a tile for each arithmetic, as many as keep its sums in registers.
    const INT8_ROWS: usize;
    const BF16_ROWS: usize;
    const F32_ROWS: usize;
    /// The rows of an attention tile, which has two vectors of columns.
    const ATTENTION_ROWS: usize;
    /// The largest quantized activation: 255, or 127 if `dot` would overflow above.
    const QMAX: f32;
    fn new() -> Option<Self>;

    fn splat(self, x: f32) -> Self::F;
    fn load(self, x: &V) -> Self::F;
    fn store(self, x: &mut V, v: Self::F);
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    fn div(self, a: Self::F, b: Self::F) -> Self::F;
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// a * b + c
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    fn round(self, a: Self::F) -> Self::F;
    /// p * 2^n for integer n
    fn ldexp(self, p: Self::F, n: Self::F) -> Self::F;
    fn widen(self, a: Self::I) -> Self::F;
    /// Rounds values within 0..=QMAX to the nearest integer.
    fn to_u8(self, a: Self::F, out: &mut [u8; LANES]);
    /// Sixteen binary16, widened.
    fn load_half(self, x: &[u16; LANES]) -> Self::F;
    fn load_bf16(self, w: &[u16; 2 * LANES]) -> Self::Bf16Weights;
    /// `acc[l] += a[0] * w[2 l] + a[1] * w[2 l + 1]`, of bfloat16.
    fn dot_bf16(self, acc: Self::F, a: [u16; 2], w: Self::Bf16Weights) -> Self::F;
    /// Sixteen f32, rounded to bfloat16.
    fn to_bf16(self, a: Self::F) -> [u16; LANES];
    /// Hadamard's matrix times the lanes: sums and differences of lanes 8 apart, then 4, 2 and 1.
    fn mix(self, v: Self::F) -> Self::F;
    fn lanes(self, v: Self::F) -> V;
    fn transpose(self, v: [Self::F; LANES]) -> [Self::F; LANES];

    fn zero(self) -> Self::I;
    fn load_w(self, w: &Self::Int8Weights) -> Self::Int8Loaded<'_>;
    /// `acc[l] += a[p][t] * w[p][4 l + t]` for every part p and t in 0..4. By reference, each part of
    /// `a` is loaded where it is needed; in one register they would have to be taken apart again.
    fn dot(self, acc: Self::I, a: &Self::Int8Group, w: Self::Int8Loaded<'_>) -> Self::I;

    #[inline(always)]
    fn sum(self, v: Self::F) -> f32 {
        reduce(self.lanes(v), |a, b| a + b)
    }
    #[inline(always)]
    fn min_of(self, v: Self::F) -> f32 {
        reduce(self.lanes(v), f32::min)
    }
    #[inline(always)]
    fn max_of(self, v: Self::F) -> f32 {
        reduce(self.lanes(v), f32::max)
    }
}

/// Returns the factor of the upper of two lanes at this distance when they are mixed.
#[cfg(target_arch = "x86_64")]
const fn signs(distance: usize) -> V {
    let mut signs = [1.0; LANES];
    let mut lane = 0;
    while lane < LANES {
        if lane & distance != 0 {
            signs[lane] = -1.0;
        }
        lane += 1;
    }
    signs
}

/// Sums in the same tree for every instruction set.
#[inline(always)]
fn reduce(mut v: V, f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut n = LANES / 2;
    while n > 0 {
        for i in 0..n {
            v[i] = f(v[i], v[i + n]);
        }
        n /= 2;
    }
    v[0]
}

/// Rounds `x` to the nearest bfloat16, ties to even.
pub(crate) fn round_bf16(x: f32) -> u16 {
    let bits = x.to_bits();
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

/// A bfloat16, widened.
pub(crate) fn widen_bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// Rounds `x` to the nearest binary16, ties to even; larger values become infinite.
pub(crate) fn round_half(x: f32) -> u16 {
    let bits = x.to_bits();
    let sign = (bits >> 16 & 0x8000) as u16;
    let magnitude = f32::from_bits(bits & 0x7fff_ffff);
    if !magnitude.is_finite() || magnitude >= 65_520.0 {
        return sign | 0x7c00 | u16::from(magnitude.is_nan());
    }
    if magnitude < 2.0_f32.powi(-14) {
        // Subnormal: the number counts units of 2^-24.
        return sign | (magnitude * 2.0_f32.powi(24)).round_ties_even() as u16;
    }
    let rounded = magnitude.to_bits() + 0xfff + (bits >> 13 & 1);
    sign | ((rounded >> 13) - (112 << 10)) as u16
}

/// A binary16, widened.
pub(crate) fn widen_half(bits: u16) -> f32 {
    // Shifted into place, the exponent is 112 too small, also of subnormal numbers.
    let shifted = f32::from_bits(u32::from(bits & 0x7fff) << 13);
    let widened = shifted * 2.0_f32.powi(112);
    let infinite = bits & 0x7c00 == 0x7c00;
    let magnitude = if infinite { widened.to_bits() | 0x7f80_0000 } else { widened.to_bits() };
    f32::from_bits(magnitude | u32::from(bits & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the bits of the sums of products of sixteen columns.
    #[cfg(target_arch = "x86_64")]
    fn sums<S: Simd>(s: S, activations: &[u8; 64], weights: &[[i8; 64]; 16]) -> [u32; LANES] {
        let mut sum = s.zero();
        let groups: &[S::Int8Group] = bytemuck::cast_slice(activations);
        let weights: &[S::Int8Weights] = bytemuck::cast_slice(weights);
        for (group, weights) in groups.iter().zip(weights) {
            sum = s.dot(sum, group, s.load_w(weights));
        }
        s.lanes(s.widen(sum)).map(f32::to_bits)
    }

    /// The largest activations there, and weights up to what packing allows: of eight that are summed
    /// together 255 at most, or as little as -255.
    #[cfg(target_arch = "x86_64")]
    fn agrees_with_plain_rust<S: Simd>() {
        let Some(s) = S::new() else { return };
        let activations = [S::QMAX as u8; 64];
        for weight in [31, -31, 1] {
            let mut weights = [[weight; 64]; 16];
            weights[3][5] = -weight;
            weights[9] = [-weight; 64];
            let wanted = sums(Portable, &activations, &weights);
            assert_eq!(sums(s, &activations, &weights), wanted, "{weight}");
        }
        let rows: [V; LANES] =
            std::array::from_fn(|row| std::array::from_fn(|lane| (row * LANES + lane) as f32));
        let mut loaded = [s.splat(0.0); LANES];
        for (loaded, row) in loaded.iter_mut().zip(&rows) {
            *loaded = s.load(row);
        }
        let columns = s.transpose(loaded).map(|column| s.lanes(column));
        let bits = |rows: [V; LANES]| rows.map(|row| row.map(f32::to_bits));
        assert_eq!(bits(columns), bits(Portable.transpose(rows)));
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn avx2_agrees_with_plain_rust_if_supported() {
        agrees_with_plain_rust::<Avx2>();
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn avx512_agrees_with_plain_rust_if_supported() {
        agrees_with_plain_rust::<Avx512>();
    }

    #[test]
    fn every_finite_half_survives_widening_and_rounding() {
        for bits in 0..=u16::MAX {
            if bits & 0x7c00 != 0x7c00 {
                assert_eq!(round_half(widen_half(bits)), bits, "{bits:#x}");
            }
        }
        assert_eq!(round_half(1.0e9), 0x7c00);
        assert_eq!(round_half(0.1), 0x2e66);
    }
}
