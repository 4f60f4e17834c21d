//! Random faults in the pipeline, and the comparison of what is left.

use super::function::{End, Function};
use super::gateway::Gateway;
use super::pipeline::{Pipeline, put_event, sqs_event};
use super::runtime_api::Answer;
use super::services::Message;
use crate::faults::catalogue::{Catalogue, FEEDS};
use crate::faults::contents::{Contents, Differences};
use crate::faults::environment::{contents_of_folder, open_servers};
use crate::support::Sandbox;
use crate::support::proxy::Proxy;
use akin_ports::MAX_ATTEMPTS;
use fastrand::Rng;
use std::collections::BTreeMap;
use std::time::{Duration, Instant, UNIX_EPOCH};
use std::{env, thread};

/// The number of faults between two comparisons.
const FAULTS_PER_ROUND: u64 = 25;

/// The timeout of the functions. A server that does not answer exceeds it.
const TIMEOUT: Duration = Duration::from_secs(4);

/// The number of messages in a batch.
const BATCH: usize = 40;

/// The pipeline, the feeds that keep changing, and the faults injected into it.
pub(crate) struct FaultInjector {
    pipeline: Pipeline,
    gateway: Gateway,
    seed: u64,
    faults: u64,
    random: Rng,
    catalogue: Catalogue,
    /// The number of events that S3 has sent.
    sequence: u64,
    /// Messages that SQS holds back, and delivers late.
    held: Vec<Message>,
    /// Messages that were done, and may be delivered once more.
    done: Vec<Message>,
    injected_by_kind: BTreeMap<&'static str, u64>,
    finished_runs: u64,
    redriven: u64,
    compared: usize,
}

impl FaultInjector {
    /// Reads the number of faults and the seed from the environment.
    pub(crate) fn new() -> Self {
        let number = |name, default| {
            env::var(name).map_or(default, |text| text.parse().expect("a whole number"))
        };
        let seed = number("AKIN_FAULTS_SEED", UNIX_EPOCH.elapsed().expect("a clock").as_secs());
        let faults = number("AKIN_FAULTS", 50);
        eprintln!("AKIN_FAULTS_SEED={seed} AKIN_FAULTS={faults} over the functions");
        let mut random = Rng::with_seed(seed);
        let catalogue = Catalogue::new(&mut random);
        let mut pipeline = Pipeline::new(&[
            ("AWS_S3_SAMPLE_DATA_KEY", "feeds/*.csv"),
            ("AKIN_MAX_REMOVED", "100%"),
            ("AKIN_CURRENCY", "USD"),
            ("POSTGRES_CONNECT_TIMEOUT", "1"),
            ("OPENSEARCH_TIMEOUT", "1"),
            ("OPENSEARCH_RETRY_TIMEOUT", "2"),
        ]);
        let gateway = Gateway::to(crate::support::shop::url("AKIN_TEST_AWS"));
        let endpoint = format!("http://{}", gateway.address);
        let Pipeline { ingest, embed, query, .. } = &mut pipeline;
        for function in [ingest, embed, query] {
            function.set_variable("AWS_ENDPOINT_URL", &endpoint);
            function.timeout = TIMEOUT;
        }
        Self {
            pipeline,
            gateway,
            seed,
            faults,
            random,
            catalogue,
            sequence: 0,
            held: Vec::new(),
            done: Vec::new(),
            injected_by_kind: BTreeMap::new(),
            finished_runs: 0,
            redriven: 0,
            compared: 0,
        }
    }

    /// Injects all faults in rounds, and compares the contents after each round.
    pub(crate) async fn run(mut self) {
        let began = Instant::now();
        while self.injected() < self.faults {
            let until = self.faults.min(self.injected() + FAULTS_PER_ROUND);
            while self.injected() < until {
                self.step();
            }
            self.finish_work();
            for differences in self.compare().await {
                assert!(differences.is_empty(), "{differences}");
                self.compared += differences.compared;
                let (injected, seconds) = (self.injected(), began.elapsed().as_secs_f64());
                eprintln!("{injected} faults in {seconds:.0} s: {differences}");
            }
        }
        let kinds: Vec<_> =
            self.injected_by_kind.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let (injected, seconds) = (self.injected(), began.elapsed().as_secs_f64());
        eprintln!(
            "AKIN_FAULTS_SEED={}: {injected} faults over the functions in {seconds:.0} s ({}); {} runs \
             finished; {} dead letters redriven; {} products compared: 0 lost, 0 stale, 0 duplicated",
            self.seed,
            kinds.join(", "),
            self.finished_runs,
            self.redriven,
            self.compared
        );
    }

    fn injected(&self) -> u64 {
        self.injected_by_kind.values().sum()
    }

    fn count(&mut self, kind: &'static str) {
        *self.injected_by_kind.entry(kind).or_default() += 1;
    }

    /// Lets one event happen, with a fault or without one.
    fn step(&mut self) {
        match self.random.u8(..8) {
            0..=1 => {
                self.catalogue.change(&mut self.random);
                let event = self.publish();
                self.ingest(&event, true);
            }
            2 => self.hold_back(),
            3 => self.deliver_held(),
            4 => self.deliver_again(),
            _ => {
                let batch = self.pipeline.receive(BATCH);
                self.deliver(batch, true);
            }
        }
    }

    /// Writes the feeds into the bucket, and returns one of the events that S3 sends.
    fn publish(&mut self) -> serde_json::Value {
        let services = &self.pipeline.services;
        for (at, text) in self.catalogue.feeds().iter().enumerate() {
            // Listed in the order in which they count.
            services.aws.put(&format!("feeds/{at}-{}", FEEDS[at]), text);
        }
        self.sequence += 1;
        put_event(&services.bucket, self.sequence)
    }

