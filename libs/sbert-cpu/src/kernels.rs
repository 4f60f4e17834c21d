//! The kernels of the forward pass, compiled for every instruction set.
//!
//! Each row (token) is computed independently of the others, in a fixed order of operations, so that a
//! text's embedding does not depend on its batch.

mod activation;
mod arithmetic;
mod attention;
mod bias;
mod linear;
mod mix;
mod norm;
mod pool;

pub(crate) use activation::ActivationFunction;
pub(crate) use arithmetic::{Arithmetic, Bf16, F32, Int8, Row};
pub(crate) use attention::{Heads, MAX_PANELS, attention};
pub(crate) use bias::Bias;
pub(crate) use linear::{LinearView, Target, convert, linear};
pub(crate) use mix::{mix, mixed};
pub(crate) use norm::{NormView, embed, norm};
pub(crate) use pool::pool;

use crate::simd::LANES;

/// The number of columns in a panel of packed weights: two vectors.
pub(crate) const PANEL: usize = 2 * LANES;

/// Splits rows into the fewest tiles of at most `most` rows, of nearly equal height. Returns the first row
/// and the height of each.
#[inline(always)]
pub(crate) fn tiles(rows: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = rows.div_ceil(most);
    (0..count).map(move |tile| {
        let (begin, end) = (rows * tile / count, rows * (tile + 1) / count);
        (begin, end - begin)
    })
}

/// Calls `$call!(height)` with the height as a literal, so that a tile's sums stay in registers. The guards
/// are constants, so that heights that an instruction set does not use are not compiled.
macro_rules! with_height {
    ($most:expr, $height:expr, $call:ident) => {
        match $height {
            1 => $call!(1),
            2 => $call!(2),
            3 if const { $most >= 3 } => $call!(3),
            4 if const { $most >= 4 } => $call!(4),
            5 if const { $most >= 5 } => $call!(5),
            6 if const { $most >= 6 } => $call!(6),
            7 if const { $most >= 7 } => $call!(7),
            8 if const { $most >= 8 } => $call!(8),
            9 if const { $most >= 9 } => $call!(9),
            10 if const { $most >= 10 } => $call!(10),
            11 if const { $most >= 11 } => $call!(11),
            12 if const { $most >= 12 } => $call!(12),
            _ => unreachable!("tiles() makes no other heights"),
        }
    };
}
pub(crate) use with_height;
