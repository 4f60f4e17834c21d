use super::mix;
use crate::simd::{LANES, Simd, V};
use bytemuck::Pod;

/// The representation and multiplication of activations and weights.
pub(crate) trait Arithmetic<S: Simd>: 'static {
    /// The number of inputs multiplied at a time.
    const GROUP: usize;
    /// The maximum number of rows in a tile.
    const ROWS: usize;
    /// A group of activations of one row.
    type Group: Pod;
    /// A group of weights of sixteen columns.
    type Weights: Pod;
    /// The group in the form that `dot` takes.
    type Loaded<'a>: Copy;
    /// The sums of products of sixteen columns.
    type Sum: Copy;

    fn zero(s: S) -> Self::Sum;
    fn load(s: S, weights: &Self::Weights) -> Self::Loaded<'_>;
    fn dot(s: S, sum: Self::Sum, group: &Self::Group, weights: Self::Loaded<'_>) -> Self::Sum;
    /// Converts sums of products to f32; the columns' scale and weight sums undo the quantization.
    fn finish(s: S, sum: Self::Sum, row: Row, scale: &V, weight_sum: &V) -> S::F;
    /// Writes a row's groups in order; `scratch` has the length of `x`.
    fn convert(s: S, x: &[V], scratch: &mut [V], write: impl FnMut(usize, Self::Group)) -> Row;
}

/// The quantization of a row of activations: value = min + scale q. Unused in floating point.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Row {
    scale: f32,
    min: f32,
}

/// Unsigned 8-bit activations and signed 8-bit weights, both [mixed](mix()).
#[derive(Debug)]
pub(crate) struct Int8;

/// bfloat16, summed in f32.
#[derive(Debug)]
pub(crate) struct Bf16;

/// f32.
#[derive(Debug)]
pub(crate) struct F32;

impl<S: Simd> Arithmetic<S> for Int8 {
    const GROUP: usize = size_of::<S::Int8Group>();
    const ROWS: usize = S::INT8_ROWS;
    type Group = S::Int8Group;
    type Weights = S::Int8Weights;
    type Loaded<'a> = S::Int8Loaded<'a>;
    type Sum = S::I;

    #[inline(always)]
    fn zero(s: S) -> S::I {
        s.zero()
    }

    #[inline(always)]
    fn load(s: S, weights: &S::Int8Weights) -> S::Int8Loaded<'_> {
        s.load_w(weights)
    }

    #[inline(always)]
    fn dot(s: S, sum: S::I, group: &S::Int8Group, weights: S::Int8Loaded<'_>) -> S::I {
        s.dot(sum, group, weights)
    }

    #[inline(always)]
    fn finish(s: S, sum: S::I, row: Row, scale: &V, weight_sum: &V) -> S::F {
        let offset = s.mul(s.splat(row.min), s.load(weight_sum));
        s.mul(s.fma(s.widen(sum), s.splat(row.scale), offset), s.load(scale))
    }

    #[inline(always)]
    fn convert(s: S, x: &[V], scratch: &mut [V], mut write: impl FnMut(usize, Self::Group)) -> Row {
        let (min, max) = mix(s, x, scratch);
        let span = (max - min).max(1e-20);
        // An offset instead of a zero point: q = value up - min up.
        let up = S::QMAX / span;
        let (factor, offset) = (s.splat(up), s.splat(-min * up));
        let mut q = [0; LANES];
        for (at, x) in scratch.iter().enumerate() {
            s.to_u8(s.max(s.fma(s.load(x), factor, offset), s.splat(0.0)), &mut q);
            for (part, q) in q.chunks_exact(size_of::<S::Int8Group>()).enumerate() {
                let parts = LANES / size_of::<S::Int8Group>();
                write(parts * at + part, bytemuck::pod_read_unaligned(q));
            }
        }
        Row { scale: span / S::QMAX, min }
    }
}

impl<S: Simd> Arithmetic<S> for F32 {
    const GROUP: usize = 1;
    const ROWS: usize = S::F32_ROWS;
    type Group = f32;
    type Weights = V;
    type Loaded<'a> = S::F;
    type Sum = S::F;

    #[inline(always)]
    fn zero(s: S) -> S::F {
        s.splat(0.0)
    }

    #[inline(always)]
    fn load(s: S, weights: &V) -> S::F {
        s.load(weights)
    }

    #[inline(always)]
    fn dot(s: S, sum: S::F, group: &f32, weights: S::F) -> S::F {
        s.fma(s.splat(*group), weights, sum)
    }

    #[inline(always)]
    fn finish(_: S, sum: S::F, _: Row, _: &V, _: &V) -> S::F {
        sum
    }

    #[inline(always)]
    fn convert(_: S, x: &[V], _: &mut [V], mut write: impl FnMut(usize, f32)) -> Row {
        for (at, value) in x.as_flattened().iter().enumerate() {
            write(at, *value);
        }
        Row::default()
    }
}

impl<S: Simd> Arithmetic<S> for Bf16 {
    const GROUP: usize = 2;
    const ROWS: usize = S::BF16_ROWS;
    type Group = [u16; 2];
    type Weights = [u16; 32];
    type Loaded<'a> = S::Bf16Weights;
    type Sum = S::F;

    #[inline(always)]
    fn zero(s: S) -> S::F {
        s.splat(0.0)
    }

    #[inline(always)]
    fn load(s: S, weights: &[u16; 32]) -> S::Bf16Weights {
        s.load_bf16(weights)
    }

    #[inline(always)]
    fn dot(s: S, sum: S::F, group: &[u16; 2], weights: S::Bf16Weights) -> S::F {
        s.dot_bf16(sum, *group, weights)
    }

    #[inline(always)]
    fn finish(_: S, sum: S::F, _: Row, _: &V, _: &V) -> S::F {
        sum
    }

    #[inline(always)]
    fn convert(s: S, x: &[V], _: &mut [V], mut write: impl FnMut(usize, [u16; 2])) -> Row {
        for (at, x) in x.iter().enumerate() {
            let rounded = s.to_bf16(s.load(x));
            for (part, group) in rounded.as_chunks::<2>().0.iter().enumerate() {
                write(LANES / 2 * at + part, *group);
            }
        }
        Row::default()
    }
}
