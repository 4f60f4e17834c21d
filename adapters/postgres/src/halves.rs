/// Finds the rows at fault when a statement fails for all of its rows: a part that fails is halved,
/// until single rows fail.
#[derive(Debug)]
pub(crate) struct Halves<'a, T>(Vec<&'a [T]>);

impl<'a, T> Halves<'a, T> {
    pub(crate) fn new(rows: &'a [T]) -> Self {
        Self(vec![rows])
    }

    /// Returns the next part to try, which is not empty. The parts keep the order of the rows.
    pub(crate) fn next(&mut self) -> Option<&'a [T]> {
        self.0.pop().filter(|part| !part.is_empty())
    }

    /// Makes `part` the next to be tried, again.
    pub(crate) fn retry(&mut self, part: &'a [T]) {
        self.0.push(part);
    }

    /// Records that `part` failed. Returns its row if it is the only one, and splits it otherwise.
    pub(crate) fn fail(&mut self, part: &'a [T]) -> Option<&'a T> {
        if let [only] = part {
            return Some(only);
        }
        let (first, second) = part.split_at(part.len() / 2);
        self.0.extend([second, first]);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_at_fault_are_found_and_the_others_tried_in_order() {
        let rows: Vec<_> = (0..100).collect();
        let (mut halves, mut done, mut failed) = (Halves::new(&rows), Vec::new(), Vec::new());
        while let Some(part) = halves.next() {
            if [17, 18, 99].iter().any(|bad| part.contains(bad)) {
                failed.extend(halves.fail(part));
            } else {
                done.extend_from_slice(part);
            }
        }
        assert_eq!((failed, done.len()), (vec![&17, &18, &99], 97));
        assert!(done.is_sorted());
        assert!(Halves::<u8>::new(&[]).next().is_none());
    }
}
