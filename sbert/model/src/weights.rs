use crate::{BertConfig, ModelError};
use memmap2::Mmap;
use safetensors::{Dtype, SafeTensors};
use std::path::{Path, PathBuf};

/// The files of a model's weights, mapped.
#[derive(Debug)]
pub(crate) struct Store(Vec<(PathBuf, Mmap)>);

/// The same, with their tables of contents read.
#[derive(Debug)]
pub(crate) struct Tensors<'a>(Vec<(&'a Path, SafeTensors<'a>)>);

/// A tensor, borrowed from its file.
#[derive(Clone, Debug)]
pub struct Tensor<'a> {
    /// Its name in the file.
    pub name: String,
    /// Its shape, the slowest dimension first.
    pub shape: Vec<usize>,
    dtype: Dtype,
    bytes: &'a [u8],
}

/// y = W x + b.
#[derive(Clone, Debug)]
pub struct Linear<'a> {
    /// `[outputs, inputs]`.
    pub weight: Tensor<'a>,
    /// `[outputs]`.
    pub bias: Option<Tensor<'a>>,
}

/// y = weight (x - mean) / deviation + bias.
#[derive(Clone, Debug)]
pub struct Norm<'a> {
    /// `[hidden]`.
    pub weight: Tensor<'a>,
    /// `[hidden]`.
    pub bias: Tensor<'a>,
}

/// One layer of a BERT encoder.
#[derive(Clone, Debug)]
pub struct Layer<'a> {
    /// `[hidden, hidden]`.
    pub query: Linear<'a>,
    /// `[hidden, hidden]`.
    pub key: Linear<'a>,
    /// `[hidden, hidden]`.
    pub value: Linear<'a>,
    /// `[hidden, hidden]`.
    pub attention_output: Linear<'a>,
    /// Behind the attention and its residual.
    pub attention_norm: Norm<'a>,
    /// `[inner, hidden]`.
    pub intermediate: Linear<'a>,
    /// `[hidden, inner]`.
    pub output: Linear<'a>,
    /// Behind the feed-forward part and its residual.
    pub output_norm: Norm<'a>,
}

/// All weights of a BERT encoder.
#[derive(Clone, Debug)]
pub struct BertWeights<'a> {
    /// `[vocabulary, hidden]`.
    pub words: Tensor<'a>,
    /// `[positions, hidden]`.
    pub positions: Tensor<'a>,
    /// `[types, hidden]`.
    pub types: Tensor<'a>,
    /// Behind the sum of the three.
    pub norm: Norm<'a>,
    /// From the input on.
    pub layers: Vec<Layer<'a>>,
}

impl Store {
    pub(crate) fn new(files: Vec<(PathBuf, Mmap)>) -> Self {
        Self(files)
    }

    /// The bytes of all files, in order.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|(_, map)| &map[..])
    }

    pub(crate) fn tensors(&self) -> Result<Tensors<'_>, ModelError> {
        let mut files = Vec::with_capacity(self.0.len());
        for (path, map) in &self.0 {
            let tensors = SafeTensors::deserialize(map).map_err(|error| {
                ModelError::malformed(path, format!("no whole safetensors file: {error}"))
            })?;
            files.push((path.as_path(), tensors));
        }
        Ok(Tensors(files))
    }
}

impl<'a> Tensors<'a> {
    /// The tensor of that name, with or without the `bert.` that some files put before it.
    pub(crate) fn get(&self, name: &str, shape: &[usize]) -> Result<Tensor<'a>, ModelError> {
        let prefixed = format!("bert.{name}");
        let names = [name, &*prefixed];
        let found = self.0.iter().find_map(|(path, tensors)| {
            names.into_iter().find_map(|name| Some((*path, name, tensors.tensor(name).ok()?)))
        });
        let Some((path, name, view)) = found else {
            let path = self.0.first().map_or_else(PathBuf::new, |(path, _)| (*path).to_owned());
            return Err(ModelError::MissingTensor { path, name: name.to_owned() });
        };
        if view.shape() != shape {
            return Err(ModelError::WrongShape {
                path: path.to_owned(),
                name: name.to_owned(),
                found: view.shape().to_vec(),
                expected: shape.to_vec(),
            });
        }
        if !matches!(view.dtype(), Dtype::F32 | Dtype::F16 | Dtype::BF16) {
            let what = format!("the tensor {name} of type {:?}", view.dtype());
            return Err(ModelError::unsupported(path, what, "F32, F16 and BF16 are"));
        }
        let (dtype, bytes) = (view.dtype(), view.data());
        Ok(Tensor { name: name.to_owned(), shape: shape.to_vec(), dtype, bytes })
    }

    fn linear(&self, name: &str, outputs: usize, inputs: usize) -> Result<Linear<'a>, ModelError> {
        Ok(Linear {
            weight: self.get(&format!("{name}.weight"), &[outputs, inputs])?,
            bias: Some(self.get(&format!("{name}.bias"), &[outputs])?),
        })
    }

    fn norm(&self, name: &str, size: usize) -> Result<Norm<'a>, ModelError> {
        Ok(Norm {
            weight: self.get(&format!("{name}.weight"), &[size])?,
            bias: self.get(&format!("{name}.bias"), &[size])?,
        })
    }
}

