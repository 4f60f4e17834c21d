/// A bitmap of a segment's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    words: Vec<u64>,
    count: usize,
}

impl Rows {
    /// Returns the first `count` rows, which are all rows of a segment of that size.
    pub(crate) fn all(count: usize) -> Self {
        let mut words = vec![u64::MAX; count / 64];
        if !count.is_multiple_of(64) {
            words.push((1 << (count % 64)) - 1);
        }
        Self { words, count }
    }

    /// Returns an empty set of rows of a segment of `count` rows.
    pub(crate) fn none(count: usize) -> Self {
        Self { words: vec![0; count.div_ceil(64)], count: 0 }
    }

    /// Adds a row, unless the segment has fewer.
    pub(crate) fn insert(&mut self, row: u32) {
        if let Some(word) = self.words.get_mut(row as usize / 64) {
            let bit = 1 << (row % 64);
            self.count += usize::from(*word & bit == 0);
            *word |= bit;
        }
    }

    /// Removes the rows that are not in `others`.
    pub(crate) fn intersect(&mut self, others: &Self) {
        self.combine(others, |word, other| word & other);
    }

    /// Adds the rows of `others`.
    pub(crate) fn unite(&mut self, others: &Self) {
        self.combine(others, |word, other| word | other);
    }

    /// Removes the rows of `others`.
    pub(crate) fn subtract(&mut self, others: &Self) {
        self.combine(others, |word, other| word & !other);
    }

    fn combine(&mut self, others: &Self, combine: impl Fn(u64, u64) -> u64) {
        self.count = 0;
        for (word, other) in self.words.iter_mut().zip(&others.words) {
            *word = combine(*word, *other);
            self.count += word.count_ones() as usize;
        }
    }

    /// Returns the number of rows in the set.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Returns the bits, 64 rows per word.
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(crate) fn contains(&self, row: u32) -> bool {
        let word = self.words.get(row as usize / 64);
        word.is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Removes a row and returns whether the set contained it.
    pub(crate) fn remove(&mut self, row: u32) -> bool {
        let contained = self.contains(row);
        if contained {
            self.words[row as usize / 64] &= !(1 << (row % 64));
            self.count -= 1;
        }
        contained
    }

    /// Removes every row whose value `keep` rejects, and every row without a value.
    ///
    /// All values are tested, 64 per word and without a branch, which costs less than selecting the
    /// values of the rows in the set.
    pub(crate) fn retain<T: Copy>(&mut self, values: &[T], keep: impl Fn(T) -> bool) {
        self.count = 0;
        let mut values = values.chunks(64);
        for word in &mut self.words {
            let mut kept = 0;
            for (bit, value) in values.next().unwrap_or_default().iter().enumerate() {
                kept |= u64::from(keep(*value)) << bit;
            }
            *word &= kept;
            self.count += word.count_ones() as usize;
        }
    }

    /// Visits the rows in order, in blocks of up to `N` so that the loops over them are worth a call.
    pub(crate) fn visit_blocks<const N: usize>(&self, mut visit: impl FnMut(&[u32])) {
        let (mut block, mut length) = ([0_u32; N], 0);
        for (place, &word) in (0_u32..).zip(&self.words) {
            let mut left = word;
            while left != 0 {
                block[length] = place * 64 + left.trailing_zeros();
                left &= left - 1;
                length += 1;
                if length == N {
                    visit(&block);
                    length = 0;
                }
            }
        }
        if length > 0 {
            visit(&block[..length]);
        }
    }

    /// Returns the rows in order.
    pub(crate) fn to_vec(&self) -> Vec<u32> {
        let mut rows = Vec::with_capacity(self.count);
        self.visit_blocks::<64>(|block| rows.extend_from_slice(block));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn rows_behave_like_a_set_of_numbers(
            count in 0_usize..300,
            removed in prop::collection::vec(0_u32..320, 0..200),
            step in 1_usize..5,
        ) {
            let mut rows = Rows::all(count);
            let mut set: BTreeSet<u32> = (0..u32::try_from(count).unwrap()).collect();
            for row in removed {
                prop_assert_eq!(rows.remove(row), set.remove(&row));
            }
            let values: Vec<usize> = (0..count).collect();
            rows.retain(&values, |row| row.is_multiple_of(step));
            set.retain(|row| (*row as usize).is_multiple_of(step));
            prop_assert_eq!(rows.count(), set.len());
            prop_assert_eq!(rows.to_vec(), set.iter().copied().collect::<Vec<_>>());
            let (mut united, mut cut) = (Rows::none(count), Rows::all(count));
            united.unite(&rows);
            cut.subtract(&rows);
            prop_assert_eq!(&united, &rows);
            prop_assert_eq!(cut.count(), count - rows.count());
            cut.intersect(&rows);
            prop_assert_eq!(cut.count(), 0);
            for row in &set {
                cut.insert(*row);
            }
            prop_assert_eq!(&cut, &rows);
            let mut blocks = Vec::new();
            rows.visit_blocks::<7>(|block| blocks.extend_from_slice(block));
            prop_assert_eq!(blocks, rows.to_vec());
            for row in 0..330 {
                prop_assert_eq!(rows.contains(row), set.contains(&row));
            }
        }
    }
}
