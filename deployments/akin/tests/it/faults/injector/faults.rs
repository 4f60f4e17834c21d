//! The faults: how each is injected, and how it ends.

use self::Fault::{
    AddEngine, CutConnection, DiskFull, FurtherIngestion, Kill, ReadOnly, ReplaceFeed,
    RestoreBackup, Stall, Suspend,
};
use super::{FaultInjector, INGESTION, PROCESSES};
use crate::faults::environment::LEASE;
use crate::faults::process::Process;
use crate::faults::reader::{READING, reader};
use crate::support::proxy::Proxy;
use std::time::{Duration, Instant};

/// The time after which a process with a full disk is replaced, even if it has written nothing.
const DISK_FULL_TIMEOUT: Duration = Duration::from_secs(2);

/// The faults of the two environments, as often as they are injected.
const LOCAL: &[Fault] =
    &[Kill, Kill, Suspend, DiskFull, FurtherIngestion, ReplaceFeed, RestoreBackup, ReadOnly];
const SERVERS: &[Fault] = &[
    Kill,
    Kill,
    Suspend,
    CutConnection,
    CutConnection,
    Stall,
    DiskFull,
    FurtherIngestion,
    ReplaceFeed,
    AddEngine,
];

/// The number of further ingestions at a time.
const FURTHER_INGESTIONS: usize = 2;

#[derive(Clone, Copy, Debug)]
enum Fault {
    Kill,
    Suspend,
    DiskFull,
    CutConnection,
    Stall,
    FurtherIngestion,
    ReplaceFeed,
    RestoreBackup,
    ReadOnly,
    AddEngine,
}

/// A fault that ends after a while.
#[derive(Clone, Copy, Debug)]
pub(super) enum TemporaryFault {
    /// The process in this slot is suspended.
    Suspended(usize),
    /// This proxy forwards nothing.
    Stalled(usize),
    ServersDiskFull,
}

impl FaultInjector {
    /// Injects a random fault, unless it has no target at the moment.
    pub(super) fn inject(&mut self) {
        let faults = if self.environment.proxies.is_empty() { LOCAL } else { SERVERS };
        let (fault, slot) = (self.random.choice(faults), self.random.usize(..PROCESSES));
        match *fault.expect("there are faults") {
            ReplaceFeed => self.replace_feeds(),
            RestoreBackup => self.restore_or_back_up(),
            ReadOnly => self.start_reader(),
            AddEngine => self.add_engine(),
            Kill => self.kill(slot),
            Suspend => self.suspend(slot),
            DiskFull if self.environment.proxies.is_empty() => self.fill_disk_of(slot),
            DiskFull => self.fill_disk_of_opensearch(),
            CutConnection => {
                let (proxy, bytes) = (self.choose_proxy(), self.random.u32(..30_000));
                self.environment.proxies[proxy].cut_after(Some(bytes));
            }
            Stall => self.stall(),
            FurtherIngestion => self.start_or_kill_further_ingestion(),
        }
    }

    /// Replaces the feeds, which an ingestion may be reading.
    fn replace_feeds(&mut self) {
        self.catalogue.change(&mut self.random);
        self.publish();
        self.count("replaced feeds");
    }

    /// Kills all processes and restores a backup of the database, or makes one for the next time.
    fn restore_or_back_up(&mut self) {
        let further = std::mem::take(&mut self.further_ingestions);
        let readers = std::mem::take(&mut self.readers);
        for mut process in self.processes.drain(..).chain(further).chain(readers) {
            process.kill();
        }
        if self.environment.restore_or_back_up() {
            self.count("restored backups");
        }
        self.processes = (0..PROCESSES).map(|slot| self.start(slot, None)).collect();
    }

    /// Starts a process of a user who may not write to the folder of the catalogue.
    fn start_reader(&mut self) {
        let log = format!("log-reader-{}", self.injected());
        let sandbox = &self.environment.shop.sandbox;
        if let Some(command) = reader(sandbox, READING) {
            self.readers.push(Process::start(READING, command, sandbox.path(&log)));
            self.count("read-only folders");
        }
    }

