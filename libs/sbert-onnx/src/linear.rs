//! Linear layers, in f32 or in 8 bits.

use crate::ExportPrecision;
use crate::graph::{Attribute, ElementType, Graph, TensorData, Value};
use crate::quantize::{quantize, scale};
use sbert_model::{Linear, Tensor};

/// The input of linear layers, prepared for multiplication with their weights.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    /// The unchanged input.
    Exact(Value),
    /// The quantized input: a token's numbers are `low + step * bytes`.
    Rounded {
        /// `[.., inputs]`, 0 to 255.
        bytes: Value,
        /// `[.., 1]`.
        step: Value,
        /// `[.., 1]`, the minimum of each token.
        low: Value,
    },
}

impl Operand {
    /// Quantizes `x`, `[.., inputs]`, if the precision requires it.
    ///
    /// Each token has its own step and minimum. `DynamicQuantizeLinear`, which is faster in runtimes, has
    /// one for the whole batch: a text's embedding would depend on the other texts, and the loss in
    /// mean cosine to the original would be four times as large (`MiniLM`).
    pub(crate) fn new(graph: &mut Graph<'_>, precision: ExportPrecision, x: &Value) -> Self {
        if precision == ExportPrecision::Fp32 {
            return Self::Exact(x.clone());
        }
        let low = graph.reduce("ReduceMin", x, -1, true);
        let high = graph.reduce("ReduceMax", x, -1, true);
        let range = graph.op("Sub", &[&high, &low]);
        // The range of a token of equal numbers is 0, but the step must not be.
        let (least, share, half) =
            (graph.number(1e-12), graph.number(1.0 / 255.0), graph.number(0.5));
        let range = graph.op("Max", &[&range, &least]);
        let step = graph.op("Mul", &[&range, &share]);
        let above = graph.op("Sub", &[x, &low]);
        let steps = graph.op("Div", &[&above, &step]);
        // A cast truncates.
        let steps = graph.op("Add", &[&steps, &half]);
        let bytes =
            graph.op_with("Cast", &[&steps], vec![("to", Attribute::Int(ElementType::U8 as i64))]);
        Self::Rounded { bytes, step, low }
    }
}

/// Returns y = W x + b, `[.., outputs]`.
pub(crate) fn linear<'a>(graph: &mut Graph<'a>, x: &Operand, layer: &Linear<'a>) -> Value {
    let product = match x {
        Operand::Exact(x) => exact(graph, x, &layer.weight),
        Operand::Rounded { bytes, step, low } => rounded(graph, [bytes, step, low], &layer.weight),
    };
    let Some(bias) = &layer.bias else { return product };
    let bias = graph.tensor(bias);
    graph.op("Add", &[&product, &bias])
}

fn exact<'a>(graph: &mut Graph<'a>, x: &Value, weight: &Tensor<'a>) -> Value {
    let (name, shape, weight) = (&weight.name, transposed_shape(weight), weight.clone());
    let weight = graph.constant(name, shape, ElementType::F32, move || {
        TensorData::F32(transpose(&weight.to_f32(), weight.shape[1]))
    });
    graph.op("MatMul", &[x, &weight])
}

/// Multiplies bytes by bytes, then by the scale of each output's weights. The token's minimum adds itself
/// times the sum of the output's weights.
fn rounded<'a>(
    graph: &mut Graph<'a>,
    [bytes, step, low]: [&Value; 3],
    weight: &Tensor<'a>,
) -> Value {
    let name = &weight.name;
    let shape = transposed_shape(weight);
    let outputs = shape[1];
    let [matrix, scales, sums] = [weight.clone(), weight.clone(), weight.clone()];
    let matrix = graph.constant(format!("{name}.int8"), shape, ElementType::I8, move || {
        let bytes: Vec<i8> = rows(&matrix).into_iter().flat_map(|(_, row)| row).collect();
        TensorData::I8(transpose(&bytes, matrix.shape[1]))
    });
    let scales =
        graph.constant(format!("{name}.scale"), vec![outputs], ElementType::F32, move || {
            TensorData::F32(rows(&scales).into_iter().map(|(scale, _)| scale).collect())
        });
    let sums = graph.constant(format!("{name}.sum"), vec![outputs], ElementType::F32, move || {
        TensorData::F32(rows(&sums).into_iter().map(|(scale, row)| scale * sum(&row)).collect())
    });
    let product = graph.op("MatMulInteger", &[bytes, &matrix]);
    let to_f32 = vec![("to", Attribute::Int(ElementType::F32 as i64))];
    let product = graph.op_with("Cast", &[&product], to_f32);
    let product = graph.op("Mul", &[&product, &scales]);
    let product = graph.op("Mul", &[&product, step]);
    let base = graph.op("Mul", &[low, &sums]);
    graph.op("Add", &[&product, &base])
}

/// Returns the shape of the transposed matrix.
fn transposed_shape(weight: &Tensor<'_>) -> Vec<usize> {
    vec![weight.shape[1], weight.shape[0]]
}

/// Returns the scale and the bytes of each output's weights.
fn rows(weight: &Tensor<'_>) -> Vec<(f32, Vec<i8>)> {
    let numbers = weight.to_f32();
    let row = |row: &[f32]| (scale(row), quantize(row, scale(row)).collect());
    numbers.chunks_exact(weight.shape[1]).map(row).collect()
}

fn sum(row: &[i8]) -> f32 {
    let sum: i32 = row.iter().map(|&byte| i32::from(byte)).sum();
    #[expect(clippy::cast_precision_loss, reason = "rows of up to 2^17 weights are exact")]
    let sum = sum as f32;
    sum
}

/// Transposes a matrix with `columns` columns, in tiles so that writes stay in the cache.
fn transpose<T: Copy + Default>(matrix: &[T], columns: usize) -> Vec<T> {
    const TILE: usize = 32;
    let rows = matrix.len() / columns;
    let mut transposed = vec![T::default(); matrix.len()];
    for top in (0..rows).step_by(TILE) {
        for left in (0..columns).step_by(TILE) {
            for row in top..rows.min(top + TILE) {
                for column in left..columns.min(left + TILE) {
                    transposed[column * rows + row] = matrix[row * columns + column];
                }
            }
        }
    }
    transposed
}

#[cfg(test)]
mod tests {
    use super::transpose;

    #[test]
    fn a_matrix_of_any_size_is_transposed() {
        for (rows, columns) in [(1, 1), (2, 3), (33, 65), (64, 32), (5, 100)] {
            let matrix: Vec<usize> = (0..rows * columns).collect();
            let transposed = transpose(&matrix, columns);
            for row in 0..rows {
                for column in 0..columns {
                    assert_eq!(transposed[column * rows + row], matrix[row * columns + column]);
                }
            }
        }
    }
}
