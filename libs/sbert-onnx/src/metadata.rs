//! What an exported file says about itself: the keys of its `metadata_props`.

use crate::{Export, ExportPrecision};
use sbert_model::{Pooling, SentenceModel};
use std::fmt::Write as _;

/// The SHA-256 of all that it was made of, in hexadecimal: weights, settings and tokenizer.
pub const SOURCE: &str = "source_sha256";
/// The SHA-256 of the files of its weights alone, in hexadecimal: what other engines name a model by.
pub const WEIGHTS: &str = "weights_sha256";
/// The name of the folder that it was made of.
pub const NAME: &str = "name";
/// The kind of transformer, as `config.json` names it.
pub const ARCHITECTURE: &str = "architecture";
/// How many coordinates an embedding has.
pub const DIMENSION: &str = "dimension";
/// The longest text, in tokens, the special ones included.
pub const MAX_LENGTH: &str = "max_length";
/// How the tokens' vectors become one: of `cls`, `max`, `mean` and `mean_sqrt_len`, joined by `+`.
pub const POOLING: &str = "pooling";
/// Whether embeddings have length 1: `true` or `false`.
pub const NORMALIZED: &str = "normalized";
/// `fp32` or `int8`.
pub const PRECISION: &str = "precision";
/// The version of what wrote the file.
pub const EXPORTER: &str = "exporter_version";

/// The version of this exporter.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Keys and values, in the order in which they are written.
pub(crate) fn of(
    model: &SentenceModel,
    export: &Export,
    source: &str,
) -> Vec<(&'static str, String)> {
    vec![
        (NAME, model.name.clone()),
        (SOURCE, source.to_owned()),
        (WEIGHTS, hexadecimal(&model.sha256())),
        (ARCHITECTURE, model.config.architecture.name().to_owned()),
        (DIMENSION, model.dimension().to_string()),
        (MAX_LENGTH, model.max_tokens.to_string()),
        (POOLING, pooling(&model.pooling)),
        (NORMALIZED, model.normalize.to_string()),
        (PRECISION, export.precision.name().to_owned()),
        (EXPORTER, VERSION.to_owned()),
    ]
}

fn hexadecimal(hash: &[u8]) -> String {
    hash.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

fn pooling(pooling: &Pooling) -> String {
    pooling.modes().iter().map(|mode| mode.name()).collect::<Vec<_>>().join("+")
}

impl ExportPrecision {
    /// As the metadata and the command line name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Int8 => "int8",
        }
    }
}