impl<'a> BertWeights<'a> {
    pub(crate) fn read(tensors: &Tensors<'a>, config: &BertConfig) -> Result<Self, ModelError> {
        let hidden = config.hidden;
        let embedding = |kind: &str, rows| {
            tensors.get(&format!("embeddings.{kind}_embeddings.weight"), &[rows, hidden])
        };
        let layers = (0..config.layers).map(|layer| Layer::read(tensors, config, layer));
        Ok(Self {
            words: embedding("word", config.vocabulary)?,
            positions: embedding("position", config.positions)?,
            types: embedding("token_type", config.types)?,
            norm: tensors.norm("embeddings.LayerNorm", hidden)?,
            layers: layers.collect::<Result<_, _>>()?,
        })
    }
}

impl<'a> Layer<'a> {
    fn read(tensors: &Tensors<'a>, config: &BertConfig, layer: usize) -> Result<Self, ModelError> {
        let (hidden, inner) = (config.hidden, config.inner);
        let linear = |name: &str, outputs, inputs| {
            tensors.linear(&format!("encoder.layer.{layer}.{name}"), outputs, inputs)
        };
        let norm = |name: &str| tensors.norm(&format!("encoder.layer.{layer}.{name}"), hidden);
        Ok(Self {
            query: linear("attention.self.query", hidden, hidden)?,
            key: linear("attention.self.key", hidden, hidden)?,
            value: linear("attention.self.value", hidden, hidden)?,
            attention_output: linear("attention.output.dense", hidden, hidden)?,
            attention_norm: norm("attention.output.LayerNorm")?,
            intermediate: linear("intermediate.dense", inner, hidden)?,
            output: linear("output.dense", hidden, inner)?,
            output_norm: norm("output.LayerNorm")?,
        })
    }
}

impl Tensor<'_> {
    /// Its numbers, the fastest dimension last.
    pub fn to_f32(&self) -> Vec<f32> {
        match self.dtype {
            Dtype::F16 => self
                .bytes
                .as_chunks()
                .0
                .iter()
                .map(|&bytes| half(u16::from_le_bytes(bytes)))
                .collect(),
            Dtype::BF16 => {
                let widen = |&bytes| f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16);
                self.bytes.as_chunks().0.iter().map(widen).collect()
            }
            _ => self.bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect(),
        }
    }
}

/// IEEE 754 binary16 as binary32, exactly.
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10) & 31, u32::from(bits) & 1023);
    match exponent {
        0 => {
            // A subnormal number of binary16 is a normal one of binary32.
            let value = f32::from(bits & 1023) * 2.0_f32.powi(-24);
            f32::from_bits(value.to_bits() | sign)
        }
        31 => f32::from_bits(sign | 0x7f80_0000 | (fraction << 13)),
        _ => f32::from_bits(sign | ((exponent + 112) << 23) | (fraction << 13)),
    }
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn half_precision_is_widened_exactly() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65_504.0),
            (0x0001, 5.960_464_5e-8),
            (0x03ff, 6.097_555e-5),
            (0x3555, 0.333_251_95),
        ] {
            assert_eq!(half(bits).to_bits(), f32::to_bits(value), "{bits:#x}");
        }
        assert!(half(0x7c01).is_nan() && half(0xfc00) == f32::NEG_INFINITY);
    }
}
