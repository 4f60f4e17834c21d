//! Injects random faults, and checks the contents that remain.

mod faults;

use crate::faults::catalogue::{Catalogue, FEEDS};
use crate::faults::contents::Differences;
use crate::faults::environment::{Environment, contents_of_folder};
use crate::faults::process::Process;
use crate::faults::reader::{READING, reader};
use crate::support::{Outcome, Sandbox, limit_file_size};
use fastrand::Rng;
use faults::TemporaryFault;
use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};
use std::{env, thread};

/// The number of faults between two comparisons.
const FAULTS_PER_ROUND: u64 = 25;

/// The slot of the ingestion. The other processes are workers.
const INGESTION: usize = 0;
const PROCESSES: usize = 3;

/// An ingestion and two workers of a shop whose feeds keep changing, and the faults injected into them.
#[derive(Debug)]
pub(crate) struct FaultInjector {
    environment: Environment,
    seed: u64,
    faults: u64,
    random: Rng,
    catalogue: Catalogue,
    /// The ingestion and the workers, by slot.
    processes: Vec<Process>,
    /// Concurrent ingestions, which wait for each other.
    further_ingestions: Vec<Process>,
    /// Processes of a user who may not write.
    readers: Vec<Process>,
    /// The faults that are active, and when they end.
    temporary: Vec<(Instant, TemporaryFault)>,
    injected_by_kind: BTreeMap<&'static str, u64>,
    compared_products: usize,
    finished_ingestions: u64,
    redriven: u64,
}

