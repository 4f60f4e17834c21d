//! Parses the values of settings.

use akin_entities::Similarity;
use akin_views::MAX_LIMIT;

/// Parses a cosine.
pub fn similarity(text: &str) -> Result<Similarity, String> {
    let similarity = text.trim().parse().ok().and_then(Similarity::new);
    similarity.ok_or_else(|| "expected a number from -1 to 1".to_owned())
}

/// Parses the maximum number of products in an answer.
pub fn limit(text: &str) -> Result<usize, String> {
    let limit = text.trim().parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| format!("expected a number from 1 to {MAX_LIMIT}"))
}

/// Parses a number of mebibytes.
pub fn mebibytes(text: &str) -> Result<usize, String> {
    let number = text.trim().parse().ok().filter(|number| (1..=1_048_576).contains(number));
    number.ok_or_else(|| "expected a whole number from 1 to 1048576".to_owned())
}
