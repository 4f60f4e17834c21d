//! The keys by which an exported model says what it is.

/// The SHA-256 of the weights that it was made of, in hexadecimal.
pub(crate) const WEIGHTS: &str = "weights_sha256";
/// The SHA-256 of all that it was made of: weights, settings and tokenizer.
pub(crate) const SOURCE: &str = "source_sha256";
/// The name of the folder that it was made of.
pub(crate) const NAME: &str = "name";
/// How many coordinates an embedding has.
pub(crate) const DIMENSION: &str = "dimension";
/// The longest text, in tokens.
pub(crate) const MAX_LENGTH: &str = "max_length";
/// How the tokens' vectors become one.
pub(crate) const POOLING: &str = "pooling";
/// `fp32` or `int8`.
pub(crate) const PRECISION: &str = "precision";
