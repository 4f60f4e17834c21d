/// The maximum number of tokens in a batch, padding included. A query may have to wait for one batch,
/// which takes some tenths of a second.
const BUDGET: usize = 1_024;

/// Groups texts of similar length into batches, given their lengths in tokens. Each batch has at least
/// one text, and lists its texts by index.
pub(crate) fn batches(lengths: &[usize]) -> Vec<Vec<usize>> {
    let mut indices: Vec<usize> = (0..lengths.len()).collect();
    indices.sort_by_key(|index| lengths[*index]);
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for index in indices {
        // The texts are sorted, so the batch is padded to the length of this one.
        match batches.last_mut() {
            Some(batch) if (batch.len() + 1) * lengths[index] <= BUDGET => batch.push(index),
            _ => batches.push(vec![index]),
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_of_similar_length_share_a_batch() {
        assert_eq!(batches(&[1_000, 4, 500, 3, 500]), [vec![3, 1], vec![2, 4], vec![0]]);
        assert!(batches(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn every_text_is_in_one_batch_and_no_batch_exceeds_the_budget(
            lengths in proptest::collection::vec(1_usize..2_000, 0..200),
        ) {
            let batches = batches(&lengths);
            let mut indices: Vec<_> = batches.iter().flatten().copied().collect();
            indices.sort_unstable();
            prop_assert!(indices.into_iter().eq(0..lengths.len()));
            for batch in &batches {
                let longest = batch.iter().map(|index| lengths[*index]).max().unwrap_or(0);
                prop_assert!(batch.len() == 1 || batch.len() * longest <= BUDGET);
            }
        }
    }
}
