//! Threads that compute one chunk together, so that a single query takes several cores.
//!
//! Every member computes some heads and some columns of each layer, for all rows, in memory of its
//! own, and copies what the others computed. Each number is computed as one thread alone would, so
//! the bits are the same.
//!
//! The first member begins alone, and takes in those that have come before each block, of which a layer
//! has two. It waits for nobody who has not come: a thread that is woken may find its core in use, and
//! come late or never.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{hint, thread};

/// What the members share.
#[derive(Debug)]
pub(crate) struct Team {
    /// How many members have come.
    present: AtomicUsize,
    /// How many compute each block; zero where the first has not said so yet.
    sizes: Vec<AtomicUsize>,
    /// The rows at the beginning of the block that somebody was last taken in for.
    rows: Mutex<Vec<f32>>,
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
    /// How many compute the present block. This member is one of them if its index is below.
    size: usize,
    /// How many exchanges there were.
    turn: usize,
    /// How often members should have come to an exchange by now, all together.
    expected: usize,
}

/// Exchanges in a block.
const EXCHANGES: usize = 2;

/// How often a thread looks whether the others have come before it lets others have its core. They
/// come within microseconds, unless somebody else has theirs.
const LOOKS: usize = 4_000;

impl Team {
    /// A team of up to `most`, for so many blocks.
    pub(crate) fn new(most: usize, blocks: usize) -> Self {
        let parts = || (0..most).map(|_| Mutex::default()).collect();
        Self {
            present: AtomicUsize::new(0),
            sizes: (0..blocks).map(|_| AtomicUsize::new(0)).collect(),
            rows: Mutex::default(),
            arrived: AtomicUsize::new(0),
            is_broken: AtomicBool::new(false),
            parts: [parts(), parts()],
        }
    }

    /// The calling thread as a member: the first, or one of those that help it. It must be ready to
    /// compute, for from now on it is waited for.
    pub(crate) fn join(&self) -> Member<'_> {
        let index = self.present.fetch_add(1, Ordering::AcqRel);
        Member { team: self, index, size: 1, turn: 0, expected: 0 }
    }

    /// How many members have come.
    #[cfg(test)]
    pub(crate) fn present(&self) -> usize {
        self.present.load(Ordering::Acquire)
    }
}

