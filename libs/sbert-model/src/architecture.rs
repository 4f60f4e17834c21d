use crate::FolderError;
use std::path::Path;

/// A kind of encoder. All are variants of BERT with other names and position encodings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// BERT, including `MiniLM`, bge and e5.
    Bert,
    /// BERT without token types.
    DistilBert,
    /// BERT with positions that start after the padding token's.
    Roberta,
    /// `RoBERTa` with a different tokenizer.
    XlmRoberta,
    /// `RoBERTa` without token types and with an attention bias by distance.
    MpNet,
}

/// The names of the fields in a configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    pub(crate) hidden: &'static str,
    pub(crate) layers: &'static str,
    pub(crate) heads: &'static str,
    pub(crate) inner: &'static str,
    pub(crate) activation: &'static str,
}

/// The names of a layer's tensors after its number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerNames {
    /// The name before the layer's number.
    pub(crate) parent: &'static str,
    pub(crate) query: &'static str,
    pub(crate) key: &'static str,
    pub(crate) value: &'static str,
    pub(crate) attention_output: &'static str,
    pub(crate) attention_norm: &'static str,
    pub(crate) intermediate: &'static str,
    pub(crate) output: &'static str,
    pub(crate) output_norm: &'static str,
}

const BERT_LAYER: LayerNames = LayerNames {
    parent: "encoder.layer",
    query: "attention.self.query",
    key: "attention.self.key",
    value: "attention.self.value",
    attention_output: "attention.output.dense",
    attention_norm: "attention.output.LayerNorm",
    intermediate: "intermediate.dense",
    output: "output.dense",
    output_norm: "output.LayerNorm",
};

const DISTILBERT_LAYER: LayerNames = LayerNames {
    parent: "transformer.layer",
    query: "attention.q_lin",
    key: "attention.k_lin",
    value: "attention.v_lin",
    attention_output: "attention.out_lin",
    attention_norm: "sa_layer_norm",
    intermediate: "ffn.lin1",
    output: "ffn.lin2",
    output_norm: "output_layer_norm",
};

const MPNET_LAYER: LayerNames = LayerNames {
    query: "attention.attn.q",
    key: "attention.attn.k",
    value: "attention.attn.v",
    attention_output: "attention.attn.o",
    attention_norm: "attention.LayerNorm",
    ..BERT_LAYER
};

impl Architecture {
    /// All architectures.
    pub const ALL: [Self; 5] =
        [Self::Bert, Self::DistilBert, Self::Roberta, Self::XlmRoberta, Self::MpNet];

    /// Returns the name, the `model_type` in a `config.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bert => "bert",
            Self::DistilBert => "distilbert",
            Self::Roberta => "roberta",
            Self::XlmRoberta => "xlm-roberta",
            Self::MpNet => "mpnet",
        }
    }

    /// Returns the architecture with the `model_type`.
    pub(crate) fn from_name(path: &Path, name: &str) -> Result<Self, FolderError> {
        let found = Self::ALL.into_iter().find(|architecture| architecture.name() == name);
        found.ok_or_else(|| {
            let what = format!("the architecture {name:?}");
            FolderError::unsupported(
                path,
                what,
                "bert, distilbert, roberta, xlm-roberta and mpnet are",
            )
        })
    }

    /// Returns the prefix that some files add to the names of all tensors.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Bert => "bert.",
            Self::DistilBert => "distilbert.",
            Self::Roberta | Self::XlmRoberta => "roberta.",
            Self::MpNet => "mpnet.",
        }
    }

    /// Returns whether the model has embeddings of token types.
    pub(crate) fn has_types(self) -> bool {
        !matches!(self, Self::DistilBert | Self::MpNet)
    }

    pub(crate) fn fields(self) -> Fields {
        if self == Self::DistilBert {
            return Fields {
                hidden: "dim",
                layers: "n_layers",
                heads: "n_heads",
                inner: "hidden_dim",
                activation: "activation",
            };
        }
        Fields {
            hidden: "hidden_size",
            layers: "num_hidden_layers",
            heads: "num_attention_heads",
            inner: "intermediate_size",
            activation: "hidden_act",
        }
    }

    pub(crate) fn layer(self) -> LayerNames {
        match self {
            Self::Bert | Self::Roberta | Self::XlmRoberta => BERT_LAYER,
            Self::DistilBert => DISTILBERT_LAYER,
            Self::MpNet => MPNET_LAYER,
        }
    }
}
