//! Threads that compute one chunk together, so that a single query takes two cores.
//!
//! Every member computes some heads and some columns of each layer, for all rows, in memory of its
//! own, and copies what the others computed. Each number is computed as one thread alone would, so
//! the bits are the same.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{hint, thread};

/// What the members share.
#[derive(Debug)]
pub(crate) struct Team {
    size: usize,
    /// How often a member came to an exchange, of all members together.
    arrived: AtomicUsize,
    /// A member has panicked and will never come.
    is_broken: AtomicBool,
    /// What each member has to give. Two sets take turns, so that a member may go on to the next
    /// exchange while another still reads.
    parts: [Vec<Mutex<Vec<f32>>>; 2],
}

/// One of the threads.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    team: &'a Team,
    index: usize,
    /// How many exchanges there were.
    turn: usize,
}

/// How often a thread looks whether the others have come before it lets others have its core. They
/// come within microseconds, unless somebody else has theirs.
const LOOKS: usize = 4_000;

impl Team {
    pub(crate) fn new(size: usize) -> Self {
        let parts = || (0..size).map(|_| Mutex::default()).collect();
        Self {
            size,
            arrived: AtomicUsize::new(0),
            is_broken: AtomicBool::new(false),
            parts: [parts(), parts()],
        }
    }

    /// The member `index` of 0..size.
    pub(crate) fn member(&self, index: usize) -> Member<'_> {
        Member { team: self, index, turn: 0 }
    }

    fn share(&self, index: usize, count: usize) -> Range<usize> {
        count * index / self.size..count * (index + 1) / self.size
    }
}

impl Member<'_> {
    /// Whether it is the first.
    pub(crate) fn is_first(&self) -> bool {
        self.index == 0
    }

    /// Which of `count` heads or panels this member computes.
    pub(crate) fn share(&self, count: usize) -> Range<usize> {
        self.team.share(self.index, count)
    }

    /// Gives the others this member's columns of `rows`, and takes theirs. A row has `count` times
    /// `unit` numbers, of which a member's share are its own.
    pub(crate) fn exchange(&mut self, rows: &mut [f32], count: usize, unit: usize) {
        if self.team.size == 1 {
            return;
        }
        let parts = &self.team.parts[self.turn % 2];
        let columns = |index: usize| {
            let share = self.team.share(index, count);
            share.start * unit..share.end * unit
        };
        {
            let mut part = parts[self.index].lock().unwrap_or_else(PoisonError::into_inner);
            part.clear();
            let own = columns(self.index);
            rows.chunks_exact(count * unit).for_each(|row| part.extend(&row[own.clone()]));
        }
        self.turn += 1;
        self.wait();
        for index in (0..self.team.size).filter(|index| *index != self.index) {
            let part = parts[index].lock().unwrap_or_else(PoisonError::into_inner);
            let theirs = columns(index);
            for (row, part) in
                rows.chunks_exact_mut(count * unit).zip(part.chunks(theirs.len().max(1)))
            {
                row[theirs.clone()].copy_from_slice(part);
            }
        }
    }

    /// Waits until all have come as often as this member.
    fn wait(&self) {
        let all = self.turn * self.team.size;
        self.team.arrived.fetch_add(1, Ordering::AcqRel);
        let mut looks = 0;
        while self.team.arrived.load(Ordering::Acquire) < all {
            assert!(!self.team.is_broken.load(Ordering::Relaxed), "another thread has panicked");
            looks += 1;
            if looks < LOOKS { hint::spin_loop() } else { thread::yield_now() }
        }
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.team.is_broken.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_ends_with_the_columns_of_all() {
        for size in 1..=4 {
            let team = Team::new(size);
            let one = |index: usize| {
                let mut member = team.member(index);
                let mut rows = vec![0.0; 2 * 15];
                for turn in 1..=50_u8 {
                    for row in rows.chunks_exact_mut(15) {
                        for unit in member.share(5) {
                            row[unit * 3..][..3].fill(f32::from(turn) * (unit + 1) as f32);
                        }
                    }
                    member.exchange(&mut rows, 5, 3);
                    let wanted: Vec<_> = (0..rows.len())
                        .map(|at| f32::from(turn) * (at % 15 / 3 + 1) as f32)
                        .collect();
                    assert_eq!(rows, wanted);
                }
            };
            thread::scope(|scope| {
                (1..size).for_each(|index| drop(scope.spawn(move || one(index))));
                one(0);
            });
        }
    }

    #[test]
    fn nobody_waits_for_a_member_that_has_panicked() {
        let team = Team::new(2);
        let outcome = std::panic::catch_unwind(|| {
            thread::scope(|scope| {
                scope.spawn(|| {
                    let _member = team.member(1);
                    panic!("on purpose");
                });
                team.member(0).exchange(&mut [0.0; 4], 2, 2);
            });
        });
        assert!(outcome.is_err());
    }
}