impl Member<'_> {
    /// Whether it is the first.
    pub(crate) fn is_first(&self) -> bool {
        self.index == 0
    }

    /// Begins a block, whose rows are `x`; `false` if this member has no part in it. The first one says
    /// who has, and gives the rows to those who are new.
    pub(crate) fn begin(&mut self, block: usize, x: &mut [f32]) -> bool {
        let size = &self.team.sizes[block];
        if self.is_first() {
            let present = self.team.present.load(Ordering::Acquire);
            if present > self.size {
                let mut rows = lock(&self.team.rows);
                rows.clear();
                rows.extend_from_slice(x);
            }
            size.store(present, Ordering::Release);
            self.size = present;
            return true;
        }
        let is_new = self.index >= self.size;
        self.wait(|| size.load(Ordering::Acquire) > 0);
        self.size = size.load(Ordering::Acquire);
        if self.index >= self.size {
            self.turn += EXCHANGES;
            self.expected += EXCHANGES * self.comers();
            return false;
        }
        if is_new {
            x.copy_from_slice(&lock(&self.team.rows));
        }
        true
    }

    /// Which of `count` heads or panels this member computes.
    pub(crate) fn share(&self, count: usize) -> Range<usize> {
        self.share_of(self.index, count)
    }

    fn share_of(&self, index: usize, count: usize) -> Range<usize> {
        count * index / self.size..count * (index + 1) / self.size
    }

    /// How many come to an exchange: nobody, if there is nobody to exchange with.
    fn comers(&self) -> usize {
        if self.size == 1 { 0 } else { self.size }
    }

    /// Gives the others this member's columns of `rows`, and takes theirs. A row has `count` times
    /// `unit` numbers, of which a member's share are its own. There are [`EXCHANGES`] in a block.
    pub(crate) fn exchange(&mut self, rows: &mut [f32], count: usize, unit: usize) {
        let parts = &self.team.parts[self.turn % 2];
        self.turn += 1;
        self.expected += self.comers();
        if self.size == 1 {
            return;
        }
        let columns = |index: usize| {
            let share = self.share_of(index, count);
            share.start * unit..share.end * unit
        };
        {
            let mut part = lock(&parts[self.index]);
            part.clear();
            let own = columns(self.index);
            rows.chunks_exact(count * unit).for_each(|row| part.extend(&row[own.clone()]));
        }
        self.team.arrived.fetch_add(1, Ordering::AcqRel);
        self.wait(|| self.team.arrived.load(Ordering::Acquire) >= self.expected);
        for index in (0..self.size).filter(|index| *index != self.index) {
            let part = lock(&parts[index]);
            let theirs = columns(index);
            for (row, part) in
                rows.chunks_exact_mut(count * unit).zip(part.chunks(theirs.len().max(1)))
            {
                row[theirs.clone()].copy_from_slice(part);
            }
        }
    }

    /// Waits until something has come about; panics if that cannot be any more.
    fn wait(&self, is_so: impl Fn() -> bool) {
        let mut looks = 0;
        while !is_so() {
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

/// A part is whole whenever its lock is free.
fn lock<T>(part: &Mutex<T>) -> MutexGuard<'_, T> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const BLOCKS: usize = 12;
    const UNITS: usize = 5;

    /// What the rows hold after a block, of what they held before.
    fn next(value: f32, block: usize, unit: usize) -> f32 {
        value + (block * UNITS + unit + 1) as f32
    }

    /// A member's part of all blocks; how many it took part in.
    fn work(team: &Team, rows: &mut [f32], pause: Duration) -> usize {
        let mut member = team.join();
        let mut took_part = 0;
        for block in 0..BLOCKS {
            if !member.begin(block, rows) {
                continue;
            }
            took_part += 1;
            for _ in 0..EXCHANGES {
                thread::sleep(pause);
                for row in rows.chunks_exact_mut(3 * UNITS) {
                    for unit in member.share(UNITS) {
                        row[unit * 3..][..3].iter_mut().for_each(|x| *x = next(*x, block, unit));
                    }
                }
                member.exchange(rows, UNITS, 3);
            }
        }
        took_part
    }

    fn expected(rows: &[f32]) -> Vec<f32> {
        let steps = (0..BLOCKS).flat_map(|block| [block; EXCHANGES]);
        let unit = |at: usize| at % (3 * UNITS) / 3;
        let after = |(at, x): (usize, &f32)| steps.clone().fold(*x, |x, b| next(x, b, unit(at)));
        rows.iter().enumerate().map(after).collect()
    }

    #[test]
    fn all_end_with_the_same_rows_whenever_they_come() {
        let rows: Vec<f32> = (0..2 * 3 * UNITS).map(|x| x as f32).collect();
        let (rows, expected) = (&*rows, &*expected(&rows));
        for size in 1..=4 {
            // All at once, or one after the other, the last ones when all is over.
            for (delay, pause) in [(0, 0), (1, 1), (9, 1)]
                .map(|(d, p)| (Duration::from_millis(d), Duration::from_millis(p)))
            {
                let team = &Team::new(size, BLOCKS);
                thread::scope(|scope| {
                    for number in 1..size {
                        scope.spawn(move || {
                            while team.present() < number {
                                thread::yield_now();
                            }
                            thread::sleep(delay);
                            let mut own = vec![0.0; rows.len()];
                            if work(team, &mut own, pause) > 0 {
                                assert_eq!(own, expected);
                            }
                        });
                    }
                    let mut own = rows.to_vec();
                    assert_eq!(work(team, &mut own, pause), BLOCKS);
                    assert_eq!(own, expected);
                });
            }
        }
    }

    #[test]
    fn nobody_waits_for_a_member_that_has_panicked() {
        for first_panics in [true, false] {
            let team = Team::new(2, 1);
            let members = [(team.join(), first_panics), (team.join(), !first_panics)];
            let work = |mut member: Member<'_>, panics: bool| {
                let mut rows = [0.0; 4];
                member.begin(0, &mut rows);
                assert!(!panics, "on purpose");
                member.exchange(&mut rows, 2, 2);
            };
            let outcomes = thread::scope(|scope| {
                let start = |(member, panics)| scope.spawn(move || work(member, panics));
                members.map(start).map(|thread| thread.join().is_err())
            });
            assert_eq!(outcomes, [true, true]);
        }
    }
}
