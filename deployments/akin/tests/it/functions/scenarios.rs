//! What is shown of the pipeline, one scenario after another over the same servers.

use super::feed::Feed;
use super::function::End;
use super::pipeline::{OUTAGE, Pipeline, put_event, sqs_event};
use super::runtime_api::Answer;
use crate::support::sample;
use crate::support::server::Server;
use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, Instant};

mod settings;

/// The pipeline, and what was shown so far.
pub(crate) struct Scenarios {
    pipeline: Pipeline,
    feed: Feed,
    began: Instant,
    shown: Vec<String>,
    /// The start of the current scenario.
    since: Instant,
    /// Texts that no log may contain.
    secrets: Vec<String>,
}

/// The number of messages in a batch; SQS gathers so many within its batching window.
const BATCH: usize = 100;

impl Scenarios {
    pub(crate) fn new(pipeline: Pipeline) -> Self {
        let password = pipeline.shop.setting("POSTGRES_PASSWORD").to_owned();
        Self {
            pipeline,
            feed: Feed::read(),
            began: Instant::now(),
            shown: Vec::new(),
            since: Instant::now(),
            secrets: vec![password, "hidden-key".to_owned()],
        }
    }

    /// Adds what was just shown to the list.
    fn shown(&mut self, what: &str) {
        let number = self.shown.len() + 1;
        let line = format!("{number:>3}. {what} ({:.1} s)", self.since.elapsed().as_secs_f64());
        eprintln!("{line}");
        self.shown.push(line);
        self.since = Instant::now();
    }

    pub(crate) fn report(&self) {
        let (count, seconds) = (self.shown.len(), self.began.elapsed().as_secs_f64());
        eprintln!("{count} of {count} shown in {seconds:.0} s");
    }

    /// Ingests the feed as it is now, and returns these counts of the report.
    fn ingest<const N: usize>(&mut self, counts: [&str; N]) -> [u64; N] {
        let report = self.pipeline.ingest(&self.feed.to_csv());
        assert_eq!(report["outcome"], "finished", "{report}");
        counts.map(|name| report[name].as_u64().unwrap_or_else(|| panic!("no {name}: {report}")))
    }

    /// Asserts that the store and both indexes hold every row of the feed, and that nothing waits.
    fn is_complete(&self) -> u64 {
        let rows = self.feed.rows.len() as u64;
        // OpenSearch shows writes after a second.
        let until = Instant::now() + Duration::from_secs(10);
        let mut counts = self.pipeline.counts();
        while counts != [rows; 3] && Instant::now() < until {
            thread::sleep(Duration::from_millis(200));
            counts = self.pipeline.counts();
        }
        assert_eq!(counts, [rows; 3]);
        assert_eq!(self.pipeline.services.counts(&self.pipeline.services.queue), [0, 0]);
        rows
    }

    /// Asserts that both indexes find `id` first by `query`, or do not find it.
    fn is_found(&mut self, id: &str, query: &str, expected: bool) {
        for engine in ["postgres", "opensearch"] {
            // OpenSearch shows writes after a second.
            let until = Instant::now() + Duration::from_secs(10);
            loop {
                let found = self.pipeline.search(engine, query);
                if found.iter().any(|found| found == id) == expected {
                    break;
                }
                assert!(Instant::now() < until, "{engine}: {query:?} found {found:?}");
                thread::sleep(Duration::from_millis(200));
            }
        }
    }

    pub(crate) fn a_feed_reaches_both_indexes(&mut self) {
        let [inserted] = self.ingest(["inserted"]);
        let seconds = self.since.elapsed().as_secs_f64();
        let worked = self.pipeline.work_off(BATCH);
        assert_eq!((worked.messages, worked.again), (inserted, 0));
        let rows = self.is_complete();
        let id = self.feed.id(0);
        let name = self.feed.name(0);
        self.is_found(&id, &name, true);
        self.shown(&format!(
            "a feed put in S3 is in both indexes and found through the query function: {rows} rows \
             stored in {seconds:.1} s, {} messages in {} batches",
            worked.messages, worked.batches
        ));
    }

    pub(crate) fn queries_are_answered_as_by_the_server(&mut self) {
        let server = Server::spawn(self.pipeline.shop.akin("serve --listen 127.0.0.1:0"));
        let queries = queries();
        for (at, query) in queries.iter().enumerate() {
            let engine = ["postgres", "opensearch"][at % 2];
            let body = json!({"query": query, "engine": engine, "facets": ["brand"]});
            let (status, answer) = self.pipeline.request("POST", "/api/search", Some(&body));
            assert_eq!(status, 200, "{answer}");
            assert_eq!(answer, server.post("/api/search", &body), "{query}");
        }
        let body = json!({"query": queries[0], "limit": null});
        let (status, answer) = self.pipeline.request("POST", "/api/similar_products", Some(&body));
        assert_eq!((status, &answer["error"]), (201, &Value::Null), "{answer}");
        let health = self.pipeline.request("GET", "/api/health_status", None);
        assert_eq!(health.1["message"], "Health status OK");
        self.shown(&format!("{} queries are answered as by `akin serve`", queries.len()));
    }

