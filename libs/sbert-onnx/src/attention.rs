//! Multi-head attention.

use crate::ExportPrecision;
use crate::graph::{Attribute, Graph, Value};
use crate::int;
use crate::linear::{Operand, linear};
use sbert_model::{EncoderConfig, EncoderLayer};

/// Returns the attention output, `[batch, sequence, hidden]`. `bias` is added to the scores and
/// broadcastable to `[batch, heads, sequence, sequence]`.
pub(crate) fn attention<'a>(
    graph: &mut Graph<'a>,
    precision: ExportPrecision,
    config: &EncoderConfig,
    layer: &EncoderLayer<'a>,
    x: &Value,
    bias: &Value,
) -> Value {
    let size = config.hidden / config.heads;
    let [queries, keys, values] = heads(graph, precision, config, layer, x);
    let scores = graph.op("MatMul", &[&queries, &keys]);
    #[expect(clippy::cast_precision_loss, reason = "no head has 2^24 coordinates")]
    let scale = graph.number((size as f32).sqrt());
    let scores = graph.op("Div", &[&scores, &scale]);
    let scores = graph.op("Add", &[&scores, bias]);
    let shares = graph.op_with("Softmax", &[&scores], vec![("axis", Attribute::Int(-1))]);
    let context = graph.op("MatMul", &[&shares, &values]);
    let context = transpose(graph, &context, &[0, 2, 1, 3]);
    let joined = graph.integers(&[0, 0, int(config.hidden)]);
    graph.op("Reshape", &[&context, &joined])
}

/// Returns queries and values, `[batch, heads, sequence, size]`, and keys, `[batch, heads, size, sequence]`.
fn heads<'a>(
    graph: &mut Graph<'a>,
    precision: ExportPrecision,
    config: &EncoderConfig,
    layer: &EncoderLayer<'a>,
    x: &Value,
) -> [Value; 3] {
    let split = [0, 0, int(config.heads), int(config.hidden / config.heads)];
    let parts =
        [(&layer.query, [0, 2, 1, 3]), (&layer.key, [0, 2, 3, 1]), (&layer.value, [0, 2, 1, 3])];
    let x = Operand::new(graph, precision, x);
    parts.map(|(part, order)| {
        let rows = linear(graph, &x, part);
        let split = graph.integers(&split);
        let rows = graph.op("Reshape", &[&rows, &split]);
        transpose(graph, &rows, &order)
    })
}

fn transpose(graph: &mut Graph<'_>, x: &Value, order: &[i64]) -> Value {
    graph.op_with("Transpose", &[x], vec![("perm", Attribute::Ints(order.to_vec()))])
}