impl FaultInjector {
    /// Reads the number of faults and the seed from the environment variables.
    pub(crate) fn new(environment: Environment) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock");
        let number = |name, default| {
            env::var(name).map_or(default, |text| text.parse().expect("a whole number"))
        };
        let seed = number("AKIN_FAULTS_SEED", now.as_secs());
        let faults = number("AKIN_FAULTS", 50);
        eprintln!("AKIN_FAULTS_SEED={seed} AKIN_FAULTS={faults} over {}", environment.name);
        let mut random = Rng::with_seed(seed);
        let catalogue = Catalogue::new(&mut random);
        Self {
            environment,
            seed,
            faults,
            random,
            catalogue,
            processes: Vec::new(),
            further_ingestions: Vec::new(),
            readers: Vec::new(),
            temporary: Vec::new(),
            injected_by_kind: BTreeMap::new(),
            compared_products: 0,
            finished_ingestions: 0,
            redriven: 0,
        }
    }

    /// Injects all faults in rounds, and compares the contents after each round.
    pub(crate) async fn run(mut self) {
        let began = Instant::now();
        self.publish();
        while self.injected() < self.faults {
            let until = self.faults.min(self.injected() + FAULTS_PER_ROUND);
            self.inject_until(until);
            let suspended = self.stop_all_but_one();
            self.work_beside(suspended);
            self.finish_work();
            for differences in self.compare().await {
                assert!(differences.is_empty(), "{differences}");
                self.compared_products += differences.compared;
                let (injected, seconds) = (self.injected(), began.elapsed().as_secs_f64());
                eprintln!("{injected} faults in {seconds:.0} s: {differences}");
            }
            self.compare_as_reader();
            if !self.environment.proxies.is_empty() && self.random.bool() {
                self.environment.set_second_engine(false);
            }
        }
        self.report(began.elapsed());
    }

    fn report(&self, elapsed: Duration) {
        let (injected, seconds) = (self.injected(), elapsed.as_secs_f64());
        let Self { seed, finished_ingestions, redriven, compared_products, .. } = self;
        let kinds: Vec<_> =
            self.injected_by_kind.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        eprintln!(
            "AKIN_FAULTS_SEED={seed}: {injected} faults over {} in {seconds:.0} s ({}) during \
             {finished_ingestions} ingestions; {redriven} dead letters redriven; \
             {compared_products} products compared: 0 lost, 0 stale, 0 duplicated",
            self.environment.name,
            kinds.join(", ")
        );
    }

    fn injected(&self) -> u64 {
        self.injected_by_kind.values().sum()
    }

    fn count(&mut self, kind: &'static str) {
        *self.injected_by_kind.entry(kind).or_default() += 1;
    }

    /// Runs the processes until `total` faults have been injected.
    fn inject_until(&mut self, total: u64) {
        self.processes = (0..PROCESSES).map(|slot| self.start(slot, None)).collect();
        let mut next = Instant::now();
        while self.injected() < total {
            thread::sleep(Duration::from_millis(5));
            self.end_faults(Instant::now());
            for slot in 0..PROCESSES {
                self.restart_if_ended(slot);
            }
            self.further_ingestions.retain_mut(|ingestion| ingestion.ended().is_none());
            self.readers.retain_mut(|reader| reader.ended().is_none());
            self.count_cut_connections();
            if next <= Instant::now() {
                next = Instant::now() + self.random_duration(0..400);
                self.inject();
            }
        }
    }

    fn random_duration(&mut self, milliseconds: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.random.u64(milliseconds))
    }

    /// Replaces a process that has ended. After a successful ingestion, the feeds change.
    fn restart_if_ended(&mut self, slot: usize) {
        self.check_for_full_disk(slot);
        let Some(is_success) = self.processes[slot].ended() else { return };
        if is_success && slot == INGESTION {
            self.finished_ingestions += 1;
            self.catalogue.change(&mut self.random);
            self.publish();
        }
        self.processes[slot] = self.start(slot, None);
    }

    /// Starts the process of a slot, with a file size limit in blocks of 512 bytes if there is one.
    fn start(&mut self, slot: usize, blocks: Option<u64>) -> Process {
        self.start_with_log(slot, blocks, &format!("log-{slot}"))
    }

    fn start_with_log(&mut self, slot: usize, blocks: Option<u64>, log: &str) -> Process {
        let arguments = if slot > INGESTION {
            "worker --poll 0.1".to_owned()
        } else if self.random.u8(..4) > 0 {
            ingestion("--no-embed")
        } else {
            ingestion("")
        };
        let mut command = self.environment.shop.akin(&arguments);
        // Some stalls last longer than these timeouts.
        command.env("OPENSEARCH_TIMEOUT", "1").env("POSTGRES_CONNECT_TIMEOUT", "1");
        if slot == INGESTION {
            self.shift_some_clocks(&mut command);
        }
        if let Some(blocks) = blocks {
            command = limit_file_size(&command, blocks);
        }
        // The previous process may still write to the old file.
        let log = self.environment.shop.sandbox.path(log);
        drop(std::fs::remove_file(&log));
        let mut process = Process::start(&arguments, command, log);
        process.disk_full_since = blocks.map(|_| Instant::now());
        process
    }

    /// Shifts the clock of every fourth ingestion by a day.
    fn shift_some_clocks(&mut self, command: &mut Command) {
        if self.random.u8(..4) == 0 {
            let shift = if self.random.bool() { "86400" } else { "-86400" };
            command.env("AKIN_TEST_CLOCK_SHIFT", shift);
            self.count("wrong clocks");
        }
    }

    fn publish(&self) {
        self.publish_in(&self.environment.shop.sandbox);
    }

    /// Writes the feeds of the current catalogue.
    fn publish_in(&self, sandbox: &Sandbox) {
        for (name, text) in FEEDS.iter().zip(self.catalogue.feeds()) {
            // A concurrent ingestion reads either the old feed or the new one.
            let partial = format!("{name}.partial");
            sandbox.write(&partial, text);
            std::fs::rename(sandbox.path(&partial), sandbox.path(name)).expect("a feed");
        }
    }

    /// Ends all faults, then stops or kills all processes but one worker, which is suspended.
    fn stop_all_but_one(&mut self) -> Process {
        while let Some(last) = self.temporary.iter().map(|(until, _)| *until).max() {
            self.end_faults(last);
        }
        for proxy in &self.environment.proxies {
            proxy.cut_after(None);
        }
        let mut suspended = self.processes.swap_remove(self.random.usize(INGESTION + 1..PROCESSES));
        suspended.signal("STOP");
        let mut further = std::mem::take(&mut self.further_ingestions);
        further.append(&mut self.readers);
        for mut process in std::mem::take(&mut self.processes).into_iter().chain(further) {
            if self.random.bool() {
                process.kill();
            } else {
                process.stop();
            }
        }
        suspended
    }

    /// Runs an ingestion and a worker beside a suspended one, which may hold messages or a lock. Then
    /// resumes it, with messages that are out of date.
    fn work_beside(&mut self, mut suspended: Process) {
        self.catalogue.change_most(&mut self.random);
        self.publish();
        for arguments in [ingestion("--no-embed"), "worker --once".to_owned()] {
            let shop = &self.environment.shop;
            let log = shop.sandbox.path("log-beside");
            let mut process = Process::start(&arguments, shop.akin(&arguments), log);
            if !process.ends_within(Duration::from_secs(4)) {
                process.kill();
            }
        }
        suspended.signal("CONT");
        suspended.stop();
    }

    /// Works without faults until nothing is pending.
    fn finish_work(&mut self) {
        let shop = &self.environment.shop;
        shop.run(&ingestion("--no-embed")).succeeds();
        let began = Instant::now();
        loop {
            let dead = shop.run("queue dead --json").succeeds();
            let letters = dead.json().as_array().map_or(0, Vec::len);
            let unsettled = dead.stdout.matches(akin_ports::UNSETTLED).count();
            assert_eq!(letters, unsettled, "no product causes a failure: {dead}");
            let [redriven] = shop.run("queue redrive --json").succeeds().counts(["redriven"]);
            self.redriven += redriven;
            shop.run("worker --once").succeeds();
            let status = shop.json("status");
            let queue = &status["queue"];
            let pending = [&status["waiting"], &queue["in_flight"], &queue["dead"]];
            if pending.iter().all(|count| *count == 0) {
                return;
            }
            let is_late = began.elapsed() > Duration::from_mins(1);
            assert!(!is_late, "waiting, in flight, dead: {pending:?}");
        }
    }

    /// Compares the contents with those that the feeds give in a new folder, and these with the catalogue.
    async fn compare(&self) -> Vec<Differences> {
        let words = Catalogue::words();
        let sandbox = Sandbox::new();
        self.publish_in(&sandbox);
        sandbox.run(&ingestion("")).succeeds();
        let expected = contents_of_folder(&sandbox.path("data"), &words).await;
        let products = expected.products.iter().map(|record| {
            let product = &record.product;
            let price = product.actual_price.map(|price| price.to_string()).unwrap_or_default();
            let fields = [product.name.clone(), product.description.clone(), price];
            (product.id.to_string(), fields)
        });
        assert_eq!(products.collect::<BTreeMap<_, _>>(), self.catalogue.expected());
        let contents = self.environment.contents(&words).await;
        contents.iter().map(|contents| contents.compare(&expected)).collect()
    }

    /// Checks that a user who may not write sees the catalogue as it is.
    fn compare_as_reader(&self) {
        let shop = &self.environment.shop;
        let Some(mut reader) = reader(&shop.sandbox, READING) else { return };
        let seen = Outcome::from(reader.output().expect("a process")).succeeds().json();
        let expected = shop.json("status");
        for field in ["products", "waiting"] {
            assert_eq!(seen[field], expected[field], "{field}");
        }
        assert_eq!(seen["engines"][0]["indexed"], expected["engines"][0]["indexed"]);
    }
}

impl Drop for FaultInjector {
    fn drop(&mut self) {
        if thread::panicking() {
            let (seed, injected) = (self.seed, self.injected());
            eprintln!("AKIN_FAULTS_SEED={seed} failed after {injected} faults");
        }
    }
}

fn ingestion(flags: &str) -> String {
    format!("ingest --complete --max-removed 80% {flags} {}", FEEDS.join(" "))
}
