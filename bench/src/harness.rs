//! Measures contenders in turns, one round each, so that other load on the machine affects them
//! equally.

use anyhow::Result;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The pause before a turn: the threads of ONNX Runtime spin for a while after a run.
const PAUSE: Duration = Duration::from_millis(40);

/// A contender whose turn takes longer has one turn only, since short disturbances hardly affect it.
const LONG: Duration = Duration::from_secs(5);

/// Runs one pass over the work, or answers one query by its number.
type Work<'a> = Box<dyn FnMut(usize) -> Result<()> + 'a>;

/// Contenders that do the same work.
#[derive(Default)]
pub(crate) struct Contest<'a> {
    contenders: Vec<(String, Work<'a>)>,
}

/// The latency of a query in milliseconds, in the round with the lowest median.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latency {
    /// The median.
    pub(crate) median: f64,
    /// The 99th percentile.
    pub(crate) p99: f64,
}

impl<'a> Contest<'a> {
    /// Adds a contender.
    pub(crate) fn enter(
        &mut self,
        name: impl Into<String>,
        work: impl FnMut(usize) -> Result<()> + 'a,
    ) {
        self.contenders.push((name.into(), Box::new(work)));
    }

    /// Returns the seconds of one pass of each contender, in the best of its `rounds`.
    pub(crate) fn seconds(&mut self, rounds: usize) -> Result<Vec<(String, f64)>> {
        let mut best = vec![f64::INFINITY; self.contenders.len()];
        self.rounds(rounds, |contender, work| {
            let began = Instant::now();
            work(0)?;
            best[contender] = best[contender].min(began.elapsed().as_secs_f64());
            Ok(())
        })?;
        Ok(self.names().zip(best).collect())
    }

    /// Returns the latency of each contender over queries 0 to `queries`.
    pub(crate) fn latencies(
        &mut self,
        rounds: usize,
        queries: usize,
    ) -> Result<Vec<(String, Latency)>> {
        let mut best: Vec<Option<Latency>> = vec![None; self.contenders.len()];
        let mut is_slow = vec![false; self.contenders.len()];
        self.rounds(rounds, |contender, work| {
            if is_slow[contender] {
                return Ok(());
            }
            let turn = Instant::now();
            let mut times = Vec::with_capacity(queries);
            for query in 0..queries {
                let began = Instant::now();
                work(query)?;
                times.push(began.elapsed().as_secs_f64() * 1e3);
            }
            is_slow[contender] = turn.elapsed() > LONG;
            let latency = Latency::of(times);
            let best = &mut best[contender];
            if best.is_none_or(|best| latency.median < best.median) {
                *best = Some(latency);
            }
            Ok(())
        })?;
        Ok(self.names().zip(best).filter_map(|(name, best)| Some((name, best?))).collect())
    }

    /// Gives each contender one turn in a round; every other round has the opposite order, so that no
    /// contender always follows the same one.
    fn rounds(
        &mut self,
        rounds: usize,
        mut turn: impl FnMut(usize, &mut Work<'a>) -> Result<()>,
    ) -> Result<()> {
        let count = self.contenders.len();
        for round in 0..rounds {
            for position in 0..count {
                let contender = if round % 2 == 0 { position } else { count - 1 - position };
                sleep(PAUSE);
                turn(contender, &mut self.contenders[contender].1)?;
            }
        }
        Ok(())
    }

    fn names(&self) -> impl Iterator<Item = String> {
        self.contenders.iter().map(|(name, _)| name.clone())
    }
}

impl Latency {
    /// Summarizes `times`, in milliseconds, at least one.
    pub(crate) fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
        Self { median: at(50), p99: at(99) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn a_latency_is_a_median_and_a_high_percentile() {
        let latency = Latency::of((1..=200).rev().map(f64::from).collect());
        assert!((latency.median - 101.0).abs() < 1e-9, "{latency:?}");
        assert!((latency.p99 - 199.0).abs() < 1e-9, "{latency:?}");
    }

    #[test]
    fn contenders_take_turns_in_alternating_order() {
        let order = RefCell::new(String::new());
        let mut contest = Contest::default();
        for name in ["a", "b"] {
            contest.enter(name, |_| {
                order.borrow_mut().push_str(name);
                Ok(())
            });
        }
        let seconds = contest.seconds(3).unwrap();
        assert_eq!(order.borrow().as_str(), "abbaab");
        assert_eq!(seconds.len(), 2);
    }
}