    /// Invokes the ingestion as AWS Lambda does: up to three times.
    fn ingest(&mut self, event: &serde_json::Value, with_faults: bool) {
        let id = self.pipeline.ingest.begin(event.clone());
        for attempt in 0..3 {
            if attempt > 0 {
                self.pipeline.ingest.begin_again(&id, event.clone());
            }
            let end = self.finish(&id, with_faults, |pipeline| &mut pipeline.ingest);
            if matches!(end, End::Answered(Answer::Done(_))) {
                self.finished_runs += 1;
                return;
            }
        }
    }

    fn deliver(&mut self, batch: Vec<Message>, with_faults: bool) {
        if batch.is_empty() {
            return;
        }
        let id = self.pipeline.embed.begin(sqs_event(&batch));
        let end = self.finish(&id, with_faults, |pipeline| &mut pipeline.embed);
        self.pipeline.settle(&batch, &end);
        self.done.extend(batch);
        let excess = self.done.len().saturating_sub(10 * BATCH);
        self.done.drain(..excess);
    }

    /// Waits for the end of an invocation, during which a fault may happen.
    fn finish(
        &mut self,
        id: &str,
        with_faults: bool,
        function: fn(&mut Pipeline) -> &mut Function,
    ) -> End {
        if !with_faults || self.random.u8(..3) == 0 {
            return function(&mut self.pipeline).finish(id);
        }
        thread::sleep(Duration::from_millis(self.random.u64(..300)));
        let which = self.random.u8(..10);
        match which {
            0..=3 => {
                function(&mut self.pipeline).kill();
                self.count("kills");
            }
            4..=5 => {
                self.gateway.throttle(self.random.u64(1..8));
                self.count("throttled calls");
            }
            6..=7 => {
                let proxy = self.proxy();
                proxy.close();
                self.count("closed servers");
            }
            8 => {
                let bytes = self.random.u32(..20_000);
                self.proxy().cut_after(Some(bytes));
                self.count("cut connections");
            }
            _ => {
                self.proxy().stall(true);
                self.count("stalled servers");
            }
        }
        let end = function(&mut self.pipeline).finish(id);
        if end == End::TimedOut {
            self.count("timeouts");
        }
        self.gateway.throttle(0);
        for proxy in [&self.pipeline.postgres, &self.pipeline.opensearch] {
            proxy.stall(false);
            proxy.cut_after(None);
            proxy.open();
        }
        end
    }

    fn proxy(&mut self) -> &Proxy {
        let pipeline = &self.pipeline;
        if self.random.bool() { &pipeline.postgres } else { &pipeline.opensearch }
    }

    /// Holds a batch back, so that later messages overtake it.
    fn hold_back(&mut self) {
        let batch = self.pipeline.receive(BATCH);
        if !batch.is_empty() && self.held.len() < 5 * BATCH {
            self.held.extend(batch);
            self.count("late batches");
            return;
        }
        for message in &batch {
            self.pipeline.services.release(message);
        }
    }

    /// Delivers the messages that were held back, in any order.
    fn deliver_held(&mut self) {
        let mut held = std::mem::take(&mut self.held);
        self.random.shuffle(&mut held);
        for batch in held.chunks(BATCH) {
            self.deliver(batch.to_vec(), false);
        }
    }

    /// Delivers messages that are done once more, mixed.
    fn deliver_again(&mut self) {
        let count = BATCH.min(self.done.len());
        if count == 0 {
            return;
        }
        let batch = self.random.choose_multiple(self.done.clone(), count);
        self.pipeline.embed.invoke(sqs_event(&batch));
        self.count("duplicate batches");
    }

    /// Works without faults until nothing is pending.
    fn finish_work(&mut self) {
        self.deliver_held();
        let before = self.finished_runs;
        // A run that was killed holds its lease for half a minute.
        let until = Instant::now() + Duration::from_mins(1);
        while self.finished_runs == before {
            assert!(Instant::now() < until, "{}", self.pipeline.ingest.log());
            let event = self.publish();
            self.ingest(&event, false);
        }
        for _ in 0..MAX_ATTEMPTS {
            self.pipeline.work_off(BATCH);
            let services = &self.pipeline.services;
            if services.counts(&services.dead_letters) == [0, 0] {
                break;
            }
            let redriven = self.pipeline.shop.json("queue redrive")["redriven"].as_u64();
            self.redriven += redriven.expect("a count");
        }
        let services = &self.pipeline.services;
        let queues = [&services.queue, &services.dead_letters];
        let pending = queues.map(|queue| services.counts(queue));
        assert_eq!(pending, [[0, 0]; 2], "{}", self.pipeline.embed.log());
    }

    /// Compares the contents of both indexes with those that the feeds give in a new folder.
    async fn compare(&self) -> [Differences; 2] {
        let words = Catalogue::words();
        let sandbox = Sandbox::new();
        for (name, text) in FEEDS.iter().zip(self.catalogue.feeds()) {
            sandbox.write(name, text);
        }
        sandbox.run(&format!("ingest --complete {}", FEEDS.join(" "))).succeeds();
        let expected = contents_of_folder(&sandbox.path("data"), &words).await;
        let (postgres, opensearch) = open_servers(&self.pipeline.shop).await;
        let (store, queue) = (postgres.store(), postgres.queue(Duration::from_secs(1)));
        let in_postgres = Contents::of(&store, &postgres.index(), &queue, &words).await;
        let in_opensearch = Contents::of(&store, &opensearch, &queue, &words).await;
        [in_postgres.compare(&expected), in_opensearch.compare(&expected)]
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
