//! The content and layout of a packed file.

use crate::kernels::{Bias, PANEL};
use crate::simd::V;
use crate::weights::Precision;
use sbert_model::{Activation, Pooling, PoolingMode, SentenceModel};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The header: everything but the numbers. Fields of some architectures are omitted by the others, whose
/// files remain unchanged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) sha256: String,
    pub(crate) precision: Precision,
    pub(crate) vocabulary: usize,
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) inner: usize,
    pub(crate) epsilon: f32,
    pub(crate) activation: String,
    pub(crate) pooling: Vec<String>,
    pub(crate) dense: Vec<DenseHeader>,
    pub(crate) normalize: bool,
    pub(crate) max_tokens: usize,
    pub(crate) tokenizer_bytes: usize,
    /// The padding token, which does not count as a position; its row of positions is the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) padding: Option<u32>,
    /// True if attention has a bias by distance.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) relative_attention: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DenseHeader {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) tanh: bool,
}

/// The ranges of all sections.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) tokenizer: Range<usize>,
    pub(crate) words: Range<usize>,
    pub(crate) positions: Range<usize>,
    pub(crate) norm: NormLayout,
    pub(crate) layers: Vec<LayerLayout>,
    pub(crate) dense: Vec<DenseLayout>,
    /// The bias of every distance for each head, as in [`Bias`]; empty if there is none.
    pub(crate) bias: Range<usize>,
    /// The end of the file.
    pub(crate) end: usize,
}

#[derive(Debug)]
pub(crate) struct NormLayout {
    pub(crate) gamma: Range<usize>,
    pub(crate) beta: Range<usize>,
}

#[derive(Debug)]
pub(crate) struct LinearLayout {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) weights: Range<usize>,
    pub(crate) scale: Range<usize>,
    pub(crate) sum: Range<usize>,
    pub(crate) bias: Range<usize>,
}

#[derive(Debug)]
pub(crate) struct LayerLayout {
    pub(crate) qkv: LinearLayout,
    pub(crate) attention_output: LinearLayout,
    pub(crate) attention_norm: NormLayout,
    pub(crate) up: LinearLayout,
    pub(crate) down: LinearLayout,
    pub(crate) output_norm: NormLayout,
}

#[derive(Debug)]
pub(crate) struct DenseLayout {
    pub(crate) weights: Range<usize>,
    pub(crate) bias: Range<usize>,
}

/// The alignment of sections: a cache line.
pub(crate) const ALIGNMENT: usize = 64;

/// The maximum of any size, which keeps products from overflowing.
const MAX_SIZE: usize = 1 << 20;

/// Pads `size` to whole panels.
pub(crate) fn padded(size: usize) -> usize {
    size.next_multiple_of(PANEL)
}

impl Header {
    pub(crate) fn new(model: &SentenceModel, precision: Precision, tokenizer_bytes: usize) -> Self {
        let config = &model.config;
        let dense = model.dense.iter().map(|dense| DenseHeader {
            inputs: dense.inputs,
            outputs: dense.outputs,
            tanh: dense.activation == sbert_model::DenseActivation::Tanh,
        });
        Self {
            name: model.name.clone(),
            sha256: hexadecimal(&model.sha256()),
            precision,
            vocabulary: config.vocabulary,
            hidden: config.hidden,
            layers: config.layers,
            heads: config.heads,
            inner: config.inner,
            epsilon: config.epsilon,
            activation: match config.activation {
                Activation::Gelu => "gelu",
                Activation::GeluTanh => "gelu_tanh",
                Activation::Relu => "relu",
            }
            .to_owned(),
            pooling: model.pooling.modes().iter().map(|mode| mode.name().to_owned()).collect(),
            dense: dense.collect(),
            normalize: model.normalize,
            max_tokens: model.max_tokens,
            tokenizer_bytes,
            padding: config.padding(),
            relative_attention: config.relative_attention.is_some(),
        }
    }

    pub(crate) fn activation(&self) -> Result<Activation, String> {
        match &*self.activation {
            "gelu" => Ok(Activation::Gelu),
            "gelu_tanh" => Ok(Activation::GeluTanh),
            "relu" => Ok(Activation::Relu),
            other => Err(format!("the activation {other:?} is not supported")),
        }
    }

    pub(crate) fn pooling(&self) -> Result<Pooling, String> {
        let modes: Option<_> =
            self.pooling.iter().map(|name| PoolingMode::from_name(name)).collect();
        let unknown = || format!("the pooling {} is not supported", self.pooling.join("+"));
        modes.and_then(Pooling::new).ok_or_else(unknown)
    }

    /// Returns the dimension after pooling.
    pub(crate) fn pooled(&self) -> usize {
        self.hidden * self.pooling.len()
    }

