use crate::TensorInfo;
use akin_ports::{ErrorKind, PortError};
use sbert_model::FolderError;
use std::path::PathBuf;
use std::{fmt, io};

/// Why an ONNX model cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// There is nothing at the path.
    #[error(
        "no ONNX model at {0}: `akin model export` makes one (`make model` the default one), and \
         --onnx-model or ONNX_MODEL_PATH names another"
    )]
    Missing(PathBuf),
    /// The file is something else, or is damaged.
    #[error("{path} is no whole ONNX file ({reason}): check --onnx-model or ONNX_MODEL_PATH")]
    NoModel {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file cannot be read.
    #[error("{path} cannot be read; check --onnx-model or ONNX_MODEL_PATH")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The weights lie elsewhere, and are not there.
    #[error(
        "{path} keeps its weights in {name}, which is not there: the files must lie in one folder"
    )]
    NoWeights {
        /// The model.
        path: PathBuf,
        /// The file that is missing.
        name: String,
    },
    /// The model wants something that a text has not.
    #[error(
        "{path} takes {}; a model of sentences takes input_ids and attention_mask, and may take \
         token_type_ids, each of any number of texts and tokens: check --onnx-model or ONNX_MODEL_PATH",
        Names(.inputs)
    )]
    Inputs {
        /// The model.
        path: PathBuf,
        /// What it takes.
        inputs: Vec<TensorInfo>,
    },
    /// None of the outputs is known to be an embedding.
    #[error(
        "{path} answers {}; an embedding is called output, sentence_embedding, last_hidden_state or \
         token_embeddings, or is the only one: check --onnx-model or ONNX_MODEL_PATH",
        Names(.outputs)
    )]
    Outputs {
        /// The model.
        path: PathBuf,
        /// What it answers.
        outputs: Vec<TensorInfo>,
    },
    /// The output is no vector of a text and none of a token.
    #[error(
        "{path} answers {name} of the shape {shape:?} for {texts} texts of {tokens} tokens, where an \
         embedding has {texts} x dimension, or {texts} x {tokens} x dimension before pooling: check \
         --onnx-model or ONNX_MODEL_PATH"
    )]
    Shape {
        /// The model.
        path: PathBuf,
        /// The output.
        name: String,
        /// Its sizes.
        shape: Vec<usize>,
        /// How many texts were given.
        texts: usize,
        /// How many tokens each had.
        tokens: usize,
    },
    /// `rten` cannot load it.
    #[error("{path} cannot be loaded: {reason}; check --onnx-model or ONNX_MODEL_PATH")]
    Unsupported {
        /// The model.
        path: PathBuf,
        /// What `rten` says.
        reason: String,
    },
    /// It was loaded, and cannot be executed.
    #[error("{path} cannot be executed: {reason}; check --onnx-model or ONNX_MODEL_PATH")]
    Broken {
        /// The model.
        path: PathBuf,
        /// What failed.
        reason: String,
    },
    /// Layers stand behind the pooling, and are not in the graph.
    #[error(
        "{path} answers the vectors of tokens, but {modules} has a {module} behind the pooling, which \
         is not in the graph: export the model as one graph that answers sentence_embedding"
    )]
    NotInGraph {
        /// The model.
        path: PathBuf,
        /// The file that says so.
        modules: PathBuf,
        /// The kind of layer.
        module: String,
    },
    /// There is no tokenizer.
    #[error("no tokenizer.json at {0}: name the tokenizer by --tokenizer or TOKENIZER_PATH")]
    NoTokenizer(PathBuf),
    /// The tokenizer cannot be read.
    #[error("the tokenizer {path} cannot be used: {reason}; check --tokenizer or TOKENIZER_PATH")]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder of the model says in no way that is known how the vectors of tokens become one.
    #[error("{path} answers the vectors of tokens, and how they become one cannot be told")]
    Pooling {
        /// The model.
        path: PathBuf,
        /// What is wrong with the folder.
        source: FolderError,
    },
    /// A file of settings beside the model cannot be read.
    #[error("{path} cannot be used: {reason}; it belongs to the ONNX model beside it")]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl OnnxError {
    pub(crate) fn no_model(path: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Self::NoModel { path: path.into(), reason: reason.into() }
    }
}

/// Lists values as a sentence does.
struct Names<'a>(&'a [TensorInfo]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        let mut between = "";
        for TensorInfo { name, shape } in self.0 {
            write!(f, "{between}{name:?}")?;
            between = ", ";
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
