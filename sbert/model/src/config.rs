use crate::ModelError;
use serde::Deserialize;
use std::path::Path;

/// The shape of a BERT encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct BertConfig {
    /// Tokens that the model knows.
    pub vocabulary: usize,
    /// Coordinates of a token.
    pub hidden: usize,
    /// Layers of attention and feed-forward.
    pub layers: usize,
    /// Heads of attention; they divide the hidden size.
    pub heads: usize,
    /// Coordinates inside the feed-forward part.
    pub inner: usize,
    /// The longest text, in tokens.
    pub positions: usize,
    /// Kinds of token (first or second sentence).
    pub types: usize,
    /// What keeps a normalisation from dividing by zero.
    pub epsilon: f32,
    /// What stands between the two halves of the feed-forward part.
    pub activation: Activation,
}

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// x Φ(x), with Φ the normal distribution.
    Gelu,
    /// The same by a tangens hyperbolicus, as it was first published.
    GeluTanh,
    /// max(x, 0).
    Relu,
}

/// `config.json`, as far as it matters.
#[derive(Debug, Deserialize)]
struct File {
    #[expect(dead_code, reason = "read ahead of the rest")]
    model_type: Option<String>,
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "one")]
    type_vocab_size: usize,
    #[serde(default = "epsilon")]
    layer_norm_eps: f32,
    #[serde(default = "gelu")]
    hidden_act: String,
    position_embedding_type: Option<String>,
}

fn one() -> usize {
    1
}

fn epsilon() -> f32 {
    1e-12
}

fn gelu() -> String {
    "gelu".to_owned()
}

/// No encoder is larger than this in any direction; the bound keeps products from overflowing.
const LARGEST: usize = 1 << 20;

impl BertConfig {
    pub(crate) fn read(path: &Path, text: &str) -> Result<Self, ModelError> {
        // The kind first: another architecture's configuration has other fields.
        #[derive(Deserialize)]
        struct Kind {
            model_type: Option<String>,
        }
        let malformed = |error: serde_json::Error| ModelError::malformed(path, error.to_string());
        let kind: Kind = serde_json::from_str(text).map_err(malformed)?;
        if let Some(other) = kind.model_type.filter(|kind| kind != "bert") {
            let what = format!("the architecture {other:?}");
            return Err(ModelError::unsupported(path, what, "only \"bert\" is"));
        }
        let file: File = serde_json::from_str(text).map_err(malformed)?;
        file.check(path)?;
        let activation = match &*file.hidden_act {
            "gelu" | "gelu_python" => Activation::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Activation::GeluTanh,
            "relu" => Activation::Relu,
            other => {
                let what = format!("the activation {other:?}");
                return Err(ModelError::unsupported(path, what, "gelu, gelu_new and relu are"));
            }
        };
        Ok(Self {
            vocabulary: file.vocab_size,
            hidden: file.hidden_size,
            layers: file.num_hidden_layers,
            heads: file.num_attention_heads,
            inner: file.intermediate_size,
            positions: file.max_position_embeddings,
            types: file.type_vocab_size,
            epsilon: file.layer_norm_eps,
            activation,
        })
    }
}

impl File {
    fn check(&self, path: &Path) -> Result<(), ModelError> {
        for (name, size) in [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ] {
            if !(1..=LARGEST).contains(&size) {
                let reason = format!("{name} is {size}, not 1 to {LARGEST}");
                return Err(ModelError::malformed(path, reason));
            }
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            let reason = format!(
                "hidden_size {} is no multiple of num_attention_heads {}",
                self.hidden_size, self.num_attention_heads
            );
            return Err(ModelError::malformed(path, reason));
        }
        if !(self.layer_norm_eps.is_finite() && self.layer_norm_eps > 0.0) {
            return Err(ModelError::malformed(path, "layer_norm_eps is no positive number"));
        }
        match self.position_embedding_type.as_deref() {
            None | Some("absolute") => Ok(()),
            Some(other) => {
                let what = format!("the position embedding {other:?}");
                Err(ModelError::unsupported(path, what, "only \"absolute\" is"))
            }
        }
    }
}
