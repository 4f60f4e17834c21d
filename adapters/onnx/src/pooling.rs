//! The pooling of token vectors into one vector per text.

use sbert_model::{Pooling, PoolingMode};

/// Pools the token vectors of a text, stored one after the other in `tokens` with `dimension` numbers
/// each. The padding must have been removed.
pub(crate) fn pool(how: &Pooling, tokens: &[f32], dimension: usize) -> Vec<f32> {
    let mut pooled = Vec::with_capacity(dimension * how.parts());
    #[expect(clippy::cast_precision_loss, reason = "a text has a few thousand tokens")]
    let count = (tokens.len() / dimension) as f32;
    let sum = || fold_tokens(tokens, dimension, 0.0, |a, b| a + b);
    for mode in how.modes() {
        pooled.extend(match mode {
            PoolingMode::Cls => tokens[..dimension].to_vec(),
            PoolingMode::Max => fold_tokens(tokens, dimension, f32::NEG_INFINITY, f32::max),
            PoolingMode::Mean => sum().iter().map(|sum| sum / count).collect(),
            PoolingMode::MeanSqrtLen => sum().iter().map(|sum| sum / count.sqrt()).collect(),
        });
    }
    pooled
}

/// Folds the token vectors coordinate by coordinate.
fn fold_tokens(
    tokens: &[f32],
    dimension: usize,
    first: f32,
    join: fn(f32, f32) -> f32,
) -> Vec<f32> {
    tokens.chunks_exact(dimension).fold(vec![first; dimension], |mut all, row| {
        all.iter_mut().zip(row).for_each(|(all, one)| *all = join(*all, *one));
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: [f32; 8] = [1.0, -1.0, 2.0, 0.0, 3.0, 1.0, 2.0, -4.0];

    #[test]
    fn several_poolings_are_concatenated_in_order() {
        for (names, expected) in [
            ("cls", vec![1.0, -1.0]),
            ("max", vec![3.0, 1.0]),
            ("mean", vec![2.0, -1.0]),
            ("mean_sqrt_len", vec![4.0, -2.0]),
            ("mean+cls", vec![2.0, -1.0, 1.0, -1.0]),
        ] {
            let how = Pooling::named(names).unwrap();
            assert_eq!(pool(&how, &TOKENS, 2), expected, "{names}");
        }
    }
}
