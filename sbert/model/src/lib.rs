//! Reads a Sentence-Transformers folder into one typed description.
//!
//! Such a folder says in `modules.json` what happens to a text: a transformer, a pooling, perhaps
//! dense layers, perhaps a normalisation; and holds the transformer's shape (`config.json`), its
//! weights (`model.safetensors`, mapped and borrowed, never copied) and its tokeniser.
//!
//! ```no_run
//! let model = sbert_model::SentenceModel::open("all-MiniLM-L6-v2".as_ref())?;
//! let tokens = model.tokenizer.encode("a tripod for my phone");
//! assert_eq!(model.weights()?.layers.len(), model.config.layers);
//! # Ok::<(), sbert_model::ModelError>(())
//! ```
//!
//! What the folder holds and this crate cannot read is refused by name, with what to do.

mod config;
mod error;
mod folder;
mod map;
mod modules;
mod tokenizer;
mod weights;

pub use config::{Activation, BertConfig};
pub use error::ModelError;
pub use folder::SentenceModel;
pub use modules::{Dense, DenseActivation, Pooling};
pub use tokenizer::{Encoding, Tokenizer, WordPiece};
pub use weights::{BertWeights, Layer, Linear, Norm, Tensor};
