use akin_ports::FeedRow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Parents whose variants may follow later: those that were read last, up to a limit.
#[derive(Debug, Default)]
pub(super) struct RememberedParents {
    by_key: HashMap<String, Arc<FeedRow>>,
    /// Their keys in the order in which they were read, each with the number of bytes that it takes.
    order: VecDeque<(String, usize)>,
    size: usize,
}

/// The maximum number of bytes of the texts of parents.
const MAX_BYTES: usize = 16 << 20;

impl RememberedParents {
    pub(super) fn remember(&mut self, keys: &[String], row: &FeedRow) {
        let row = Arc::new(row.clone());
        for key in keys {
            let size = row.size() + 2 * key.len();
            self.by_key.insert(key.clone(), Arc::clone(&row));
            self.order.push_back((key.clone(), size));
            self.size += size;
        }
        while self.size > MAX_BYTES {
            let Some((key, size)) = self.order.pop_front() else { return };
            self.by_key.remove(&key);
            self.size -= size;
        }
    }

    /// Returns the parent of this name.
    pub(super) fn find(&self, key: &str) -> Option<&FeedRow> {
        self.by_key.get(key).map(Arc::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_parents_are_forgotten_first() {
        let mut parents = RememberedParents::default();
        let row = FeedRow { description: "x".repeat(1 << 20), ..FeedRow::default() };
        for id in 0..20 {
            parents.remember(&[format!("id:{id}")], &row);
        }
        assert!(parents.find("id:19").is_some() && parents.find("id:0").is_none());
        assert!(parents.size <= MAX_BYTES && parents.by_key.len() < 17);
    }
}
