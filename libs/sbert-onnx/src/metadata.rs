//! The properties of an exported file: the keys of its `metadata_props`.

use crate::{Export, ExportPrecision};
use sbert_model::{Pooling, SentenceModel};
use std::fmt::Write as _;

/// The SHA-256 of the whole source in hexadecimal: weights, settings and tokenizer.
pub const SOURCE: &str = "source_sha256";
/// The SHA-256 of the weights files in hexadecimal, by which other engines identify the model.
pub const WEIGHTS: &str = "weights_sha256";
/// The name of the source folder.
pub const NAME: &str = "name";
/// The architecture, as named in `config.json`.
pub const ARCHITECTURE: &str = "architecture";
/// The dimension of an embedding.
pub const DIMENSION: &str = "dimension";
/// The maximum number of tokens, including the special ones.
pub const MAX_LENGTH: &str = "max_length";
/// The pooling: one or more of `cls`, `max`, `mean` and `mean_sqrt_len`, joined by `+`.
pub const POOLING: &str = "pooling";
/// The key for normalization: `true` if embeddings have length 1, else `false`.
pub const NORMALIZED: &str = "normalized";
/// `fp32` or `int8`.
pub const PRECISION: &str = "precision";
/// The version of the exporter.
pub const EXPORTER: &str = "exporter_version";

/// The version of this exporter.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Returns the keys and values in the order of the file.
pub(crate) fn properties(
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
    /// Returns the name in the metadata and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Int8 => "int8",
        }
    }
}
