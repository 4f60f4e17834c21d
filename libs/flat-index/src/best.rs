use std::cmp::Ordering;

/// A row and what it scored.
pub(crate) type Scored = (f32, u32);

/// Keeps the `depth` best of all rows that are offered: the greater score first, equal ones by
/// row.
///
/// Offers gather in a buffer that is cut to the best when it is full, so that most of them cost
/// one comparison with the worst that is still good enough.
#[derive(Debug)]
pub(crate) struct Best {
    depth: usize,
    found: Vec<Scored>,
    floor: Option<Scored>,
}

/// How many offers gather beyond the depth.
const ROOM: usize = 256;

impl Best {
    pub(crate) fn new(depth: usize) -> Self {
        // A depth that is as good as endless must not ask for endless memory.
        let room = depth.saturating_mul(2).saturating_add(ROOM).min(1 << 16);
        Self { depth, found: Vec::with_capacity(room), floor: None }
    }

    pub(crate) fn offer(&mut self, score: f32, row: u32) {
        if self.floor.is_some_and(|floor| order(&(score, row), &floor) != Ordering::Less) {
            return;
        }
        self.found.push((score, row));
        if self.found.len() >= self.depth.saturating_mul(2).saturating_add(ROOM) {
            self.cut();
        }
    }

    /// What an offer has to score at least, once so many were made that it is known.
    pub(crate) fn least(&self) -> Option<f32> {
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

    /// The best, in no order.
    pub(crate) fn into_found(mut self) -> Vec<Scored> {
        self.cut();
        self.found
    }
}

/// The place of the `wanted`th of things that stand in order, of which so many stand at each place;
/// `None` if they are too few.
pub(crate) fn place_of(wanted: usize, counts: impl IntoIterator<Item = usize>) -> Option<usize> {
    let mut counted = 0;
    counts.into_iter().position(|count| {
        counted += count;
        counted >= wanted
    })
}

/// The better first.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "as the standard library's sorts want it")]
fn order(a: &Scored, b: &Scored) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_best_are_those_that_sorting_would_bring(
            scores in prop::collection::vec(-3_i8..9, 0..2_000),
            depth in 0_usize..40,
        ) {
            let offers = || scores.iter().zip(0_u32..).map(|(&score, row)| (f32::from(score), row));
            let mut best = Best::new(depth);
            // The order of the offers makes no difference.
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
