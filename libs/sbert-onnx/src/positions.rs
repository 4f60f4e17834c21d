//! Position embeddings and the attention bias by distance.

use crate::graph::{Attribute, ElementType, Graph, TensorData, Value};
use crate::int;
use sbert_model::{EncoderConfig, RelativeAttention, Tensor};

/// Returns the position embeddings of the tokens, broadcastable to `[batch, sequence, hidden]`.
pub(crate) fn position_embeddings<'a>(
    graph: &mut Graph<'a>,
    config: &EncoderConfig,
    positions: &Tensor<'a>,
    ids: &Value,
) -> Value {
    let rows = graph.tensor(positions);
    match config.padding() {
        None => first_rows(graph, &rows, ids),
        Some(padding) => rows_without_padding(graph, &rows, ids, padding.into()),
    }
}

/// Returns the first rows, one for each token.
fn first_rows(graph: &mut Graph<'_>, rows: &Value, ids: &Value) -> Value {
    let shape = graph.op("Shape", &[ids]);
    let (zero, one, two) = (graph.integers(&[0]), graph.integers(&[1]), graph.integers(&[2]));
    let length = graph.op("Slice", &[&shape, &one, &two]);
    graph.op("Slice", &[rows, &zero, &length, &zero])
}

/// Returns the rows of positions that do not count padding tokens. A token's row is the padding's id plus
/// the number of other tokens up to it; the padding's row is its id. Padding is determined by the ids, not
/// the mask, as in training: a text may contain the padding token as a word, which is not masked.
fn rows_without_padding(graph: &mut Graph<'_>, rows: &Value, ids: &Value, padding: i64) -> Value {
    let (padding, axis) = (graph.integer(padding), graph.integer(1));
    let is_padding = graph.op("Equal", &[ids, &padding]);
    let is_token = graph.op("Not", &[&is_padding]);
    let is_token =
        graph.op_with("Cast", &[&is_token], vec![("to", Attribute::Int(ElementType::I64 as i64))]);
    let counts = graph.op("CumSum", &[&is_token, &axis]);
    let counts = graph.op("Mul", &[&counts, &is_token]);
    let places = graph.op("Add", &[&counts, &padding]);
    graph.op("Gather", &[rows, &places])
}

/// Returns the bias of the scores by the distance of key and query, `[1, heads, sequence, sequence]`. The
/// table has a row for each bucket of distances; the graph's has a column for each possible distance, so
/// that only a difference is computed there.
pub(crate) fn bias_of_distance<'a>(
    graph: &mut Graph<'a>,
    config: &EncoderConfig,
    buckets: &Tensor<'a>,
) -> Value {
    let (heads, longest) = (config.heads, config.longest());
    let (name, buckets) = (format!("{}.by_distance", buckets.name), buckets.clone());
    let columns = 2 * longest - 1;
    let table = graph.constant(name, vec![heads, columns], ElementType::F32, move || {
        TensorData::F32(by_distance(&buckets.to_f32(), heads, longest))
    });
    let ids = Value::input(crate::encoder::INPUT_IDS);
    let shape = graph.op("Shape", &[&ids]);
    let (zero, one) = (graph.integer(0), graph.integer(1));
    let length = graph.op("Gather", &[&shape, &one]);
    let places = graph.op("Range", &[&zero, &length, &one]);
    let (first_axis, second_axis) = (graph.integers(&[0]), graph.integers(&[1]));
    let keys = graph.op("Unsqueeze", &[&places, &first_axis]);
    let queries = graph.op("Unsqueeze", &[&places, &second_axis]);
    let distances = graph.op("Sub", &[&keys, &queries]);
    let middle = graph.integer(int(longest - 1));
    let columns = graph.op("Add", &[&distances, &middle]);
    let bias = graph.op_with("Gather", &[&table, &columns], vec![("axis", Attribute::Int(1))]);
    graph.op("Unsqueeze", &[&bias, &first_axis])
}

/// Expands `[buckets, heads]` to `[heads, 2 longest - 1]`, from the farthest key before a query to the
/// farthest after it.
fn by_distance(buckets: &[f32], heads: usize, longest: usize) -> Vec<f32> {
    let longest = isize::try_from(longest).unwrap_or(isize::MAX);
    let rows: Vec<usize> = (1 - longest..longest).map(RelativeAttention::bucket).collect();
    (0..heads).flat_map(|head| rows.iter().map(move |row| buckets[row * heads + head])).collect()
}
