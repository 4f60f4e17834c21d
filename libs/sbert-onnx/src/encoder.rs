//! The transformer, from token ids to token vectors.

use crate::ExportPrecision;
use crate::attention::attention;
use crate::graph::{Attribute, ElementType, Graph, TensorData, Value};
use crate::linear::{Operand, linear};
use crate::positions::{bias_of_distance, position_embeddings};
use crate::quantize::{fine_scale, quantize};
use sbert_model::{
    Activation, Architecture, EncoderConfig, EncoderLayer, EncoderWeights, Norm, Tensor,
};

/// The names of the graph's inputs, as in other exporters.
pub(crate) const INPUT_IDS: &str = "input_ids";
pub(crate) const ATTENTION_MASK: &str = "attention_mask";
pub(crate) const TOKEN_TYPE_IDS: &str = "token_type_ids";

/// Returns whether the token types are an input. Only BERT's tokenizers produce them; in other
/// architectures all tokens are of the first type, whatever the size of the table.
pub(crate) fn has_types(config: &EncoderConfig) -> bool {
    config.architecture == Architecture::Bert && config.types > 1
}

/// Returns the token vectors, `[batch, sequence, hidden]`; `mask` is `[batch, sequence]`, 1 or 0, in f32.
pub(crate) fn encode<'a>(
    graph: &mut Graph<'a>,
    precision: ExportPrecision,
    config: &EncoderConfig,
    weights: &EncoderWeights<'a>,
    mask: &Value,
) -> Value {
    graph.enter("embeddings");
    let mut x = embed(graph, precision, config, weights);
    graph.enter("attention_bias");
    let mut bias = bias_of_padding(graph, mask);
    if let Some(buckets) = &weights.relative_attention {
        let distance = bias_of_distance(graph, config, buckets);
        bias = graph.op("Add", &[&bias, &distance]);
    }
    for (number, layer) in weights.layers.iter().enumerate() {
        let scope = format!("layer.{number}");
        x = encode_layer(graph, precision, config, layer, &scope, &x, &bias);
    }
    x
}

fn encode_layer<'a>(
    graph: &mut Graph<'a>,
    precision: ExportPrecision,
    config: &EncoderConfig,
    layer: &EncoderLayer<'a>,
    scope: &str,
    x: &Value,
    bias: &Value,
) -> Value {
    graph.enter(format!("{scope}/attention"));
    let context = attention(graph, precision, config, layer, x, bias);
    let context = Operand::new(graph, precision, &context);
    let attended = linear(graph, &context, &layer.attention_output);
    let sum = graph.op("Add", &[&attended, x]);
    let x = normalize(graph, &sum, &layer.attention_norm, config.epsilon);
    graph.enter(format!("{scope}/feed_forward"));
    let operand = Operand::new(graph, precision, &x);
    let inner = linear(graph, &operand, &layer.intermediate);
    let inner = activate(graph, &inner, config.activation);
    let inner = Operand::new(graph, precision, &inner);
    let outer = linear(graph, &inner, &layer.output);
    let sum = graph.op("Add", &[&outer, &x]);
    normalize(graph, &sum, &layer.output_norm, config.epsilon)
}

/// Returns the normalized sum of each token's word, position and type embeddings.
fn embed<'a>(
    graph: &mut Graph<'a>,
    precision: ExportPrecision,
    config: &EncoderConfig,
    weights: &EncoderWeights<'a>,
) -> Value {
    let ids = Value::input(INPUT_IDS);
    let words = look_up(graph, precision, &weights.words, &ids);
    let positions = position_embeddings(graph, config, &weights.positions, &ids);
    let sum = match &weights.types {
        Some(types) if has_types(config) => {
            let types = graph.tensor(types);
            let types = graph.op("Gather", &[&types, &Value::input(TOKEN_TYPE_IDS)]);
            graph.op("Add", &[&words, &types])
        }
        Some(types) => {
            let first = first_row(graph, types);
            graph.op("Add", &[&words, &first])
        }
        None => words,
    };
    let sum = graph.op("Add", &[&sum, &positions]);
    normalize(graph, &sum, &weights.norm, config.epsilon)
}

/// Returns the first row of a matrix.
fn first_row<'a>(graph: &mut Graph<'a>, tensor: &Tensor<'a>) -> Value {
    let (name, width, tensor) = (&tensor.name, tensor.shape[1], tensor.clone());
    graph.constant(format!("{name}.0"), vec![width], ElementType::F32, move || {
        let mut numbers = tensor.to_f32();
        numbers.truncate(width);
        TensorData::F32(numbers)
    })
}

