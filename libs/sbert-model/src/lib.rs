//! Reads the folder of a Sentence-Transformers model: architecture, weights, pooling and tokenizer.
//!
//! `modules.json` lists the steps from a text to its embedding: a transformer, a pooling, possibly dense
//! layers and a normalization. The transformer has its shape in `config.json`, its weights in
//! `model.safetensors`, which is memory-mapped and never copied, and its tokenizer. BERT, `DistilBERT`,
//! `RoBERTa`, XLM-`RoBERTa` and `MPNet` are supported.
//!
//! ```
//! # let folder = sbert_fixtures::folder("minilm-l6");
//! let model = sbert_model::SentenceModel::open(&folder)?;
//! let encoding = model.tokenizer.encode("a tripod for my phone");
//! assert!(encoding.ids.len() <= model.max_tokens);
//! assert_eq!(model.weights()?.layers.len(), model.config.layers);
//! # Ok::<(), sbert_model::FolderError>(())
//! ```
//!
//! A folder with anything else is refused with an error that names the file, the feature and a remedy.

mod architecture;
mod config;
mod dense;
mod error;
mod files;
mod folder;
mod modules;
mod pooling;
pub mod provenance;
mod settings;
mod tensors;
mod tokenizer;
mod weights;

pub use architecture::Architecture;
pub use config::{Activation, EncoderConfig, RelativeAttention};
pub use dense::{Dense, DenseActivation};
pub use error::FolderError;
pub use folder::SentenceModel;
pub use pooling::{Pooling, PoolingMode};
pub use tensors::{Dtype, Tensor};
pub use tokenizer::{Encoding, Tokenizer, WordPiece};
pub use weights::{EncoderLayer, EncoderWeights, Linear, Norm};
