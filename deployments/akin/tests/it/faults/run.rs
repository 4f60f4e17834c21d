//! Faults at random, and what they leave behind.

mod inject;

use crate::faults::catalogue::{Catalogue, FEEDS};
use crate::faults::crew::Process;
use crate::faults::holdings::Verdict;
use crate::faults::stage::{Stage, in_folder};
use crate::support::{Place, with_a_full_disk};
use fastrand::Rng;
use inject::Passing;
use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};
use std::{env, thread};

/// After so many faults the crew is called off, and what it did is compared.
const AT_ONCE: u64 = 25;

/// The ingestion; the others of the crew are workers.
const INGESTION: usize = 0;
const CREW: usize = 3;

/// An ingestion and two workers at a shop whose feeds change and change, and what befalls them.
#[derive(Debug)]
pub(crate) struct Run {
    stage: Stage,
    seed: u64,
    faults: u64,
    random: Rng,
    catalogue: Catalogue,
    crew: Vec<Process>,
    /// Further ingestions, which wait for each other.
    others: Vec<Process>,
    /// What will be over, and when.
    passing: Vec<(Instant, Passing)>,
    tally: BTreeMap<&'static str, u64>,
    products: usize,
    feeds: u64,
    redriven: u64,
}

impl Run {
    /// As the environment says; see this test's first lines.
    pub(crate) fn over(stage: Stage) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock");
        let number = |name, default| {
            env::var(name).map_or(default, |text| text.parse().expect("a whole number"))
        };
        let seed = number("AKIN_FAULTS_SEED", now.as_secs());
        let faults = number("AKIN_FAULTS", 50);
        eprintln!("AKIN_FAULTS_SEED={seed} AKIN_FAULTS={faults} over {}", stage.name);
        let mut random = Rng::with_seed(seed);
        let catalogue = Catalogue::new(&mut random);
        Self {
            stage,
            seed,
            faults,
            random,
            catalogue,
            crew: Vec::new(),
            others: Vec::new(),
            passing: Vec::new(),
            tally: BTreeMap::new(),
            products: 0,
            feeds: 0,
            redriven: 0,
        }
    }

    /// Injects all faults, and fails if anything is amiss afterwards or in between.
    pub(crate) async fn inject_all(mut self) {
        let began = Instant::now();
        self.publish();
        while self.injected() < self.faults {
            let until = self.faults.min(self.injected() + AT_ONCE);
            self.storm(until);
            let sleeper = self.call_off();
            self.overtake(sleeper);
            self.finish();
            let verdict = self.compare().await;
            assert!(verdict.is_clean(), "{verdict}");
            self.products += verdict.compared;
            let (injected, took) = (self.injected(), began.elapsed().as_secs_f64());
            eprintln!("{injected} faults in {took:.0} s: {verdict}");
        }
        self.report(began.elapsed());
    }

    fn report(&self, took: Duration) {
        let Self { stage, seed, tally, products, feeds, redriven, .. } = self;
        let (injected, seconds) = (self.injected(), took.as_secs_f64());
        let kinds: Vec<_> = tally.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        eprintln!(
            "AKIN_FAULTS_SEED={seed}: {injected} faults over {} in {seconds:.0} s ({}), while {feeds} \
             feeds were read; {redriven} dead letters redriven; {products} products compared: 0 \
             lost, 0 stale, 0 twice",
            stage.name,
            kinds.join(", ")
        );
    }

    fn injected(&self) -> u64 {
        self.tally.values().sum()
    }

    fn count(&mut self, kind: &'static str) {
        *self.tally.entry(kind).or_default() += 1;
    }

    /// Works, and is disturbed, until so many faults were injected in all.
    fn storm(&mut self, until: u64) {
        self.crew = (0..CREW).map(|member| self.begin(member, None)).collect();
        let mut next = Instant::now();
        while self.injected() < until {
            thread::sleep(Duration::from_millis(5));
            self.relieve(Instant::now());
            for member in 0..CREW {
                self.attend_to(member);
            }
            self.others.retain_mut(|other| other.ended().is_none());
            self.count_cuts();
            if next <= Instant::now() {
                next = Instant::now() + self.pause(0..400);
                self.inject();
            }
        }
    }

    fn pause(&mut self, milliseconds: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.random.u64(milliseconds))
    }

    /// Lets another take the place of one that ended. Once the feeds were read, they change.
    fn attend_to(&mut self, member: usize) {
        self.look_at_its_disk(member);
        let Some(is_done) = self.crew[member].ended() else { return };
        if is_done && member == INGESTION {
            self.feeds += 1;
            self.catalogue.change(&mut self.random);
            self.publish();
        }
        self.crew[member] = self.begin(member, None);
    }

    fn begin(&mut self, member: usize, blocks: Option<u64>) -> Process {
        self.begin_with_remarks(member, blocks, &format!("remarks-{member}"))
    }

    fn begin_with_remarks(&mut self, member: usize, blocks: Option<u64>, remarks: &str) -> Process {
        let words = if member > INGESTION {
            "worker --poll 0.1".to_owned()
        } else if self.random.u8(..4) > 0 {
            ingestion("--no-embed")
        } else {
            ingestion("")
        };
        let mut command = self.stage.shop.akin(&words);
        // Less patience than some silences last.
        command.env("OPENSEARCH_TIMEOUT", "1").env("POSTGRES_CONNECT_TIMEOUT", "1");
        if member == INGESTION {
            self.mislead(&mut command);
        }
        if let Some(blocks) = blocks {
            command = with_a_full_disk(&command, blocks);
        }
        // What another said before stays in its own file for as long as that one may write.
        let remarks = self.stage.shop.place.path(remarks);
        drop(std::fs::remove_file(&remarks));
        let mut process = Process::begin(&words, command, remarks);
        process.is_full_since = blocks.map(|_| Instant::now());
        process
    }

    /// Lets every fourth ingestion believe that it is a day later, or earlier.
    fn mislead(&mut self, command: &mut Command) {
        if self.random.u8(..4) == 0 {
            let shift = if self.random.bool() { "86400" } else { "-86400" };
            command.env("AKIN_TEST_CLOCK_SHIFT", shift);
            self.count("wrong clocks");
        }
    }

    fn publish(&self) {
        self.publish_in(&self.stage.shop.place);
    }

    /// Writes the feeds as the shop sells now.
    fn publish_in(&self, place: &Place) {
        for (name, text) in FEEDS.iter().zip(self.catalogue.feeds()) {
            // An ingestion that reads it meanwhile sees the old one or the new one.
            let partial = format!("{name}.partial");
            place.write(&partial, text);
            std::fs::rename(place.path(&partial), place.path(name)).expect("a feed");
        }
    }

    /// Ends all faults and the crew: each is killed, or asked to end, but for a worker that is stopped.
    fn call_off(&mut self) -> Process {
        while let Some(last) = self.passing.iter().map(|(until, _)| *until).max() {
            self.relieve(last);
        }
        for gate in &self.stage.gates {
            gate.cut_after(None);
        }
        let mut sleeper = self.crew.swap_remove(self.random.usize(INGESTION + 1..CREW));
        sleeper.signal("STOP");
        let others = std::mem::take(&mut self.others);
        for mut process in std::mem::take(&mut self.crew).into_iter().chain(others) {
            if self.random.bool() {
                process.kill();
            } else {
                process.end();
            }
        }
        sleeper
    }

    /// Lets others bring nearly all up to date, as far as they can while a worker sleeps on what it has
    /// in hand, which may be a lock; then lets it go on, with what is out of date.
    fn overtake(&mut self, mut sleeper: Process) {
        self.catalogue.change_most(&mut self.random);
        self.publish();
        for words in [ingestion("--no-embed"), "worker --once".to_owned()] {
            let remarks = self.stage.shop.place.path("remarks-overtaking");
            let mut other = Process::begin(&words, self.stage.shop.akin(&words), remarks);
            if !other.ends_within(Duration::from_secs(4)) {
                other.kill();
            }
        }
        sleeper.signal("CONT");
        sleeper.end();
    }

    /// Works undisturbed until nothing is left to do.
    fn finish(&mut self) {
        let shop = &self.stage.shop;
        shop.run(&ingestion("--no-embed")).succeeds();
        let began = Instant::now();
        loop {
            let dead = shop.run("queue dead --json").succeeds();
            let letters = dead.json().as_array().map_or(0, Vec::len);
            let blameless = dead.stdout.matches(akin_ports::UNSETTLED).count();
            assert_eq!(letters, blameless, "no fault is a product's own: {dead}");
            let [redriven] = shop.run("queue redrive --json").succeeds().counts(["redriven"]);
            self.redriven += redriven;
            shop.run("worker --once").succeeds();
            let left = shop.json("status");
            let left = [&left["waiting"], &left["queue"]["in_flight"], &left["queue"]["dead"]];
            if left.iter().all(|count| *count == 0) {
                return;
            }
            assert!(began.elapsed() < Duration::from_mins(1), "waiting, in flight, dead: {left:?}");
        }
    }

    /// What is held, beside what the feeds come to in a new folder, and beside the shop itself.
    async fn compare(&self) -> Verdict {
        let words = Catalogue::words();
        let place = Place::new();
        self.publish_in(&place);
        place.run(&ingestion("")).succeeds();
        let expected = in_folder(&place.path("data"), &words).await;
        let texts = expected.products.iter().map(|record| {
            let product = &record.product;
            let price = product.actual_price.map(|price| price.to_string()).unwrap_or_default();
            let texts = [product.name.clone(), product.description.clone(), price];
            (product.id.to_string(), texts)
        });
        assert_eq!(texts.collect::<BTreeMap<_, _>>(), self.catalogue.expected());
        self.stage.holdings(&words).await.compare(&expected)
    }
}

impl Drop for Run {
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
