use std::cmp::Ordering;

/// A row and its score.
pub(crate) type ScoredRow = (f32, u32);

/// Collects the `depth` best of the offered rows, by descending score, then by row.
///
/// Rows collect in a buffer that is cut to the best when full, so that most offers cost one
/// comparison with the lowest score that still qualifies.
#[derive(Debug)]
pub(crate) struct TopRows {
    depth: usize,
    found: Vec<ScoredRow>,
    floor: Option<ScoredRow>,
}

/// The capacity of the buffer beyond twice the depth.
const EXTRA_CAPACITY: usize = 256;

impl TopRows {
    pub(crate) fn new(depth: usize) -> Self {
        // A huge depth must not allocate huge memory.
        let capacity = depth.saturating_mul(2).saturating_add(EXTRA_CAPACITY).min(1 << 16);
        Self { depth, found: Vec::with_capacity(capacity), floor: None }
    }

    pub(crate) fn offer(&mut self, score: f32, row: u32) {
        if self.floor.is_some_and(|floor| order(&(score, row), &floor) != Ordering::Less) {
            return;
        }
        self.found.push((score, row));
        if self.found.len() >= self.depth.saturating_mul(2).saturating_add(EXTRA_CAPACITY) {
            self.cut();
        }
    }

    /// Returns the minimum score that still qualifies, once the buffer has been cut.
    pub(crate) fn min_score(&self) -> Option<f32> {
        self.floor.map(|(score, _)| score)
    }

    fn cut(&mut self) {
        if self.depth == 0 {
            self.found.clear();
        } else if self.found.len() > self.depth {
            let (_, worst, _) = self.found.select_nth_unstable_by(self.depth - 1, order);
            self.floor = Some(*worst);
            self.found.truncate(self.depth);
        }
    }

    /// Returns the best rows in no particular order.
    pub(crate) fn into_found(mut self) -> Vec<ScoredRow> {
        self.cut();
        self.found
    }
}

/// Returns the first index at which the running total of `counts` reaches `rank`, or `None` if the
/// total is smaller.
pub(crate) fn index_of_rank(rank: usize, counts: impl IntoIterator<Item = usize>) -> Option<usize> {
    let mut total = 0;
    counts.into_iter().position(|count| {
        total += count;
        total >= rank
    })
}

/// Orders the better row first.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that sorts take")]
fn order(a: &ScoredRow, b: &ScoredRow) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_top_rows_equal_those_of_a_full_sort(
            scores in prop::collection::vec(-3_i8..9, 0..2_000),
            depth in 0_usize..40,
        ) {
            let offers = || scores.iter().zip(0_u32..).map(|(&score, row)| (f32::from(score), row));
            let mut best = TopRows::new(depth);
            // The result does not depend on the order of the offers.
            for (score, row) in offers().collect::<Vec<_>>().into_iter().rev() {
                best.offer(score, row);
            }
            let mut found = best.into_found();
            found.sort_by(order);
            let mut sorted: Vec<_> = offers().collect();
            sorted.sort_by(order);
            sorted.truncate(depth);
            prop_assert_eq!(found, sorted);
        }
    }
}
