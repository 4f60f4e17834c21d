//! Pooling, dense layers and normalization.

use crate::graph::{Attribute, Graph, Value};
use crate::linear::{Operand, linear};
use sbert_model::{Dense, DenseActivation, Linear, Pooling, PoolingMode};

/// Returns the concatenated vectors of the modes, `[batch, parts * hidden]`. `x` is
/// `[batch, sequence, hidden]`, `mask` `[batch, sequence]`.
pub(crate) fn pool(graph: &mut Graph<'_>, pooling: &Pooling, x: &Value, mask: &Value) -> Value {
    graph.enter("pooling");
    let parts: Vec<Value> =
        pooling.modes().iter().map(|mode| part(graph, *mode, x, mask)).collect();
    if let [one] = &*parts {
        return one.clone();
    }
    let parts: Vec<&Value> = parts.iter().collect();
    graph.op_with("Concat", &parts, vec![("axis", Attribute::Int(1))])
}

/// Returns the vectors of one mode, `[batch, hidden]`.
fn part(graph: &mut Graph<'_>, mode: PoolingMode, x: &Value, mask: &Value) -> Value {
    match mode {
        PoolingMode::Cls => {
            let first = graph.integer(0);
            graph.op_with("Gather", &[x, &first], vec![("axis", Attribute::Int(1))])
        }
        PoolingMode::Max => {
            let column = column(graph, mask);
            largest(graph, x, &column)
        }
        PoolingMode::Mean | PoolingMode::MeanSqrtLen => {
            let column = column(graph, mask);
            let tokens = graph.op("Mul", &[x, &column]);
            let sum = graph.reduce("ReduceSum", &tokens, 1, false);
            let count = graph.reduce("ReduceSum", mask, 1, true);
            // A row of padding only becomes a vector of zeros.
            let least = graph.number(1e-9);
            let mut share = graph.op("Max", &[&count, &least]);
            if mode == PoolingMode::MeanSqrtLen {
                share = graph.op("Sqrt", &[&share]);
            }
            graph.op("Div", &[&sum, &share])
        }
    }
}

/// Returns the mask as `[batch, sequence, 1]`.
fn column(graph: &mut Graph<'_>, mask: &Value) -> Value {
    let last_axis = graph.integers(&[2]);
    graph.op("Unsqueeze", &[mask, &last_axis])
}

/// Returns the maximum of each coordinate, without padding.
fn largest(graph: &mut Graph<'_>, x: &Value, column: &Value) -> Value {
    const BOOL: i64 = 9;
    let is_token = graph.op_with("Cast", &[column], vec![("to", Attribute::Int(BOOL))]);
    let least = graph.number(-1e9);
    let tokens = graph.op("Where", &[&is_token, x, &least]);
    graph.reduce("ReduceMax", &tokens, 1, false)
}

/// Applies a dense layer. It stays in f32 because it is small and nothing after it reduces errors.
pub(crate) fn dense<'a>(
    graph: &mut Graph<'a>,
    number: usize,
    dense: &Dense,
    weights: &Linear<'a>,
    x: &Value,
) -> Value {
    graph.enter(format!("dense.{number}"));
    // All such layers use the same tensor names.
    let mut weights = weights.clone();
    weights.weight.name = format!("dense.{number}.{}", weights.weight.name);
    if let Some(bias) = &mut weights.bias {
        bias.name = format!("dense.{number}.{}", bias.name);
    }
    let x = linear(graph, &Operand::Exact(x.clone()), &weights);
    match dense.activation {
        DenseActivation::Identity => x,
        DenseActivation::Tanh => graph.op("Tanh", &[&x]),
    }
}

/// Scales each row of `[batch, dimension]` to length 1; rows of zeros are unchanged.
pub(crate) fn normalize(graph: &mut Graph<'_>, x: &Value) -> Value {
    graph.enter("normalize");
    let length = graph.reduce("ReduceL2", x, 1, true);
    let least = graph.number(1e-12);
    let length = graph.op("Max", &[&length, &least]);
    graph.op("Div", &[x, &length])
}
