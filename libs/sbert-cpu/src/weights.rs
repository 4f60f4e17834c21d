//! Packs a model's weights in the layout of the kernels.

use crate::kernels::{Bias, PANEL, mix, mixed};
use crate::layout::{Header, LayerLayout, Layout, LinearLayout, NormLayout, padded};
use crate::simd::{LANES, MAX_WEIGHT_SUM, Portable, round_bf16, round_half};
use sbert_model::{
    EncoderLayer, EncoderWeights, FolderError, Linear, Norm, RelativeAttention, SentenceModel,
    Tensor,
};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The precision of weights and their products.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 8 bits: a quarter of the memory, and the fastest.
    Int8,
    /// bfloat16: half of the memory, hardly distinguishable from f32.
    Bf16,
    /// f32, as in the original model.
    Fp32,
}

impl Precision {
    /// All precisions.
    pub const ALL: [Self; 3] = [Self::Int8, Self::Bf16, Self::Fp32];

    /// Returns the name in settings: `int8`, `bf16`, `fp32`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Bf16 => "bf16",
            Self::Fp32 => "fp32",
        }
    }

    /// Returns the size of a weight in bytes.
    pub(crate) fn weight_bytes(self) -> usize {
        match self {
            Self::Int8 => 1,
            Self::Bf16 => 2,
            Self::Fp32 => 4,
        }
    }

    /// Returns the size of a number in the word embeddings in bytes.
    pub(crate) fn word_bytes(self) -> usize {
        if self == Self::Fp32 { 4 } else { 2 }
    }
}

/// Writes the numbers of `model` into `bytes` according to `layout`.
pub(crate) fn write(
    model: &SentenceModel,
    weights: &EncoderWeights<'_>,
    header: &Header,
    layout: &Layout,
    bytes: &mut [u8],
) -> Result<(), FolderError> {
    let mut packer = Packer { bytes, header };
    packer.words(&weights.words, layout);
    packer.positions(weights, model.config.first_position, layout);
    if let Some(table) = &weights.relative_attention {
        packer.bias(&table.to_f32(), &layout.bias);
    }
    packer.norm(&weights.norm, &layout.norm);
    for (layer, at) in weights.layers.iter().zip(&layout.layers) {
        packer.attention(layer, at);
        packer.norm(&layer.attention_norm, &at.attention_norm);
        let up = Matrix::of(&layer.intermediate, header.hidden);
        packer.linear(&up, &at.up);
        packer.linear(&Matrix::of(&layer.output, header.inner), &at.down);
        packer.norm(&layer.output_norm, &at.output_norm);
    }
    for (dense, at) in model.dense.iter().zip(&layout.dense) {
        let linear = dense.linear()?;
        packer.numbers(&at.weights, &linear.weight.to_f32());
        if let Some(bias) = linear.bias {
            packer.numbers(&at.bias, &bias.to_f32());
        }
    }
    Ok(())
}

/// The weights and biases of a linear layer, by output; padding is zero.
struct Matrix {
    inputs: usize,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Matrix {
    fn of(linear: &Linear<'_>, inputs: usize) -> Self {
        let bias = linear.bias.as_ref().map(sbert_model::Tensor::to_f32).unwrap_or_default();
        Self { inputs, weights: linear.weight.to_f32(), bias }
    }

    fn row(&self, output: usize) -> &[f32] {
        &self.weights[output * self.inputs..][..self.inputs]
    }

    /// Pads the rows of each head from `size` to `padded` with zeros, and scales them by `factor`.
    fn pad_heads(&self, heads: usize, size: usize, padded: usize, factor: f32) -> Self {
        let mut weights = vec![0.0; heads * padded * self.inputs];
        let mut bias = vec![0.0; heads * padded];
        for (head, coordinate) in (0..heads).flat_map(|head| (0..size).map(move |c| (head, c))) {
            let (from, to) = (head * size + coordinate, head * padded + coordinate);
            let target = &mut weights[to * self.inputs..][..self.inputs];
            for (target, weight) in target.iter_mut().zip(self.row(from)) {
                *target = weight * factor;
            }
            bias[to] = self.bias[from] * factor;
        }
        Self { inputs: self.inputs, weights, bias }
    }

    /// Moves the inputs to their places in padded heads.
    fn pad_inputs(&self, heads: usize, size: usize, padded: usize) -> Self {
        let outputs = self.bias.len();
        let mut weights = vec![0.0; outputs * heads * padded];
        for output in 0..outputs {
            for (head, part) in self.row(output).chunks_exact(size).enumerate() {
                weights[(output * heads + head) * padded..][..size].copy_from_slice(part);
            }
        }
        Self { inputs: heads * padded, weights, bias: self.bias.clone() }
    }
}

struct Packer<'a> {
    bytes: &'a mut [u8],
    header: &'a Header,
}

