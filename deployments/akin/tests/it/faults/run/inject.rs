//! Each fault, and how it passes.

use super::{CREW, INGESTION, Run};
use crate::faults::stage::LEASE;
use crate::support::gate::Gate;
use std::time::{Duration, Instant};

/// How long a process meets a full disk at most, if it writes nothing.
const FULL_FOR: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug)]
enum Fault {
    Killed,
    Stopped,
    DiskFull,
    CutOff,
    Unanswered,
    Overlap,
}

/// The number of further ingestions at a time.
const OTHERS: usize = 2;

/// A fault that is over after a while.
#[derive(Clone, Copy, Debug)]
pub(super) enum Passing {
    /// Of this one of the crew.
    Stopped(usize),
    /// Of this gate.
    Unanswered(usize),
    ServersDiskFull,
}

impl Run {
    /// Injects a fault, if there is something that it can befall.
    pub(super) fn inject(&mut self) {
        let kinds: &[Fault] = if self.stage.gates.is_empty() {
            &[Fault::Killed, Fault::Killed, Fault::Stopped, Fault::DiskFull, Fault::Overlap]
        } else {
            use Fault::{CutOff, DiskFull, Killed, Overlap, Stopped, Unanswered};
            &[Killed, Killed, Stopped, CutOff, CutOff, Unanswered, DiskFull, Overlap]
        };
        let (kind, member) = (self.random.choice(kinds), self.random.usize(..CREW));
        match kind.expect("there are kinds") {
            Fault::Killed => self.kill(member),
            Fault::Stopped => self.stop(member),
            Fault::DiskFull if self.stage.gates.is_empty() => self.fill_the_disk_of(member),
            Fault::DiskFull => self.fill_the_servers_disk(),
            Fault::CutOff => {
                let (gate, bytes) = (self.gate(), self.random.u32(..30_000));
                self.stage.gates[gate].cut_after(Some(bytes));
            }
            Fault::Unanswered => self.leave_unanswered(),
            Fault::Overlap => self.overlap(),
        }
    }

    fn gate(&mut self) -> usize {
        self.random.usize(..self.stage.gates.len())
    }

    fn kill(&mut self, member: usize) {
        if self.crew[member].is_alive() {
            self.crew[member].kill();
            self.count("kill -9");
        }
    }

    /// Begins another ingestion, or kills one: the lease is free then, or somebody no longer waits.
    fn overlap(&mut self) {
        if self.others.len() == OTHERS {
            self.others.remove(self.random.usize(..OTHERS)).kill();
            self.count("kill -9");
        } else {
            let remarks = format!("remarks-at-once-{}", self.injected());
            let other = self.begin_with_remarks(INGESTION, None, &remarks);
            self.others.push(other);
            self.count("ingestions at once");
        }
    }

    /// For longer than others wait for it.
    fn stop(&mut self, member: usize) {
        let lasts = LEASE + self.pause(100..1_500);
        if self.crew[member].is_alive() {
            self.crew[member].signal("STOP");
            self.passing.push((Instant::now() + lasts, Passing::Stopped(member)));
            self.count("SIGSTOP");
        }
    }

    /// Another takes its place whose files cannot grow beyond a size that some of them have already,
    /// or soon will.
    fn fill_the_disk_of(&mut self, member: usize) {
        let blocks = self.random.u64(8..16 + self.stage.largest_file() * 5 / 4);
        self.crew[member].kill();
        self.crew[member] = self.begin(member, Some(blocks));
    }

    fn fill_the_servers_disk(&mut self) {
        let lasts = self.pause(200..2_000);
        if self.stage.fill_the_servers_disk(true) {
            self.passing.push((Instant::now() + lasts, Passing::ServersDiskFull));
            self.count("full disks");
        }
    }

    fn leave_unanswered(&mut self) {
        let (gate, lasts) = (self.gate(), self.pause(200..2_500));
        if self.stage.gates[gate].is_used() {
            self.stage.gates[gate].silence(true);
            self.passing.push((Instant::now() + lasts, Passing::Unanswered(gate)));
            self.count("silent servers");
        }
    }

    /// Ends what is over by `now`.
    pub(super) fn relieve(&mut self, now: Instant) {
        let (over, rest) = self.passing.drain(..).partition(|(until, _)| *until <= now);
        self.passing = rest;
        let over: Vec<(Instant, Passing)> = over;
        for (_, passing) in over {
            match passing {
                Passing::Stopped(member) => self.crew[member].signal("CONT"),
                Passing::Unanswered(gate) => self.stage.gates[gate].silence(false),
                Passing::ServersDiskFull => {
                    assert!(self.stage.fill_the_servers_disk(false), "OpenSearch stays blocked");
                }
            }
        }
    }

    /// A fault is what was noticed. Who has waited long enough for one goes on with an empty disk.
    pub(super) fn look_at_its_disk(&mut self, member: usize) {
        let process = &mut self.crew[member];
        let Some(since) = process.is_full_since else { return };
        let is_met = process.tells_of_a_full_disk();
        if is_met {
            process.is_full_since = None;
            self.count("full disks");
        }
        if is_met || since.elapsed() > FULL_FOR {
            self.crew[member].kill();
        }
    }

    /// A cut is one once a connection was cut.
    pub(super) fn count_cuts(&mut self) {
        let cuts = self.stage.gates.iter().map(Gate::cuts).sum();
        if cuts > 0 {
            self.tally.insert("connections cut", cuts);
        }
    }
}