    pub(crate) fn an_identical_object_sends_nothing(&mut self) {
        let [inserted, changed, unchanged] = self.ingest(["inserted", "changed", "unchanged"]);
        assert_eq!([inserted, changed], [0, 0]);
        assert_eq!(unchanged, self.feed.rows.len() as u64);
        self.is_complete();
        self.shown(&format!("an identical object: {unchanged} rows unchanged, 0 messages sent"));
    }

    pub(crate) fn a_late_event_does_nothing(&mut self) {
        let late = put_event(&self.pipeline.services.bucket, 1);
        assert_eq!(self.pipeline.ingest.answer(late)["outcome"], "nothing");
        let scheduled = json!({"source": "aws.events", "detail-type": "Scheduled Event"});
        assert_eq!(self.pipeline.ingest.answer(scheduled)["outcome"], "finished");
        self.shown("a late event does nothing, a schedule runs");
    }

    pub(crate) fn changed_products_are_updated(&mut self) {
        self.feed.set(0, "name", "Wurlitzer jukebox with glowing bubble tubes");
        self.feed.set(1, "actual_price", "₹77");
        assert_eq!(self.ingest(["changed"]), [2]);
        let worked = self.pipeline.work_off(BATCH);
        assert_eq!((worked.messages, worked.again), (2, 0));
        let id = self.feed.id(0);
        self.is_found(&id, "wurlitzer jukebox", true);
        self.is_complete();
        self.shown("a changed object: 2 products changed, 2 messages sent");
    }

    pub(crate) fn a_removed_product_leaves_both_indexes(&mut self) {
        let id = self.feed.id(0);
        self.feed.rows.remove(0);
        assert_eq!(self.ingest(["removed"]), [1]);
        assert_eq!(self.pipeline.work_off(BATCH).messages, 1);
        self.is_found(&id, "wurlitzer jukebox", false);
        self.is_complete();
        self.shown("a removed product leaves the store and both indexes");
    }

    /// Leaves the messages of a first change of three products out, and those of a second change in.
    pub(crate) fn messages_arrive_twice_and_out_of_order(&mut self) {
        self.rename(3, "Brass sundial");
        let older = self.pipeline.receive(BATCH);
        self.rename(3, "Marble sundial");
        let newer = self.pipeline.receive(BATCH);
        assert_eq!([older.len(), newer.len()], [3, 3]);
        for batch in [&newer, &older, &newer, &older] {
            let end = self.pipeline.embed.invoke(sqs_event(batch));
            assert!(matches!(end, End::Answered(Answer::Done(_))), "{end:?}");
        }
        let done = [older, newer].concat();
        assert_eq!(self.pipeline.deliver(&done), 0);
        self.is_newest("marble sundial");
        self.shown("6 messages of 3 products arrive twice and out of order: 0 stale");
    }

    pub(crate) fn superseded_and_fresh_messages_share_a_batch(&mut self) {
        self.rename(1, "Copper kettle");
        let superseded = self.pipeline.receive(BATCH);
        self.rename(2, "Silver kettle");
        let fresh = self.pipeline.receive(BATCH);
        let batch = [superseded, fresh].concat();
        assert_eq!(batch.len(), 3);
        assert_eq!(self.pipeline.deliver(&batch), 0);
        self.is_newest("silver kettle");
        self.shown("[superseded, fresh, fresh] in one batch: all three are done");
    }

    /// Renames the first `count` products, and ingests.
    fn rename(&mut self, count: usize, name: &str) {
        for at in 0..count {
            self.feed.set(at, "name", &format!("{name} number {at}"));
        }
        assert_eq!(self.ingest(["changed"]), [count as u64]);
    }

    /// Asserts that the first two products are found by their newest name, and nothing is left to do.
    fn is_newest(&mut self, name: &str) {
        for at in 0..2 {
            let id = self.feed.id(at);
            self.is_found(&id, &format!("{name} number {at}"), true);
        }
        self.is_complete();
    }