impl Packer<'_> {
    fn numbers(&mut self, at: &Range<usize>, numbers: &[f32]) {
        let target = &mut self.bytes[at.clone()];
        for (target, number) in target.as_chunks_mut().0.iter_mut().zip(numbers) {
            *target = number.to_ne_bytes();
        }
    }

    fn norm(&mut self, norm: &Norm<'_>, at: &NormLayout) {
        self.numbers(&at.gamma, &norm.weight.to_f32());
        self.numbers(&at.beta, &norm.bias.to_f32());
    }

    fn words(&mut self, words: &Tensor<'_>, layout: &Layout) {
        let (hidden, width) = (self.header.hidden, padded(self.header.hidden));
        let row_bytes = width * self.header.precision.word_bytes();
        let half = self.header.precision != Precision::Fp32;
        for (row, word) in words.rows().enumerate() {
            let begin = layout.words.start + row * row_bytes;
            if half {
                let target = self.bytes[begin..][..2 * hidden].as_chunks_mut().0;
                for (target, number) in target.iter_mut().zip(&word) {
                    *target = round_half(*number).to_ne_bytes();
                }
            } else {
                self.numbers(&(begin..begin + row_bytes), &word);
            }
        }
    }

    /// Writes the positions from the first token's on, followed by the padding's.
    fn positions(&mut self, weights: &EncoderWeights<'_>, first: usize, layout: &Layout) {
        let (hidden, width) = (self.header.hidden, padded(self.header.hidden));
        // The texts are all of the first type, so its vector is added to every position's.
        let types = weights.types.as_ref().map(Tensor::to_f32);
        let positions = weights.positions.to_f32();
        let rows: Vec<_> = positions.chunks_exact(hidden).collect();
        let places = rows.iter().skip(first).take(self.header.max_tokens);
        let padding = first.checked_sub(1).and_then(|padding| rows.get(padding));
        for (row, position) in places.chain(padding).enumerate() {
            let sum: Vec<f32> = match &types {
                Some(types) => position.iter().zip(types).map(|(p, t)| p + t).collect(),
                None => position.to_vec(),
            };
            let begin = layout.positions.start + row * width * size_of::<f32>();
            self.numbers(&(begin..begin + hidden * size_of::<f32>()), &sum);
        }
    }

    /// Writes the bias of each head at each distance. `table` has a row for each bucket of distances, with a
    /// number for each head.
    fn bias(&mut self, table: &[f32], at: &Range<usize>) {
        let (heads, longest) = (self.header.heads, self.header.max_tokens);
        let rows = (0..heads).flat_map(|head| {
            (0..Bias::row(longest)).map(move |place| {
                table[RelativeAttention::bucket(Bias::distance(longest, place)) * heads + head]
            })
        });
        self.numbers(at, &rows.collect::<Vec<_>>());
    }

    fn attention(&mut self, layer: &EncoderLayer<'_>, at: &LayerLayout) {
        let (heads, hidden) = (self.header.heads, self.header.hidden);
        let (size, padded) = (hidden / heads, self.header.head_panels() * PANEL);
        // The queries are scaled by 1 / sqrt(head size).
        let scale = 1.0 / (size as f32).sqrt();
        let parts = [(&layer.query, scale), (&layer.key, 1.0), (&layer.value, 1.0)];
        let parts = parts.map(|(linear, factor)| {
            Matrix::of(linear, hidden).pad_heads(heads, size, padded, factor)
        });
        let qkv = Matrix {
            inputs: hidden,
            weights: parts.iter().flat_map(|part| &part.weights).copied().collect(),
            bias: parts.iter().flat_map(|part| &part.bias).copied().collect(),
        };
        self.linear(&qkv, &at.qkv);
        let output = Matrix::of(&layer.attention_output, hidden);
        self.linear(&output.pad_inputs(heads, size, padded), &at.attention_output);
    }

    fn linear(&mut self, matrix: &Matrix, at: &LinearLayout) {
        self.numbers(&at.bias, &matrix.bias);
        match self.header.precision {
            Precision::Int8 => self.quantized(matrix, at),
            Precision::Bf16 => self.plain::<2, 2>(matrix, at, |w| round_bf16(w).to_ne_bytes()),
            Precision::Fp32 => self.plain::<1, 4>(matrix, at, f32::to_ne_bytes),
        }
    }

    /// Writes weights in groups of G, each encoded in B bytes.
    fn plain<const G: usize, const B: usize>(
        &mut self,
        matrix: &Matrix,
        at: &LinearLayout,
        bytes: impl Fn(f32) -> [u8; B],
    ) {
        for (output, weights) in matrix.weights.chunks_exact(matrix.inputs).enumerate() {
            for (input, weight) in weights.iter().enumerate() {
                let place = at.weights.start + B * place::<G, G>(at, output, input);
                self.bytes[place..place + B].copy_from_slice(&bytes(*weight));
            }
        }
    }

    /// Writes weights in 8 bits, their scales, and the sums of the 8-bit numbers.
    fn quantized(&mut self, matrix: &Matrix, at: &LinearLayout) {
        let mut row = vec![[0.0; LANES]; at.inputs / LANES];
        let mut mixture = row.clone();
        let shares = 1.0 / mixed(row.len()) as f32;
        let (mut scales, mut sums) = (Vec::new(), Vec::new());
        for (output, weights) in matrix.weights.chunks_exact(matrix.inputs).enumerate() {
            row.as_flattened_mut()[..matrix.inputs].copy_from_slice(weights);
            mix(Portable, &row, &mut mixture);
            let QuantizedWeights { scale, weights, .. } = quantize(mixture.as_flattened());
            for (input, weight) in weights.iter().enumerate() {
                let place = at.weights.start + place::<8, 4>(at, output, input);
                self.bytes[place] = weight.cast_unsigned();
            }
            scales.push(scale * shares);
            sums.push(weights.iter().map(|weight| f32::from(*weight)).sum());
        }
        self.numbers(&at.scale, &scales);
        self.numbers(&at.sum, &sums);
    }
}

