/// How many tokens a batch may have, padding included: some tenths of a second, for which a query
/// may have to wait.
const BUDGET: usize = 1_024;

/// Sorts texts into batches of like length; `lengths` are in tokens. Each batch names its texts by
/// their places, and has one at least.
pub(crate) fn batches(lengths: &[usize]) -> Vec<Vec<usize>> {
    let mut places: Vec<usize> = (0..lengths.len()).collect();
    places.sort_by_key(|place| lengths[*place]);
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for place in places {
        // Sorted, so this one is the longest: all before it are padded to its length.
        match batches.last_mut() {
            Some(batch) if (batch.len() + 1) * lengths[place] <= BUDGET => batch.push(place),
            _ => batches.push(vec![place]),
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_of_like_length_go_together() {
        assert_eq!(batches(&[1_000, 4, 500, 3, 500]), [vec![3, 1], vec![2, 4], vec![0]]);
        assert!(batches(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn every_text_is_in_one_batch_and_none_is_over_the_budget(
            lengths in proptest::collection::vec(1_usize..2_000, 0..200),
        ) {
            let batches = batches(&lengths);
            let mut places: Vec<_> = batches.iter().flatten().copied().collect();
            places.sort_unstable();
            prop_assert!(places.into_iter().eq(0..lengths.len()));
            for batch in &batches {
                let longest = batch.iter().map(|place| lengths[*place]).max().unwrap_or(0);
                prop_assert!(batch.len() == 1 || batch.len() * longest <= BUDGET);
            }
        }
    }
}
