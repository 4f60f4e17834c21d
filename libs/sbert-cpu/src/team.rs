//! Threads that compute one chunk together, so that a single query uses several cores.
//!
//! Each member computes some heads and some columns of each layer, for all rows, in its own memory, and
//! copies the results of the others. Each number is computed as on a single thread, so the bits are the
//! same.
//!
//! The first member begins alone, and admits those that have joined before each block, of which a layer has
//! two. It never waits for threads that have not joined: a thread that is woken may find its core busy and
//! arrive late or never.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{hint, thread};

/// The shared state of the members.
#[derive(Debug)]
pub(crate) struct Team {
    /// The number of members that have joined.
    present: AtomicUsize,
    /// The number of members in each block, or zero before the first member sets it.
    sizes: Vec<AtomicUsize>,
    /// The rows at the beginning of the block that last admitted a member.
    rows: Mutex<Vec<f32>>,
    /// The total number of arrivals at exchanges.
    arrived: AtomicUsize,
    /// True if a member has panicked and will never arrive.
    is_broken: AtomicBool,
    /// The results of each member, in two alternating sets, so that a member can proceed to the next
    /// exchange while another still reads.
    parts: [Vec<Mutex<Vec<f32>>>; 2],
}

/// A thread of the team.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    team: &'a Team,
    index: usize,
    /// The number of members in the current block. This member is one of them if its index is less.
    size: usize,
    /// The number of past exchanges.
    turn: usize,
    /// The total number of arrivals expected by now.
    expected: usize,
}

/// The number of exchanges per block.
const EXCHANGES: usize = 2;

/// The number of times a thread polls for the others before it yields its core. They arrive within
/// microseconds unless their cores are busy.
const MAX_SPINS: usize = 4_000;

impl Team {
    /// Creates a team of up to `most` members for `blocks` blocks.
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

    /// Adds the calling thread as a member. It must be ready to compute because the others wait for it from
    /// now on.
    pub(crate) fn join(&self) -> Member<'_> {
        let index = self.present.fetch_add(1, Ordering::AcqRel);
        Member { team: self, index, size: 1, turn: 0, expected: 0 }
    }

    /// The number of members that have joined.
    #[cfg(test)]
    pub(crate) fn present(&self) -> usize {
        self.present.load(Ordering::Acquire)
    }
}

impl Member<'_> {
    /// Returns whether this is the first member.
    pub(crate) fn is_first(&self) -> bool {
        self.index == 0
    }

    /// Begins a block with the rows `x` and returns whether this member takes part. The first member
    /// determines the others, and passes the rows to new ones.
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
            self.expected += EXCHANGES * self.participants();
            return false;
        }
        if is_new {
            x.copy_from_slice(&lock(&self.team.rows));
        }
        true
    }

    /// Returns the range of `count` heads or panels that this member computes.
    pub(crate) fn share(&self, count: usize) -> Range<usize> {
        self.share_of(self.index, count)
    }

    fn share_of(&self, index: usize, count: usize) -> Range<usize> {
        count * index / self.size..count * (index + 1) / self.size
    }

    /// Returns the number of members in an exchange: zero for a single member.
    fn participants(&self) -> usize {
        if self.size == 1 { 0 } else { self.size }
    }

    /// Exchanges this member's columns of `rows` with those of the others. A row has `count` times `unit`
    /// numbers, of which a member owns its share. There are [`EXCHANGES`] per block.
    pub(crate) fn exchange(&mut self, rows: &mut [f32], count: usize, unit: usize) {
        let parts = &self.team.parts[self.turn % 2];
        self.turn += 1;
        self.expected += self.participants();
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

    /// Waits for a condition; panics if another member has panicked.
    fn wait(&self, is_met: impl Fn() -> bool) {
        let mut spins = 0;
        while !is_met() {
            assert!(!self.team.is_broken.load(Ordering::Relaxed), "another thread has panicked");
            spins += 1;
            if spins < MAX_SPINS { hint::spin_loop() } else { thread::yield_now() }
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

/// Locks a part and ignores poisoning, since a part is complete whenever it is unlocked.
fn lock<T>(part: &Mutex<T>) -> MutexGuard<'_, T> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const BLOCKS: usize = 12;
    const UNITS: usize = 5;

    /// Returns the value in a row after a block.
    fn next(value: f32, block: usize, unit: usize) -> f32 {
        value + (block * UNITS + unit + 1) as f32
    }

    /// Runs a member's part of all blocks and returns the number in which it took part.
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
    fn all_members_end_with_the_same_rows_whenever_they_join() {
        let rows: Vec<f32> = (0..2 * 3 * UNITS).map(|x| x as f32).collect();
        let (rows, expected) = (&*rows, &*expected(&rows));
        for size in 1..=4 {
            // Together, or one after the other with the last ones after the end.
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
    fn no_member_waits_for_one_that_has_panicked() {
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
