use crate::{ProductId, Version};
use std::collections::HashMap;

/// Returns the newest item of each product, in the order of the batch; of equal versions the last.
///
/// `key` names the product and the version of an item. A batch may name a product several times:
/// a queue delivers changes in any order, and delivers them again.
pub fn newest_of_each<'a, T>(
    batch: &'a [T],
    key: impl Fn(&'a T) -> (&'a ProductId, Version),
) -> Vec<&'a T> {
    let mut newest: HashMap<&ProductId, (Version, usize)> = HashMap::with_capacity(batch.len());
    for (position, item) in batch.iter().enumerate() {
        let (id, version) = key(item);
        let held = newest.entry(id).or_insert((version, position));
        if held.0 <= version {
            *held = (version, position);
        }
    }
    let mut positions: Vec<_> = newest.into_values().map(|(_, position)| position).collect();
    positions.sort_unstable();
    positions.into_iter().map(|position| &batch[position]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newest(batch: &[(&str, i64, &'static str)]) -> Vec<&'static str> {
        let items: Vec<_> = batch
            .iter()
            .map(|(id, version, name)| (ProductId::new(*id).unwrap(), Version(*version), *name))
            .collect();
        let newest = newest_of_each(&items, |(id, version, _)| (id, *version));
        newest.into_iter().map(|(_, _, name)| *name).collect()
    }

    #[test]
    fn the_newest_item_of_each_product_is_kept_in_the_order_of_the_batch() {
        let batch = [("b", 2, "new b"), ("a", 1, "old a"), ("b", 1, "old b"), ("a", 3, "new a")];
        assert_eq!(newest(&batch), ["new b", "new a"]);
        assert_eq!(newest(&[]), [""; 0]);
    }

    #[test]
    fn of_equal_versions_the_last_is_kept() {
        assert_eq!(newest(&[("a", 1, "first"), ("b", 1, "b"), ("a", 1, "last")]), ["b", "last"]);
    }
}