/// Weights in 8 bits.
struct QuantizedWeights {
    /// The factor of the weights.
    scale: f32,
    weights: Vec<i8>,
    /// The sum of squared errors.
    loss: f32,
}

/// The ratio of successive scales in the search.
const SCALE_RATIO: f32 = 1.06;

/// Quantizes weights to 8 bits with the scale of the least loss: a fine one makes more sums too large for
/// [`bound`], a coarse one rounds more.
fn quantize(weights: &[f32]) -> QuantizedWeights {
    let top = weights.iter().fold(1e-30_f32, |top, weight| top.max(weight.abs()));
    let mut best = QuantizedWeights::with_scale(weights, top / 127.0);
    loop {
        let next = QuantizedWeights::with_scale(weights, best.scale * SCALE_RATIO);
        // The loss of weights that are not finite is NaN, which ends the search.
        if next.loss < best.loss {
            best = next;
        } else {
            return best;
        }
    }
}

impl QuantizedWeights {
    fn with_scale(from: &[f32], scale: f32) -> Self {
        let mut weights: Vec<i8> =
            from.iter().map(|weight| (weight / scale).round() as i8).collect();
        for group in weights.as_chunks_mut::<16>().0 {
            // The weights that AVX2 sums in one 16-bit number.
            for sums in [[0, 1, 4, 5, 8, 9, 12, 13], [2, 3, 6, 7, 10, 11, 14, 15]] {
                bound(group, sums, 1);
                bound(group, sums, -1);
            }
        }
        let off = from.iter().zip(&weights).map(|(from, weight)| from - f32::from(*weight) * scale);
        let loss = off.map(|off| off * off).sum();
        Self { scale, weights, loss }
    }
}

