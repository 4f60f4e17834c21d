use akin_ports::PortError;

/// The number of items that may fail before any has succeeded. Beyond it, the fault is taken to lie in
/// the system and not in the items.
pub const MAX_BLAMED: usize = 8;

/// Finds the items at fault when a batch fails without a name: a part that fails is halved, until
/// single items fail.
#[derive(Debug)]
pub(crate) struct Halves<'a, T> {
    /// Parts still to be tried, the next one last.
    parts: Vec<&'a [T]>,
    failed: Vec<(&'a T, PortError)>,
    has_succeeded: bool,
}

impl<'a, T> Halves<'a, T> {
    pub(crate) fn new(items: &'a [T]) -> Self {
        Self { parts: vec![items], failed: Vec::new(), has_succeeded: false }
    }

    /// Returns the next part to try, which is not empty.
    pub(crate) fn next(&mut self) -> Option<&'a [T]> {
        self.parts.pop().filter(|part| !part.is_empty())
    }

    /// Records that a part succeeded.
    pub(crate) fn succeed(&mut self) {
        self.has_succeeded = true;
    }

    /// Records that `part` failed. Returns the error if it is time to give up: too many items failed
    /// and none succeeded.
    pub(crate) fn fail(&mut self, part: &'a [T], error: PortError) -> Option<PortError> {
        if let [only] = part {
            if !self.has_succeeded && self.failed.len() == MAX_BLAMED {
                self.parts.push(part);
                return Some(error);
            }
            self.failed.push((only, error));
        } else {
            let (first, second) = part.split_at(part.len() / 2);
            self.parts.extend([second, first]);
        }
        None
    }

    /// Returns the items that were not tried to the end, in their order.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &'a T> {
        self.parts.iter().rev().copied().flatten()
    }

    /// Takes the items that failed alone, with their errors.
    pub(crate) fn take_failed(&mut self) -> Vec<(&'a T, PortError)> {
        std::mem::take(&mut self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use akin_ports::ErrorKind;

    /// Tries `items`, of which those in `bad` fail. Returns the failed, the waiting and the number of
    /// tries.
    fn find(items: &[u32], bad: &[u32]) -> (Vec<u32>, Vec<u32>, usize) {
        let (mut halves, mut tries, mut done) = (Halves::new(items), 0, Vec::new());
        while let Some(part) = halves.next() {
            tries += 1;
            if !part.iter().any(|item| bad.contains(item)) {
                halves.succeed();
                done.extend_from_slice(part);
            } else if halves.fail(part, PortError::new("test", ErrorKind::Corrupt, "bad")).is_some()
            {
                break;
            }
        }
        let waiting: Vec<_> = halves.waiting().copied().collect();
        let failed: Vec<_> = halves.take_failed().into_iter().map(|(item, _)| *item).collect();
        let mut all = [done, waiting.clone(), failed.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, items, "each item has one outcome");
        (failed, waiting, tries)
    }

    #[test]
    fn the_items_at_fault_are_found_in_few_tries() {
        let items: Vec<_> = (0..512).collect();
        assert_eq!(find(&items, &[]), (vec![], vec![], 1));
        assert_eq!(find(&items, &[300]), (vec![300], vec![], 19));
        assert_eq!(find(&items, &[0, 511]).0, [0, 511]);
        assert_eq!(find(&[], &[]), (vec![], vec![], 0));
    }

    #[test]
    fn a_few_items_that_all_fail_are_at_fault() {
        assert_eq!(find(&[7], &[7]).0, [7]);
        assert_eq!(find(&[7, 8], &[7, 8]).0, [7, 8]);
    }

    #[test]
    fn many_items_that_all_fail_are_mostly_left_alone() {
        let items: Vec<_> = (0..512).collect();
        let (failed, waiting, tries) = find(&items, &items);
        assert_eq!((failed.len(), waiting.len()), (MAX_BLAMED, 512 - MAX_BLAMED));
        assert!(tries < 32, "{tries}");
    }

    #[test]
    fn after_a_success_every_failure_is_an_items_own() {
        let items: Vec<_> = (0..64).collect();
        let (failed, waiting, _) = find(&items, &items[1..]);
        assert_eq!((failed.len(), waiting.len()), (63, 0));
    }
}