    /// Returns the number of rows of positions.
    pub(crate) fn position_rows(&self) -> usize {
        self.max_tokens + usize::from(self.padding.is_some())
    }

    /// Returns the number of panels per head: a power of two, to limit the compiled variants.
    pub(crate) fn head_panels(&self) -> usize {
        (self.hidden / self.heads).div_ceil(PANEL).next_power_of_two()
    }

    /// Returns the dimension of an embedding.
    pub(crate) fn dimension(&self) -> usize {
        self.dense.last().map_or(self.pooled(), |dense| dense.outputs)
    }

    /// Returns an error if a field is invalid.
    pub(crate) fn check(&self) -> Result<(), String> {
        let dense = self.dense.iter().flat_map(|dense| [dense.inputs, dense.outputs]);
        let sizes = [self.vocabulary, self.hidden, self.layers, self.heads, self.inner];
        let mut sizes = sizes.into_iter().chain(dense);
        if sizes.any(|size| !(1..=MAX_SIZE).contains(&size)) || self.layers > 1024 {
            return Err("a size is out of range".to_owned());
        }
        if !self.hidden.is_multiple_of(self.heads) {
            return Err("the heads do not divide the hidden size".to_owned());
        }
        if self.head_panels() > crate::kernels::MAX_PANELS {
            let most = crate::kernels::MAX_PANELS * PANEL;
            return Err(format!("heads of more than {most} numbers are not supported"));
        }
        if self.tokenizer_bytes > 1 << 30 || self.dense.len() > 1024 {
            return Err("a part is too large".to_owned());
        }
        if !(2..=MAX_SIZE).contains(&self.max_tokens) {
            return Err("the maximum number of tokens is out of range".to_owned());
        }
        if self.padding.is_some_and(|padding| padding as usize >= self.vocabulary) {
            return Err("the padding token is not in the vocabulary".to_owned());
        }
        self.pooling()?;
        let mut width = self.pooled();
        for dense in &self.dense {
            if dense.inputs != width {
                return Err("a dense layer does not match the width before it".to_owned());
            }
            width = dense.outputs;
        }
        if !(self.epsilon.is_finite() && self.epsilon > 0.0) {
            return Err("the epsilon is not a positive number".to_owned());
        }
        self.activation().map(drop)
    }
}

/// Allocates consecutive sections.
struct Sections {
    end: usize,
}

impl Sections {
    fn take(&mut self, bytes: usize) -> Range<usize> {
        let begin = self.end.next_multiple_of(ALIGNMENT);
        self.end = begin + bytes;
        begin..self.end
    }

    fn numbers(&mut self, count: usize) -> Range<usize> {
        self.take(count * size_of::<f32>())
    }

    fn norm(&mut self, size: usize) -> NormLayout {
        NormLayout { gamma: self.numbers(padded(size)), beta: self.numbers(padded(size)) }
    }

    fn linear(&mut self, precision: Precision, inputs: usize, outputs: usize) -> LinearLayout {
        LinearLayout {
            inputs,
            outputs,
            weights: self.take(inputs * outputs * precision.weight_bytes()),
            scale: self.numbers(outputs),
            sum: self.numbers(outputs),
            bias: self.numbers(outputs),
        }
    }
}

impl Layout {
    /// Computes the layout for a valid header with sections from `begin` on.
    pub(crate) fn new(header: &Header, begin: usize) -> Self {
        let mut at = Sections { end: begin };
        let (hidden, inner) = (padded(header.hidden), padded(header.inner));
        let heads = header.heads * header.head_panels() * PANEL;
        let precision = header.precision;
        let tokenizer = at.take(header.tokenizer_bytes);
        let words = at.take(header.vocabulary * hidden * precision.word_bytes());
        let positions = at.numbers(header.position_rows() * hidden);
        let norm = at.norm(header.hidden);
        let layers = (0..header.layers).map(|_| LayerLayout {
            qkv: at.linear(precision, hidden, 3 * heads),
            attention_output: at.linear(precision, heads, hidden),
            attention_norm: at.norm(header.hidden),
            up: at.linear(precision, hidden, inner),
            down: at.linear(precision, inner, hidden),
            output_norm: at.norm(header.hidden),
        });
        let layers = layers.collect();
        let dense = header.dense.iter().map(|dense| DenseLayout {
            weights: at.numbers(dense.inputs * dense.outputs),
            bias: at.numbers(dense.outputs),
        });
        let dense = dense.collect();
        let bias = if header.relative_attention {
            at.numbers(header.heads * Bias::row(header.max_tokens))
        } else {
            at.end..at.end
        };
        Self { tokenizer, words, positions, norm, layers, dense, bias, end: at.end }
    }
}

/// Casts numbers to whole vectors.
pub(crate) fn vectors(bytes: &[u8]) -> &[V] {
    bytemuck::cast_slice(bytes)
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
