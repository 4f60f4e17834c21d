use super::{ActivationFunction, Arithmetic, PANEL, Row, tiles, with_height};
use crate::simd::{LANES, Simd, V};
use std::ops::Range;

/// A packed linear layer: vectors of 16 columns, each with all its inputs, group by group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinearView<'a, W> {
    /// The number of inputs, padded to a multiple of 32.
    pub(crate) inputs: usize,
    /// The number of outputs, padded to a multiple of 32.
    pub(crate) outputs: usize,
    /// `[outputs / 16][inputs / group]`.
    pub(crate) weights: &'a [W],
    /// The factor of a column's quantized weights.
    pub(crate) scale: &'a [V],
    /// The sum of a column's quantized weights.
    pub(crate) sum: &'a [V],
    /// The bias of a column.
    pub(crate) bias: &'a [V],
}

/// The destination of a linear layer's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Stores it panel by panel: `[outputs / 32][rows][32]`.
    Panels,
    /// Adds it to the existing rows (the residual).
    Add,
    /// Applies a function and stores it row by row.
    Through(ActivationFunction),
}

/// Converts rows of `inputs` numbers into groups, tile by tile: within a tile of R rows, group i
/// of all R comes before group i + 1, so that a kernel reads sequentially.
#[inline(always)]
pub(crate) fn convert<S: Simd, A: Arithmetic<S>>(
    s: S,
    x: &[f32],
    inputs: usize,
    scratch: &mut Vec<V>,
    groups: &mut [A::Group],
    rows: &mut [Row],
) {
    scratch.resize(inputs / LANES, [0.0; LANES]);
    for (first, height) in tiles(rows.len(), A::ROWS) {
        let tile = &mut groups[first * inputs / A::GROUP..][..height * inputs / A::GROUP];
        for row in 0..height {
            let x = x[(first + row) * inputs..][..inputs].as_chunks::<LANES>().0;
            let write = |at, group| tile[at * height + row] = group;
            rows[first + row] = A::convert(s, x, scratch, write);
        }
    }
}

/// Computes out = rows * layer, for some of its panels.
#[inline(always)]
pub(crate) fn linear<S: Simd, A: Arithmetic<S>>(
    s: S,
    groups: &[A::Group],
    rows: &[Row],
    layer: &LinearView<'_, A::Weights>,
    target: Target,
    panels: Range<usize>,
    out: &mut [f32],
) {
    let (depth, count) = (layer.inputs / A::GROUP, rows.len());
    for panel in panels {
        for half in (0..2).step_by(S::HALVES) {
            for (first, height) in tiles(count, A::ROWS) {
                let (at, stride) = if target == Target::Panels {
                    ((panel * count + first) * PANEL, PANEL)
                } else {
                    (first * layer.outputs + panel * PANEL, layer.outputs)
                };
                let tile = Tile {
                    groups: &groups[first * depth..][..height * depth],
                    rows: &rows[first..][..height],
                    column: panel * 2 + half,
                    stride,
                    target,
                };
                let out = &mut out[at + half * LANES..];
                macro_rules! of_height {
                    ($height:literal) => {
                        if const { S::HALVES == 1 } {
                            tile.compute::<S, A, $height, 1>(s, layer, out);
                        } else {
                            tile.compute::<S, A, $height, 2>(s, layer, out);
                        }
                    };
                }
                with_height!(A::ROWS, height, of_height);
            }
        }
    }
}

/// Some rows and one or two vectors of a panel's columns.
struct Tile<'a, G> {
    groups: &'a [G],
    rows: &'a [Row],
    /// The index of the first vector of columns.
    column: usize,
    /// The stride of the output's rows.
    stride: usize,
    target: Target,
}

impl<G: Copy> Tile<'_, G> {
    #[inline(always)]
    fn compute<S, A, const R: usize, const H: usize>(
        &self,
        s: S,
        layer: &LinearView<'_, A::Weights>,
        out: &mut [f32],
    ) where
        S: Simd,
        A: Arithmetic<S, Group = G>,
    {
        let mut sums = [[A::zero(s); H]; R];
        let depth = layer.inputs / A::GROUP;
        let weights = |half: usize| &layer.weights[(self.column + half) * depth..][..depth];
        let groups = self.groups.as_chunks::<R>().0.iter();
        for ((groups, first), last) in groups.zip(weights(0)).zip(weights(H - 1)) {
            let mut loaded = [A::load(s, first); H];
            loaded[H - 1] = A::load(s, last);
            for row in 0..R {
                for half in 0..H {
                    sums[row][half] = A::dot(s, sums[row][half], &groups[row], loaded[half]);
                }
            }
        }
        for row in 0..R {
            let out = &mut out[row * self.stride..][..H * LANES].as_chunks_mut::<LANES>().0;
            for half in 0..H {
                let column = self.column + half;
                let (scale, sum) = (&layer.scale[column], &layer.sum[column]);
                let y = A::finish(s, sums[row][half], self.rows[row], scale, sum);
                let y = s.add(y, s.load(&layer.bias[column]));
                let y = if self.target == Target::Add { s.add(y, s.load(&out[half])) } else { y };
                s.store(&mut out[half], y);
            }
            if let Target::Through(act) = self.target {
                act.apply(s, out);
            }
        }
    }
}