    pub(crate) fn a_function_is_killed_in_mid_batch(&mut self) {
        self.rename(40, "Ivory chess set");
        let batch = self.pipeline.receive(BATCH);
        // The work cannot end before the process is killed.
        self.pipeline.opensearch.stall(true);
        let id = self.pipeline.embed.begin(sqs_event(&batch));
        thread::sleep(Duration::from_millis(500));
        self.pipeline.embed.kill();
        self.pipeline.opensearch.stall(false);
        self.pipeline.opensearch.close();
        self.pipeline.opensearch.open();
        let end = self.pipeline.embed.finish(&id);
        assert_eq!(end, End::Died);
        assert_eq!(self.pipeline.settle(&batch, &end), 40);
        let worked = self.pipeline.work_off(BATCH);
        assert_eq!((worked.messages, worked.again), (40, 0));
        self.is_newest("ivory chess set");
        self.shown("a function is killed in mid-batch: 40 messages come back, 0 lost");
    }

    pub(crate) fn poison_becomes_a_dead_letter_and_alone(&mut self) {
        self.rename(2, "Walnut metronome");
        let services = &self.pipeline.services;
        services.aws.send(&services.queue, "{\"order\": 4711}");
        let worked = self.pipeline.work_off(BATCH);
        assert_eq!((worked.messages, worked.again), (7, 5));
        let services = &self.pipeline.services;
        assert_eq!(services.counts(&services.dead_letters), [1, 0]);
        self.is_newest("walnut metronome");
        self.shown(
            "a message that is no change is a dead letter after 5 attempts; the 2 beside it are done"
        );
    }

    pub(crate) fn dead_letters_are_redriven(&mut self) {
        self.rename(2, "Bamboo birdhouse");
        self.pipeline.opensearch.close();
        let worked = self.pipeline.work_off(BATCH);
        self.pipeline.opensearch.open();
        assert_eq!((worked.messages, worked.again), (10, 10));
        let services = &self.pipeline.services;
        assert_eq!(services.counts(&services.dead_letters), [3, 0]);
        let redriven = self.pipeline.shop.json("queue redrive");
        assert_eq!(redriven["redriven"], 3, "{redriven}");
        let worked = self.pipeline.work_off(BATCH);
        // The one that is no change fails five times more.
        assert_eq!((worked.messages, worked.again), (7, 5));
        self.is_newest("bamboo birdhouse");
        self.shown("2 dead letters of an outage are redriven and done, the poison is not");
    }

    pub(crate) fn an_endpoint_is_away(&mut self) {
        self.rename(3, "Linen hammock");
        self.pipeline.endpoint.close();
        let batch = self.pipeline.receive(BATCH);
        assert_eq!(self.pipeline.deliver(&batch), 3);
        self.pipeline.endpoint.open();
        let worked = self.pipeline.work_off(BATCH);
        assert_eq!((worked.messages, worked.again), (3, 0));
        self.is_newest("linen hammock");
        self.shown("the endpoint is away: 3 messages come back, and are done after");
    }

    pub(crate) fn postgres_is_away(&mut self) {
        self.rename(5, "Slate coaster");
        self.feed.set(0, "name", "Cork coaster number 0");
        let put = self.pipeline.put_feed(&self.feed.to_csv());
        self.pipeline.postgres.close();
        let until = Instant::now() + OUTAGE;
        let batch = self.pipeline.receive(BATCH);
        let (mut failed, mut again) = (0, 0);
        let id = self.pipeline.ingest.begin(put.clone());
        let mut end = self.pipeline.ingest.finish(&id);
        while Instant::now() < until {
            assert!(!matches!(end, End::Answered(Answer::Done(_))), "{end:?}");
            failed += 1;
            let embedded = self.pipeline.embed.invoke(sqs_event(&batch));
            let End::Answered(Answer::Done(answer)) = embedded else {
                panic!("thrown: {embedded:?}")
            };
            again = answer["batchItemFailures"].as_array().map_or(0, Vec::len);
            assert_eq!(again, 5);
            let (status, answer) = self.pipeline.request("GET", "/api/search?q=coaster", None);
            assert_eq!(status, 500, "{answer}");
            end = self.pipeline.ingest.retry(&id, put.clone());
        }
        self.pipeline.postgres.open();
        let end = self.pipeline.ingest.retry(&id, put);
        let End::Answered(Answer::Done(report)) = &end else { panic!("{end:?}") };
        assert_eq!(report["changed"], 1, "{report}");
        assert_eq!(self.pipeline.deliver(&batch), 0);
        self.pipeline.work_off(BATCH);
        self.is_found(&self.feed.id(0), "cork coaster number 0", true);
        self.is_complete();
        self.shown(&format!(
            "Postgres is away for {} s: {failed} invocations fail, {again} messages come back, all of it \
             is done after",
            OUTAGE.as_secs()
        ));
    }
}

/// Returns the queries of the sample data.
fn queries() -> Vec<String> {
    let mut reader = csv::Reader::from_path(sample("queries.csv")).expect("queries");
    reader.records().map(|row| row.expect("a row")[1].to_owned()).collect()
}
