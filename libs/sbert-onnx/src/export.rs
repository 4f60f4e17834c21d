use crate::draft::{Draft, Staging, Target};
use crate::encoder::{self, ATTENTION_MASK, INPUT_IDS, TOKEN_TYPE_IDS};
use crate::graph::{Attribute, ElementType, Graph, Value};
use crate::writer::Writer;
use crate::{ExportError, metadata, pooling, tokenizer};
use sbert_model::{Dense, EncoderWeights, FolderError, Linear, SentenceModel};
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::time::Instant;

/// The supported opsets.
pub const OPSETS: RangeInclusive<u32> = 13..=28;

/// The name of the graph's output.
pub(crate) const OUTPUT: &str = "output";

/// The arithmetic of an exported model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ExportPrecision {
    /// 32-bit floating point; 16-bit weights are widened exactly.
    #[default]
    Fp32,
    /// 8-bit weights with a scale for each output; activations are quantized dynamically.
    Int8,
}

/// The options of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The version of the operator set, one of [`OPSETS`].
    pub opset: u32,
    /// The arithmetic.
    pub precision: ExportPrecision,
    /// True if fused operators are used if the opset has them.
    pub optimize: bool,
    /// The maximum size of the model's file in bytes; larger models keep their weights in a separate
    /// `.data` file. The format allows 2 GB.
    pub largest_file: u64,
}

/// The progress of an export in bytes of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportProgress {
    /// The number of bytes written.
    pub done: u64,
    /// The total number of bytes.
    pub total: u64,
}

impl Default for Export {
    fn default() -> Self {
        let largest_file = i32::MAX.unsigned_abs().into();
        Self { opset: 13, precision: ExportPrecision::Fp32, optimize: true, largest_file }
    }
}

/// Writes the model as ONNX, and its tokenizer, to a draft that [`Draft::keep`] moves to the target.
/// Unsupported features are reported by name before anything is written.
pub fn export(
    model: &SentenceModel,
    export: &Export,
    target: &Target,
    progress: &mut dyn FnMut(ExportProgress),
) -> Result<Draft, ExportError> {
    let start = Instant::now();
    if !OPSETS.contains(&export.opset) {
        return Err(ExportError::Opset { opset: export.opset });
    }
    let tokenizer = tokenizer::files(model)?;
    let weights = model.weights()?;
    let dense: Vec<Linear<'_>> =
        model.dense.iter().map(Dense::linear).collect::<Result<_, FolderError>>()?;
    let graph = build(model, export, &weights, &dense);
    let source = model.source_sha256()?.iter().fold(String::new(), |mut hash, byte| {
        let _ = write!(hash, "{byte:02x}");
        hash
    });
    let staging = Staging::new(target)?;
    let writer = Writer {
        graph: &graph,
        name: &model.name,
        inputs: inputs(model),
        output: (OUTPUT, model.dimension()),
        metadata: metadata::properties(model, export, &source),
    };
    let has_data = writer.write(&staging, export.largest_file, progress)?;
    let nodes = graph.nodes.len();
    staging.finish(tokenizer, has_data, source, nodes, start)
}

/// Returns the names of the graph's inputs.
fn inputs(model: &SentenceModel) -> Vec<&'static str> {
    let mut inputs = vec![INPUT_IDS, ATTENTION_MASK];
    if encoder::has_types(&model.config) {
        inputs.push(TOKEN_TYPE_IDS);
    }
    inputs
}

/// Builds the graph from the tokens to the embedding.
fn build<'a>(
    model: &SentenceModel,
    export: &Export,
    weights: &EncoderWeights<'a>,
    dense: &[Linear<'a>],
) -> Graph<'a> {
    let mut graph = Graph::new(export.opset, export.optimize);
    graph.enter("mask");
    let to_f32 = vec![("to", Attribute::Int(ElementType::F32 as i64))];
    let mask = graph.op_with("Cast", &[&Value::input(ATTENTION_MASK)], to_f32);
    let x = encoder::encode(&mut graph, export.precision, &model.config, weights, &mask);
    let mut x = pooling::pool(&mut graph, &model.pooling, &x, &mask);
    for (number, (layer, weights)) in model.dense.iter().zip(dense).enumerate() {
        x = pooling::dense(&mut graph, number, layer, weights, &x);
    }
    if model.normalize {
        x = pooling::normalize(&mut graph, &x);
    }
    graph.name_output(&x, OUTPUT);
    graph
}
