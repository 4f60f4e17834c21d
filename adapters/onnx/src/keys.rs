//! The metadata keys of an exported model.

/// The SHA-256 of the weights it was exported from, in hexadecimal.
pub(crate) const WEIGHTS: &str = "weights_sha256";
/// The SHA-256 of everything it was exported from: weights, settings and tokenizer.
pub(crate) const SOURCE: &str = "source_sha256";
/// The name of the folder it was exported from.
pub(crate) const NAME: &str = "name";
/// The dimension of the embeddings.
pub(crate) const DIMENSION: &str = "dimension";
/// The maximum length of a text, in tokens.
pub(crate) const MAX_LENGTH: &str = "max_length";
/// The pooling of the token vectors.
pub(crate) const POOLING: &str = "pooling";
/// The precision: `fp32` or `int8`.
pub(crate) const PRECISION: &str = "precision";
