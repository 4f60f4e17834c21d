use crate::architecture::LayerNames;
use crate::tensors::{Tensor, Tensors};
use crate::{EncoderConfig, FolderError};

/// A linear layer, y = W x + b.
#[derive(Clone, Debug)]
pub struct Linear<'a> {
    /// `[outputs, inputs]`.
    pub weight: Tensor<'a>,
    /// `[outputs]`.
    pub bias: Option<Tensor<'a>>,
}

/// A layer normalization, y = weight (x - mean) / deviation + bias.
#[derive(Clone, Debug)]
pub struct Norm<'a> {
    /// `[hidden]`.
    pub weight: Tensor<'a>,
    /// `[hidden]`.
    pub bias: Tensor<'a>,
}

/// One layer of an encoder.
#[derive(Clone, Debug)]
pub struct EncoderLayer<'a> {
    /// `[hidden, hidden]`.
    pub query: Linear<'a>,
    /// `[hidden, hidden]`.
    pub key: Linear<'a>,
    /// `[hidden, hidden]`.
    pub value: Linear<'a>,
    /// `[hidden, hidden]`.
    pub attention_output: Linear<'a>,
    /// The normalization after the attention and its residual.
    pub attention_norm: Norm<'a>,
    /// `[inner, hidden]`.
    pub intermediate: Linear<'a>,
    /// `[hidden, inner]`.
    pub output: Linear<'a>,
    /// The normalization after the feed-forward part and its residual.
    pub output_norm: Norm<'a>,
}

/// All weights of an encoder.
#[derive(Clone, Debug)]
pub struct EncoderWeights<'a> {
    /// `[vocabulary, hidden]`.
    pub words: Tensor<'a>,
    /// `[positions, hidden]`.
    pub positions: Tensor<'a>,
    /// `[types, hidden]`, if the architecture has token types.
    pub types: Option<Tensor<'a>>,
    /// The normalization of their sum.
    pub norm: Norm<'a>,
    /// The layers, starting at the input.
    pub layers: Vec<EncoderLayer<'a>>,
    /// `[relative_attention.rows, heads]`, if the architecture has a bias by distance.
    pub relative_attention: Option<Tensor<'a>>,
}

/// Finds an encoder's tensors by the names that files use.
struct Finder<'a, 'b> {
    tensors: &'b Tensors<'a>,
    config: &'b EncoderConfig,
}

impl<'a> Finder<'a, '_> {
    /// Returns the tensor with one of these names, with or without the architecture's prefix.
    fn get(&self, names: &[&str], shape: &[usize]) -> Result<Tensor<'a>, FolderError> {
        let prefix = self.config.architecture.prefix();
        let both = names.iter().flat_map(|name| [(*name).to_owned(), format!("{prefix}{name}")]);
        self.tensors.any_of(&both.collect::<Vec<_>>(), shape)
    }

    fn table(&self, name: &str, rows: usize) -> Result<Tensor<'a>, FolderError> {
        let name = format!("embeddings.{name}_embeddings.weight");
        self.get(&[&name], &[rows, self.config.hidden])
    }

    fn linear(&self, name: &str, outputs: usize, inputs: usize) -> Result<Linear<'a>, FolderError> {
        Ok(Linear {
            weight: self.get(&[&format!("{name}.weight")], &[outputs, inputs])?,
            bias: Some(self.get(&[&format!("{name}.bias")], &[outputs])?),
        })
    }

    /// Returns a normalization, whose tensors have other names in files converted from TensorFlow.
    fn norm(&self, name: &str) -> Result<Norm<'a>, FolderError> {
        let either = |name_in_pytorch: &str, name_in_tensorflow: &str| {
            let names = [name_in_pytorch, name_in_tensorflow].map(|last| format!("{name}.{last}"));
            self.get(&[&names[0], &names[1]], &[self.config.hidden])
        };
        Ok(Norm { weight: either("weight", "gamma")?, bias: either("bias", "beta")? })
    }

    fn layer(&self, number: usize) -> Result<EncoderLayer<'a>, FolderError> {
        let names: LayerNames = self.config.architecture.layer();
        let (hidden, inner) = (self.config.hidden, self.config.inner);
        let full = |name: &str| format!("{}.{number}.{name}", names.parent);
        let square = |name| self.linear(&full(name), hidden, hidden);
        Ok(EncoderLayer {
            query: square(names.query)?,
            key: square(names.key)?,
            value: square(names.value)?,
            attention_output: square(names.attention_output)?,
            attention_norm: self.norm(&full(names.attention_norm))?,
            intermediate: self.linear(&full(names.intermediate), inner, hidden)?,
            output: self.linear(&full(names.output), hidden, inner)?,
            output_norm: self.norm(&full(names.output_norm))?,
        })
    }
}

impl<'a> EncoderWeights<'a> {
    pub(crate) fn read(tensors: &Tensors<'a>, config: &EncoderConfig) -> Result<Self, FolderError> {
        let finder = Finder { tensors, config };
        let types = (config.types > 0).then(|| finder.table("token_type", config.types));
        let relative = config.relative_attention.map(|relative| {
            let shape = [relative.rows, config.heads];
            finder.get(&["encoder.relative_attention_bias.weight"], &shape)
        });
        Ok(Self {
            words: finder.table("word", config.vocabulary)?,
            positions: finder.table("position", config.positions)?,
            types: types.transpose()?,
            norm: finder.norm("embeddings.LayerNorm")?,
            layers: (0..config.layers)
                .map(|layer| finder.layer(layer))
                .collect::<Result<_, _>>()?,
            relative_attention: relative.transpose()?,
        })
    }
}
