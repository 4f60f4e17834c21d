//! Reads a Sentence-Transformers folder into one typed description.
//!
//! Such a folder says in `modules.json` what happens to a text: a transformer, a pooling, perhaps
//! dense layers, perhaps a normalization; and holds the transformer's shape (`config.json`), its
//! weights (`model.safetensors`, mapped and borrowed, never copied) and its tokenizer. Transformers
//! are BERT, `DistilBERT`, `RoBERTa`, XLM-`RoBERTa` or `MPNet`.
//!
//! ```no_run
//! let model = sbert_model::SentenceModel::open("all-MiniLM-L6-v2".as_ref())?;
//! let tokens = model.tokenizer.encode("a tripod for my phone");
//! assert_eq!(model.weights()?.layers.len(), model.config.layers);
//! # Ok::<(), sbert_model::FolderError>(())
//! ```
//!
//! What the folder holds and this crate cannot read is refused by name, with what to do.

mod architecture;
mod config;
mod dense;
mod error;
mod files;
mod folder;
mod modules;
mod pooling;
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
