//! What a packed file holds, and where.

use crate::kernels::{Bias, PANEL};
use crate::simd::V;
use crate::weights::Precision;
use sbert_model::{Activation, Pooling, PoolingMode, SentenceModel};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Everything but the numbers. What only some architectures have is left out by the others, so that
/// their files are the same as before there were any.
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
    /// The token that takes no place of its own; its row of positions stands behind all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) padding: Option<u32>,
    /// Whether every attention has a bias by distance.
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

/// Where every part of the numbers lies.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) tokenizer: Range<usize>,
    pub(crate) words: Range<usize>,
    pub(crate) positions: Range<usize>,
    pub(crate) norm: NormAt,
    pub(crate) layers: Vec<LayerAt>,
    pub(crate) dense: Vec<DenseAt>,
    /// For each head the bias of every distance, as [`Bias`] has them; empty where there is none.
    pub(crate) bias: Range<usize>,
    /// Where the file ends.
    pub(crate) end: usize,
}

#[derive(Debug)]
pub(crate) struct NormAt {
    pub(crate) gamma: Range<usize>,
    pub(crate) beta: Range<usize>,
}

#[derive(Debug)]
pub(crate) struct LinearAt {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) weights: Range<usize>,
    pub(crate) scale: Range<usize>,
    pub(crate) sum: Range<usize>,
    pub(crate) bias: Range<usize>,
}

#[derive(Debug)]
pub(crate) struct LayerAt {
    pub(crate) qkv: LinearAt,
    pub(crate) attention_output: LinearAt,
    pub(crate) attention_norm: NormAt,
    pub(crate) up: LinearAt,
    pub(crate) down: LinearAt,
    pub(crate) output_norm: NormAt,
}

#[derive(Debug)]
pub(crate) struct DenseAt {
    pub(crate) weights: Range<usize>,
    pub(crate) bias: Range<usize>,
}

/// Sections begin at multiples of this: a line of the cache.
pub(crate) const ALIGNMENT: usize = 64;

/// No part of a model is larger in any direction; keeps products from overflowing.
const LARGEST: usize = 1 << 20;

/// `size`, padded to whole panels.
pub(crate) fn padded(size: usize) -> usize {
    size.next_multiple_of(PANEL)
}

impl Header {
    pub(crate) fn of(model: &SentenceModel, precision: Precision, tokenizer_bytes: usize) -> Self {
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
            other => Err(format!("the activation {other:?} is not known")),
        }
    }

    pub(crate) fn pooling(&self) -> Result<Pooling, String> {
        let modes: Option<_> =
            self.pooling.iter().map(|name| PoolingMode::from_name(name)).collect();
        let unknown = || format!("the pooling {} is not known", self.pooling.join("+"));
        modes.and_then(Pooling::new).ok_or_else(unknown)
    }

    /// How many coordinates the pooling makes.
    pub(crate) fn pooled(&self) -> usize {
        self.hidden * self.pooling.len()
    }

    /// Rows of positions.
    pub(crate) fn position_rows(&self) -> usize {
        self.max_tokens + usize::from(self.padding.is_some())
    }

    /// Panels of a head: a power of two, for fewer ways to compile.
    pub(crate) fn head_panels(&self) -> usize {
        (self.hidden / self.heads).div_ceil(PANEL).next_power_of_two()
    }

    /// How many coordinates an embedding has.
    pub(crate) fn dimension(&self) -> usize {
        self.dense.last().map_or(self.pooled(), |dense| dense.outputs)
    }

    /// Says what is impossible, if anything.
    pub(crate) fn check(&self) -> Result<(), String> {
        let dense = self.dense.iter().flat_map(|dense| [dense.inputs, dense.outputs]);
        let sizes = [self.vocabulary, self.hidden, self.layers, self.heads, self.inner];
        let mut sizes = sizes.into_iter().chain(dense);
        if sizes.any(|size| !(1..=LARGEST).contains(&size)) || self.layers > 1024 {
            return Err("a size is not possible".to_owned());
        }
        if !self.hidden.is_multiple_of(self.heads) {
            return Err("the heads do not divide the hidden size".to_owned());
        }
        if self.head_panels() > crate::kernels::MOST_PANELS {
            let most = crate::kernels::MOST_PANELS * PANEL;
            return Err(format!("heads of more than {most} numbers are not supported"));
        }
        if self.tokenizer_bytes > 1 << 30 || self.dense.len() > 1024 {
            return Err("a part is too large".to_owned());
        }
        if !(2..=LARGEST).contains(&self.max_tokens) {
            return Err("the length is not possible".to_owned());
        }
        self.pooling()?;
        let mut width = self.pooled();
        for dense in &self.dense {
            if dense.inputs != width {
                return Err("a dense layer takes another width".to_owned());
            }
            width = dense.outputs;
        }
        if !(self.epsilon.is_finite() && self.epsilon > 0.0) {
            return Err("the epsilon is not possible".to_owned());
        }
        self.activation().map(drop)
    }
}

/// Hands out sections, one behind the other.
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

    fn norm(&mut self, size: usize) -> NormAt {
        NormAt { gamma: self.numbers(padded(size)), beta: self.numbers(padded(size)) }
    }

    fn linear(&mut self, precision: Precision, inputs: usize, outputs: usize) -> LinearAt {
        LinearAt {
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
    /// The layout of a checked header whose numbers begin at `begin`.
    pub(crate) fn of(header: &Header, begin: usize) -> Self {
        let mut at = Sections { end: begin };
        let (hidden, inner) = (padded(header.hidden), padded(header.inner));
        let heads = header.heads * header.head_panels() * PANEL;
        let precision = header.precision;
        let tokenizer = at.take(header.tokenizer_bytes);
        let words = at.take(header.vocabulary * hidden * precision.word_bytes());
        let positions = at.numbers(header.position_rows() * hidden);
        let norm = at.norm(header.hidden);
        let layers = (0..header.layers).map(|_| LayerAt {
            qkv: at.linear(precision, hidden, 3 * heads),
            attention_output: at.linear(precision, heads, hidden),
            attention_norm: at.norm(header.hidden),
            up: at.linear(precision, hidden, inner),
            down: at.linear(precision, inner, hidden),
            output_norm: at.norm(header.hidden),
        });
        let layers = layers.collect();
        let dense = header.dense.iter().map(|dense| DenseAt {
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

/// Numbers as whole vectors.
pub(crate) fn vectors(bytes: &[u8]) -> &[V] {
    bytemuck::cast_slice(bytes)
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
