use crate::TensorInfo;
use akin_ports::{ErrorKind, PortError};
use sbert_model::FolderError;
use std::path::PathBuf;
use std::{fmt, io};

/// An error in opening an ONNX model.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// The path does not exist.
    #[error(
        "no ONNX model at {0}: create one with `akin model export` (`make model` for the default \
         model), or select another with --onnx-model or ONNX_MODEL_PATH"
    )]
    Missing(PathBuf),
    /// The file is not an ONNX file, or is damaged.
    #[error("{path} is not a complete ONNX file ({reason}): check --onnx-model or ONNX_MODEL_PATH")]
    NoModel {
        /// The file.
        path: PathBuf,
        /// The defect.
        reason: String,
    },
    /// The file cannot be read.
    #[error("{path} cannot be read; check --onnx-model or ONNX_MODEL_PATH")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file differs from its record.
    #[error(
        "{path} was altered since it was exported: its SHA-256 or its weights are not those in the          record; copy the model's folder again, or run `akin model export`"
    )]
    Altered {
        /// The file.
        path: PathBuf,
    },
    /// An external file with weights is missing.
    #[error(
        "{path} keeps its weights in {name}, which is missing: both files must be in one folder"
    )]
    NoWeights {
        /// The model.
        path: PathBuf,
        /// The missing file.
        name: String,
    },
    /// The model has an input that akin cannot provide.
    #[error(
        "{path} has the inputs {}; an embedding model has input_ids and attention_mask, and possibly \
         token_type_ids, each for any number of texts and tokens: check --onnx-model or ONNX_MODEL_PATH",
        TensorList(.inputs)
    )]
    Inputs {
        /// The model.
        path: PathBuf,
        /// The inputs.
        inputs: Vec<TensorInfo>,
    },
    /// None of the outputs can be identified as the embedding.
    #[error(
        "{path} has the outputs {}; an embedding is called output, sentence_embedding, \
         last_hidden_state or token_embeddings, or is the only output: check --onnx-model or \
         ONNX_MODEL_PATH",
        TensorList(.outputs)
    )]
    Outputs {
        /// The model.
        path: PathBuf,
        /// The outputs.
        outputs: Vec<TensorInfo>,
    },
    /// The shape of the output is neither one vector per text nor one per token.
    #[error(
        "{path} returns {name} of the shape {shape:?} for {texts} texts of {tokens} tokens, but an \
         embedding has the shape {texts} x dimension, or {texts} x {tokens} x dimension before \
         pooling: check --onnx-model or ONNX_MODEL_PATH"
    )]
    Shape {
        /// The model.
        path: PathBuf,
        /// The output.
        name: String,
        /// The shape of the output.
        shape: Vec<usize>,
        /// The number of texts in the batch.
        texts: usize,
        /// The number of tokens per text, padding included.
        tokens: usize,
    },
    /// `rten` cannot load the model.
    #[error("{path} cannot be loaded: {reason}; check --onnx-model or ONNX_MODEL_PATH")]
    Unsupported {
        /// The model.
        path: PathBuf,
        /// The error of `rten`.
        reason: String,
    },
    /// The model was loaded but cannot be executed.
    #[error("{path} cannot be executed: {reason}; check --onnx-model or ONNX_MODEL_PATH")]
    Broken {
        /// The model.
        path: PathBuf,
        /// The cause.
        reason: String,
    },
    /// The model has layers after the pooling that are not in the graph.
    #[error(
        "{path} returns token vectors, but {modules} has a {module} after the pooling, which is not \
         in the graph: export the model as one graph that returns sentence_embedding"
    )]
    NotInGraph {
        /// The model.
        path: PathBuf,
        /// The file that lists the layers.
        modules: PathBuf,
        /// The type of the layer.
        module: String,
    },
    /// The tokenizer was not found.
    #[error("no tokenizer.json at {0}: set the tokenizer with --tokenizer or TOKENIZER_PATH")]
    NoTokenizer(PathBuf),
    /// The tokenizer cannot be read.
    #[error("the tokenizer {path} cannot be used: {reason}; check --tokenizer or TOKENIZER_PATH")]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// The defect.
        reason: String,
    },
    /// The pooling in the model's folder is invalid or not supported.
    #[error("{path} returns token vectors, and its pooling cannot be determined")]
    Pooling {
        /// The model.
        path: PathBuf,
        /// The cause.
        source: FolderError,
    },
    /// A configuration file of the model cannot be read.
    #[error("{path} cannot be used: {reason}; it belongs to the ONNX model in its folder")]
    Settings {
        /// The file.
        path: PathBuf,
        /// The defect.
        reason: String,
    },
}

impl OnnxError {
    pub(crate) fn no_model(path: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Self::NoModel { path: path.into(), reason: reason.into() }
    }
}

/// Formats the names of tensors, with the sizes that are fixed.
struct TensorList<'a>(&'a [TensorInfo]);

impl fmt::Display for TensorList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        let mut separator = "";
        for TensorInfo { name, shape } in self.0 {
            write!(f, "{separator}{name:?}")?;
            separator = ", ";
            if shape.iter().any(Option::is_some) {
                let sizes =
                    shape.iter().map(|size| size.map_or("?".into(), |size| size.to_string()));
                write!(f, " ({})", sizes.collect::<Vec<_>>().join(" x "))?;
            }
        }
        Ok(())
    }
}

pub(crate) const SYSTEM: &str = "embedder";

impl From<OnnxError> for PortError {
    fn from(error: OnnxError) -> Self {
        Self::new(SYSTEM, ErrorKind::Misconfigured, error)
    }
}