/// Returns the word embeddings. They are most of a small model, so they are quantized too, with a scale each.
fn look_up<'a>(
    graph: &mut Graph<'a>,
    precision: ExportPrecision,
    words: &Tensor<'a>,
    ids: &Value,
) -> Value {
    if precision == ExportPrecision::Fp32 {
        let words = graph.tensor(words);
        return graph.op("Gather", &[&words, ids]);
    }
    let (name, shape, width) = (&words.name, words.shape.clone(), words.shape[1]);
    let (tensor, again) = (words.clone(), words.clone());
    let bytes = graph.constant(format!("{name}.int8"), shape.clone(), ElementType::I8, move || {
        let rows = tensor.to_f32();
        let rows = rows.chunks_exact(width).flat_map(|row| quantize(row, fine_scale(row)));
        TensorData::I8(rows.collect())
    });
    let scales =
        graph.constant(format!("{name}.scale"), vec![shape[0], 1], ElementType::F32, move || {
            TensorData::F32(again.to_f32().chunks_exact(width).map(fine_scale).collect())
        });
    let bytes = graph.op("Gather", &[&bytes, ids]);
    let bytes =
        graph.op_with("Cast", &[&bytes], vec![("to", Attribute::Int(ElementType::F32 as i64))]);
    let scales = graph.op("Gather", &[&scales, ids]);
    graph.op("Mul", &[&bytes, &scales])
}

/// Returns the bias that masks padding in the scores, `[batch, 1, 1, sequence]`.
fn bias_of_padding(graph: &mut Graph<'_>, mask: &Value) -> Value {
    let (one, least) = (graph.number(1.0), graph.number(f32::MIN));
    let padding = graph.op("Sub", &[&one, mask]);
    let bias = graph.op("Mul", &[&padding, &least]);
    let axes = graph.integers(&[1, 2]);
    graph.op("Unsqueeze", &[&bias, &axes])
}

/// Applies layer normalization over the last axis.
pub(crate) fn normalize<'a>(
    graph: &mut Graph<'a>,
    x: &Value,
    norm: &Norm<'a>,
    epsilon: f32,
) -> Value {
    let (weight, bias) = (graph.tensor(&norm.weight), graph.tensor(&norm.bias));
    if graph.fused && graph.opset >= 17 {
        let attributes = vec![("axis", Attribute::Int(-1)), ("epsilon", Attribute::Float(epsilon))];
        return graph.op_with("LayerNormalization", &[x, &weight, &bias], attributes);
    }
    // Runtimes recognize and fuse this sequence.
    let mean = graph.reduce("ReduceMean", x, -1, true);
    let centered = graph.op("Sub", &[x, &mean]);
    let (two, epsilon) = (graph.number(2.0), graph.number(epsilon));
    let squares = graph.op("Pow", &[&centered, &two]);
    let variance = graph.reduce("ReduceMean", &squares, -1, true);
    let variance = graph.op("Add", &[&variance, &epsilon]);
    let deviation = graph.op("Sqrt", &[&variance]);
    let normal = graph.op("Div", &[&centered, &deviation]);
    let scaled = graph.op("Mul", &[&normal, &weight]);
    graph.op("Add", &[&scaled, &bias])
}

/// Applies the activation between the halves of the feed-forward part.
fn activate(graph: &mut Graph<'_>, x: &Value, activation: Activation) -> Value {
    let approximate = match activation {
        Activation::Relu => return graph.op("Relu", &[x]),
        Activation::Gelu => "none",
        Activation::GeluTanh => "tanh",
    };
    if graph.fused && graph.opset >= 20 {
        let attributes = vec![("approximate", Attribute::Text(approximate))];
        return graph.op_with("Gelu", &[x], attributes);
    }
    let (one, half) = (graph.number(1.0), graph.number(0.5));
    if activation == Activation::Gelu {
        // The order of PyTorch's exporter, which runtimes fuse.
        let root = graph.number(std::f32::consts::SQRT_2);
        let share = graph.op("Div", &[x, &root]);
        let share = graph.op("Erf", &[&share]);
        let share = graph.op("Add", &[&share, &one]);
        let product = graph.op("Mul", &[x, &share]);
        return graph.op("Mul", &[&product, &half]);
    }
    let (three, cubic) = (graph.number(3.0), graph.number(0.044_715));
    let root = graph.number((2.0 / std::f32::consts::PI).sqrt());
    let cube = graph.op("Pow", &[x, &three]);
    let cube = graph.op("Mul", &[&cube, &cubic]);
    let sum = graph.op("Add", &[x, &cube]);
    let inner = graph.op("Mul", &[&sum, &root]);
    let share = graph.op("Tanh", &[&inner]);
    let share = graph.op("Add", &[&share, &one]);
    let halves = graph.op("Mul", &[x, &half]);
    graph.op("Mul", &[&halves, &share])
}