    /// Lets the processes that start from now on embed for a second index. Those that are running are
    /// refused as soon as it is registered.
    fn add_engine(&mut self) {
        if self.environment.set_second_engine(true) {
            self.count("added engines");
        }
    }

    fn choose_proxy(&mut self) -> usize {
        self.random.usize(..self.environment.proxies.len())
    }

    fn kill(&mut self, slot: usize) {
        if self.processes[slot].is_running() {
            self.processes[slot].kill();
            self.count("kill -9");
        }
    }

    /// Starts another ingestion, or kills one, which may hold the lease or wait for it.
    fn start_or_kill_further_ingestion(&mut self) {
        if self.further_ingestions.len() == FURTHER_INGESTIONS {
            let chosen = self.random.usize(..FURTHER_INGESTIONS);
            self.further_ingestions.remove(chosen).kill();
            self.count("kill -9");
        } else {
            let log = format!("log-further-{}", self.injected());
            let ingestion = self.start_with_log(INGESTION, None, &log);
            self.further_ingestions.push(ingestion);
            self.count("concurrent ingestions");
        }
    }

    /// Suspends a process for longer than its lease.
    fn suspend(&mut self, slot: usize) {
        let duration = LEASE + self.random_duration(100..1_500);
        if self.processes[slot].is_running() {
            self.processes[slot].signal("STOP");
            self.temporary.push((Instant::now() + duration, TemporaryFault::Suspended(slot)));
            self.count("SIGSTOP");
        }
    }

    /// Replaces a process with one whose files cannot grow beyond a limit. Some files have already
    /// reached the limit, or soon will.
    fn fill_disk_of(&mut self, slot: usize) {
        let blocks = self.random.u64(8..16 + self.environment.largest_file_blocks() * 5 / 4);
        self.processes[slot].kill();
        self.processes[slot] = self.start(slot, Some(blocks));
    }

    fn fill_disk_of_opensearch(&mut self) {
        let duration = self.random_duration(200..2_000);
        if self.environment.block_opensearch_writes(true) {
            self.temporary.push((Instant::now() + duration, TemporaryFault::ServersDiskFull));
            self.count("full disks");
        }
    }

    fn stall(&mut self) {
        let (proxy, duration) = (self.choose_proxy(), self.random_duration(200..2_500));
        if self.environment.proxies[proxy].has_connections() {
            self.environment.proxies[proxy].stall(true);
            self.temporary.push((Instant::now() + duration, TemporaryFault::Stalled(proxy)));
            self.count("stalled servers");
        }
    }

    /// Ends the temporary faults that are due at `now`.
    pub(super) fn end_faults(&mut self, now: Instant) {
        for (_, fault) in self.temporary.extract_if(.., |(until, _)| *until <= now) {
            match fault {
                TemporaryFault::Suspended(slot) => self.processes[slot].signal("CONT"),
                TemporaryFault::Stalled(proxy) => self.environment.proxies[proxy].stall(false),
                TemporaryFault::ServersDiskFull => {
                    let is_unblocked = self.environment.block_opensearch_writes(false);
                    assert!(is_unblocked, "OpenSearch stays blocked");
                }
            }
        }
    }

    /// Counts a full disk once the process has logged it. Kills the process then, or after a timeout,
    /// so that its successor has space again.
    pub(super) fn check_for_full_disk(&mut self, slot: usize) {
        let process = &mut self.processes[slot];
        let Some(since) = process.disk_full_since else { return };
        let is_logged = process.has_logged_a_full_disk();
        if is_logged {
            process.disk_full_since = None;
            self.count("full disks");
        }
        if is_logged || since.elapsed() > DISK_FULL_TIMEOUT {
            self.processes[slot].kill();
        }
    }

    /// Counts the connections that were actually cut.
    pub(super) fn count_cut_connections(&mut self) {
        let cuts = self.environment.proxies.iter().map(Proxy::cut_connections).sum();
        if cuts > 0 {
            self.injected_by_kind.insert("connections cut", cuts);
        }
    }
}