/// Reduces the weights of one sign evenly until their sum cannot overflow 16 bits, which minimizes the sum of
/// squares.
fn bound(group: &mut [i8; 16], sums: [usize; 8], sign: i8) {
    let amount = |weight: i8| i32::from(weight.saturating_mul(sign).max(0));
    let mut total: i32 = sums.iter().map(|at| amount(group[*at])).sum();
    for at in sums.into_iter().cycle() {
        if total <= MAX_WEIGHT_SUM {
            return;
        }
        if amount(group[at]) > 0 {
            group[at] -= sign;
            total -= 1;
        }
    }
}

/// Returns the index of a weight, ordered by vector of columns, group of G inputs, part of the group, column,
/// and one of the P inputs of the part.
fn place<const G: usize, const P: usize>(at: &LinearLayout, output: usize, input: usize) -> usize {
    let (group, part) = (input / G, input % G / P);
    let group = output / LANES * (at.inputs / G) + group;
    ((group * (G / P) + part) * LANES + output % LANES) * P + input % P
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns rows of 64 pseudorandom weights: some like a mixture of a trained layer's, some that are
    /// hard to pack.
    fn rows() -> Vec<Vec<f32>> {
        let mut state = 7_u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        let normal = (0..40).map(|_| (0..64).map(|_| (0..12).map(|_| next()).sum()).collect());
        let mut rows: Vec<Vec<f32>> = normal.collect();
        rows.extend([vec![0.25; 64], vec![-3.0; 64], vec![0.0; 64]]);
        rows.push((0..64).map(|at| if at == 9 { 1e6 } else { 1.0 }).collect());
        rows
    }

    #[test]
    fn no_sum_of_eight_products_can_overflow_16_bits() {
        for row in rows() {
            let packed = quantize(&row);
            for group in packed.weights.as_chunks::<16>().0 {
                for first in [0, 2] {
                    let summed = (0..16).filter(|at| at % 4 / 2 == first / 2);
                    let products: Vec<i32> = summed.map(|at| 127 * i32::from(group[at])).collect();
                    let most: i32 = products.iter().filter(|product| **product > 0).sum();
                    let least: i32 = products.iter().filter(|product| **product < 0).sum();
                    assert!(most <= i16::MAX.into() && least >= i16::MIN.into(), "{group:?}");
                }
            }
        }
    }

    #[test]
    fn weights_that_are_not_finite_are_packed_too() {
        for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
            let mut row = vec![1.0; 64];
            row[9] = odd;
            assert_eq!(quantize(&row).weights.len(), 64, "{odd}");
        }
    }

    #[test]
    fn the_loss_of_quantization_is_small() {
        for row in rows() {
            let QuantizedWeights { scale, weights, loss } = quantize(&row);
            let squares: f32 = row.iter().map(|weight| weight * weight).sum();
            assert!(loss <= 1e-3 * squares, "{loss} of {squares}: {row:?} {scale} {weights:?}");
        }
    }
}
