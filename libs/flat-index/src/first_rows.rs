/// Collects the first of the offered rows, by a number, missing ones last; ties by row, which is the
/// order of the keys.
///
/// Rows collect in a buffer that is cut to the first when full, so that most offers cost one comparison.
#[derive(Debug)]
pub(crate) struct FirstRows {
    wanted: usize,
    found: Vec<(u64, u32)>,
    last: Option<(u64, u32)>,
}

/// The capacity of the buffer beyond twice the wanted number.
const EXTRA_CAPACITY: usize = 256;

impl FirstRows {
    pub(crate) fn new(wanted: usize) -> Self {
        Self { wanted, found: Vec::new(), last: None }
    }

    /// Offers a row whose number is NaN if it has none.
    pub(crate) fn offer(&mut self, number: f64, descending: bool, row: u32) {
        let ranked = (rank(number, descending), row);
        if self.last.is_some_and(|last| ranked >= last) {
            return;
        }
        self.found.push(ranked);
        if self.found.len() >= self.wanted.saturating_mul(2).saturating_add(EXTRA_CAPACITY) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.wanted == 0 {
            self.found.clear();
        } else if self.found.len() > self.wanted {
            let (_, last, _) = self.found.select_nth_unstable(self.wanted - 1);
            self.last = Some(*last);
            self.found.truncate(self.wanted);
        }
    }

    /// Returns the first rows with their ranks, in no particular order.
    pub(crate) fn into_rows(mut self) -> Vec<(u64, u32)> {
        self.cut();
        self.found
    }
}

/// Returns a whole number that sorts like `number`, or the other way around; NaN sorts last.
fn rank(number: f64, descending: bool) -> u64 {
    if number.is_nan() {
        return u64::MAX;
    }
    // Adding zero makes -0 a 0. The bits of a positive number sort like the number itself, those of a
    // negative one the other way around.
    let bits = (number + 0.0).to_bits();
    let ascending = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    if descending { !ascending } else { ascending }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_missing_number_comes_last_in_either_order() {
        for descending in [false, true] {
            for number in [f64::MIN, -0.0, 1.5, f64::INFINITY] {
                assert!(rank(number, descending) < rank(f64::NAN, descending));
            }
        }
        assert_eq!(rank(-0.0, false), rank(0.0, false));
    }

    proptest! {
        #[test]
        fn the_first_rows_equal_those_of_a_full_sort(
            numbers in prop::collection::vec(prop::option::of(-3_i8..9), 0..2_000),
            wanted in 0_usize..40,
            descending: bool,
        ) {
            let number = |number: &Option<i8>| number.map_or(f64::NAN, f64::from);
            let mut first = FirstRows::new(wanted);
            let mut expected = Vec::new();
            for (found, row) in numbers.iter().zip(0_u32..) {
                first.offer(number(found), descending, row);
                let sign = if descending { -1 } else { 1 };
                expected.push((found.is_none(), found.map(|x| sign * i32::from(x)), row));
            }
            expected.sort_unstable();
            let mut rows = first.into_rows();
            rows.sort_unstable();
            let rows: Vec<u32> = rows.into_iter().map(|(_, row)| row).collect();
            let expected: Vec<u32> = expected.into_iter().take(wanted).map(|(.., row)| row).collect();
            prop_assert_eq!(rows, expected);
        }
    }
}
