use super::{Act, Arithmetic, PANEL, Row, tiles, with_height};
use crate::simd::{LANES, Simd, V};

/// A packed linear layer: columns in panels of 32, each with all its inputs, group by group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinearView<'a, W> {
    /// Inputs, padded to a multiple of 32.
    pub(crate) inputs: usize,
    /// Outputs, padded to a multiple of 32.
    pub(crate) outputs: usize,
    /// `[outputs / 32][inputs / group][2]`.
    pub(crate) weights: &'a [[W; 2]],
    /// What a column's quantised weights are to be multiplied by.
    pub(crate) scale: &'a [V],
    /// The sum of a column's quantised weights.
    pub(crate) sum: &'a [V],
    /// What is added to a column.
    pub(crate) bias: &'a [V],
}

/// What becomes of a linear layer's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// It is stored panel by panel: `[outputs / 32][rows][32]`.
    Panels,
    /// It is added to what is there (the residual), row by row.
    Add,
    /// It goes through a function and is stored row by row.
    Through(Act),
}

/// Converts rows of `inputs` numbers into groups, tile by tile: within a tile of R rows, group i
/// of all R stands before group i + 1, so that a kernel reads them in one stream.
#[inline(always)]
pub(crate) fn convert<S: Simd, A: Arithmetic<S>>(
    s: S,
    x: &[f32],
    inputs: usize,
    groups: &mut [A::Group],
    rows: &mut [Row],
) {
    for (first, height) in tiles(rows.len(), S::MR) {
        let tile = &mut groups[first * inputs / A::GROUP..][..height * inputs / A::GROUP];
        for row in 0..height {
            let x = x[(first + row) * inputs..][..inputs].as_chunks::<LANES>().0;
            rows[first + row] = A::convert(s, x, |at, group| tile[at * height + row] = group);
        }
    }
}

/// out = rows * layer, for all of its panels.
#[inline(always)]
pub(crate) fn linear<S: Simd, A: Arithmetic<S>>(
    s: S,
    groups: &[A::Group],
    rows: &[Row],
    layer: &LinearView<'_, A::Weights>,
    target: Target,
    out: &mut [f32],
) {
    let (depth, count) = (layer.inputs / A::GROUP, rows.len());
    for panel in 0..layer.outputs / PANEL {
        let weights = &layer.weights[panel * depth..][..depth];
        for (first, height) in tiles(count, S::MR) {
            let (at, stride) = if target == Target::Panels {
                ((panel * count + first) * PANEL, PANEL)
            } else {
                (first * layer.outputs + panel * PANEL, layer.outputs)
            };
            let tile = Tile {
                groups: &groups[first * depth..][..height * depth],
                rows: &rows[first..][..height],
                weights,
                columns: panel * 2,
                stride,
                add: target == Target::Add,
            };
            let out = &mut out[at..];
            macro_rules! of_height {
                ($height:literal) => {
                    tile.compute::<S, A, $height>(s, layer, out)
                };
            }
            with_height!(S, height, of_height);
            if let Target::Through(act) = target {
                for row in 0..height {
                    act.apply(s, out[row * stride..][..PANEL].as_chunks_mut::<LANES>().0);
                }
            }
        }
    }
}

/// Some rows and a panel's columns.
struct Tile<'a, G, W> {
    groups: &'a [G],
    rows: &'a [Row],
    weights: &'a [[W; 2]],
    /// The first of the panel's two vectors of columns.
    columns: usize,
    /// From one row of the output to the next.
    stride: usize,
    /// Whether the output is added to what is there.
    add: bool,
}

impl<G: Copy, W> Tile<'_, G, W> {
    #[inline(always)]
    fn compute<S, A, const R: usize>(&self, s: S, layer: &LinearView<'_, W>, out: &mut [f32])
    where
        S: Simd,
        A: Arithmetic<S, Group = G, Weights = W>,
    {
        let mut sums = [[A::zero(s); 2]; R];
        for (groups, weights) in self.groups.as_chunks::<R>().0.iter().zip(self.weights) {
            let weights = [A::load(s, &weights[0]), A::load(s, &weights[1])];
            for row in 0..R {
                sums[row][0] = A::dot(s, sums[row][0], groups[row], weights[0]);
                sums[row][1] = A::dot(s, sums[row][1], groups[row], weights[1]);
            }
        }
        for row in 0..R {
            let out = out[row * self.stride..][..PANEL].as_chunks_mut::<LANES>().0;
            for half in 0..2 {
                let column = self.columns + half;
                let (scale, sum) = (&layer.scale[column], &layer.sum[column]);
                let y = A::finish(s, sums[row][half], self.rows[row], scale, sum);
                let y = s.add(y, s.load(&layer.bias[column]));
                let y = if self.add { s.add(y, s.load(&out[half])) } else { y };
                s.store(&mut out[half], y);
            }
        }
    }
}
