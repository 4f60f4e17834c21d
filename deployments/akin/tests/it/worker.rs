//! Workers as processes: they share a queue, end when asked to, and take over from the dead.

use crate::support::gate::Gate;
use crate::support::shop::Shop;
use crate::support::{Outcome, Place, masked, rows, send, twin};
use akin_entities::{Change, ProductId, Version};
use akin_local::{LocalEngine, LocalOptions};
use akin_ports::{ChangeQueue, MAX_ATTEMPTS};
use serde_json::json;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// More than two workers' first batches.
const PRODUCTS: u64 = 1_200;

fn local() -> Shop {
    Shop::with(Vec::new())
}

fn postgres() -> Shop {
    Shop::in_postgres().and("AKIN_ENGINES", "postgres")
}

/// A shop whose products wait in the queue.
fn waiting(shop: Shop) -> Shop {
    waiting_as(shop, "Chair")
}

/// The same; their texts are so long that a batch of them takes its time.
fn waiting_long(shop: Shop) -> Shop {
    waiting_as(shop, &format!("Chair {}", "of solid oak with a woven seat ".repeat(20)))
}

fn waiting_as(shop: Shop, name: &str) -> Shop {
    let count = usize::try_from(PRODUCTS).expect("a number");
    shop.place.write("chairs.csv", rows(count, "CH", name));
    shop.run("ingest --no-embed chairs.csv").succeeds();
    assert_eq!(counts(&shop), [PRODUCTS, 0, 0]);
    shop
}

fn begin(shop: &Shop, words: &str) -> Child {
    let mut command = shop.akin(words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process")
}

fn end(child: Child) -> Outcome {
    child.wait_with_output().expect("an end").into()
}

/// Waiting, in flight, dead.
fn counts(shop: &Shop) -> [u64; 3] {
    shop.run("queue --json").succeeds().counts(["waiting", "in_flight", "dead"])
}

fn indexed(shop: &Shop) -> u64 {
    shop.json("status")["indexed"].as_u64().expect("a number")
}

/// Waits for what must come within a minute.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_mins(1), "{what}: not within a minute");
    }
}

/// Stops `worker` once `is_so`. It runs only between one look and the next, so that however slow
/// looking is, what it does after that is still to be done.
fn stop_once(worker: &Child, what: &str, mut is_so: impl FnMut() -> bool) {
    until(what, || {
        send("CONT", worker);
        std::thread::sleep(Duration::from_millis(100));
        send("STOP", worker);
        is_so()
    });
}

fn two_workers_at_once_embed_each_product_once(shop: &Shop) {
    let workers = [1, 2].map(|_| begin(shop, "worker --once --json"));
    let done = workers.map(|worker| end(worker).succeeds().counts(["embedded", "failed"]));
    let embedded: u64 = done.iter().map(|[embedded, _]| embedded).sum();
    assert_eq!((embedded, done[0][1] + done[1][1]), (PRODUCTS, 0), "{done:?}");
    assert!(done.iter().all(|[embedded, _]| *embedded > 0), "both had a part in it: {done:?}");
    assert_eq!((counts(shop), indexed(shop)), ([0, 0, 0], PRODUCTS));
    let again = shop.run("worker --once --json").succeeds();
    assert_eq!(again.counts(["relayed", "received"]), [0, 0]);
}

fn a_worker_that_is_asked_to_end_finishes_what_it_has_in_hand(shop: &Shop) {
    let worker = begin(shop, "worker --json");
    stop_once(&worker, "messages in hand", || counts(shop)[1] > 0);
    send("CONT", &worker);
    // It begins with the first half of its messages, and their long texts take it longer.
    std::thread::sleep(Duration::from_millis(200));
    send("TERM", &worker);
    let asked = Instant::now();
    let outcome = end(worker).succeeds();
    assert!(asked.elapsed() < Duration::from_secs(30), "{:?}", asked.elapsed());
    assert!(outcome.stderr.contains("finishing the current batch"), "{outcome}");
    let [embedded, released] = outcome.counts(["embedded", "released"]);
    assert!(released > 0, "it was asked before its end: {outcome}");
    assert_eq!(indexed(shop), embedded);
    assert_eq!(counts(shop), [PRODUCTS - embedded, 0, 0], "the rest was given back");
    let rest = shop.run("ingest --json chairs.csv").succeeds();
    // What was given back is out of sight for a second, in which the ingestion has begun already.
    let [here] = rest.counts(["embedded"]);
    std::thread::sleep(Duration::from_millis(1_100));
    let last = shop.run("worker --once --json").succeeds();
    assert_eq!(embedded + here + last.counts(["embedded"])[0], PRODUCTS);
}

fn another_worker_takes_over_from_one_that_was_killed(shop: &Shop) {
    let mut worker = begin(shop, "worker --json");
    stop_once(&worker, "the first products", || indexed(shop) > 0);
    worker.kill().expect("a kill");
    worker.wait().expect("an end");
    let [_, held, _] = counts(shop);
    assert!(held > 0, "it had something in hand");
    until("the last products", || {
        shop.run("worker --once --json").succeeds();
        counts(shop) == [0, 0, 0]
    });
    assert_eq!(indexed(shop), PRODUCTS);
}

#[tokio::test]
#[ignore = "needs the model: make model"]
async fn two_workers_share_the_queue_of_a_folder() {
    let shop = waiting(local());
    two_workers_at_once_embed_each_product_once(&shop);
    let found = twin::contents(&shop.place.path("data")).await;
    assert_eq!(found.len() as u64, PRODUCTS);
}

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn two_workers_share_the_queue_of_a_database() {
    two_workers_at_once_embed_each_product_once(&waiting(postgres()));
}

#[test]
#[ignore = "needs the model: make model"]
fn sigterm_drains_a_worker() {
    a_worker_that_is_asked_to_end_finishes_what_it_has_in_hand(&waiting_long(local()));
}

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn sigterm_drains_a_worker_over_postgres() {
    a_worker_that_is_asked_to_end_finishes_what_it_has_in_hand(&waiting_long(postgres()));
}

#[test]
#[ignore = "needs the model: make model"]
fn a_killed_workers_messages_come_back_when_its_lease_ends() {
    let shop = waiting(local().and("AKIN_QUEUE_LEASE", "2"));
    another_worker_takes_over_from_one_that_was_killed(&shop);
}

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn a_killed_workers_messages_come_back_when_its_lease_ends_in_postgres() {
    let shop = waiting(postgres().and("AKIN_QUEUE_LEASE", "2"));
    another_worker_takes_over_from_one_that_was_killed(&shop);
}

#[test]
#[ignore = "needs the model: make model"]
fn a_worker_takes_what_comes_while_it_runs_until_ctrl_c() {
    let shop = local();
    let worker = begin(&shop, "worker --poll 0.1 --json");
    shop.run("ingest --no-embed feed.csv").succeeds();
    until("the products", || indexed(&shop) == 4);
    send("INT", &worker);
    let outcome = end(worker);
    assert_eq!(outcome.counts(["received", "embedded"]), [4, 4], "{outcome}");
    assert_eq!(outcome.code, Some(0));
}

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn a_queue_may_be_elsewhere_than_the_store() {
    let shop = Shop::in_postgres().and("AKIN_QUEUE", "postgres");
    shop.run("ingest --no-embed feed.csv").succeeds();
    assert_eq!(counts(&shop), [4, 0, 0]);
    let own = shop.run("queue --json --queue local").succeeds();
    assert_eq!(own.counts(["waiting"]), [0], "that of the folder is another");
    let done = shop.run("worker --once --json").succeeds();
    assert_eq!(done.counts(["received", "embedded"]), [4, 4]);
    assert_eq!((counts(&shop), indexed(&shop)), ([0, 0, 0], 4));
}

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn a_worker_waits_while_the_server_is_away_and_goes_on_when_it_is_back() {
    let shop = postgres();
    let server = [shop.setting("POSTGRES_HOST"), shop.setting("POSTGRES_PORT")].join(":");
    let gate = Gate::to(server);
    let mut command = shop.akin("worker --poll 0.1 --json");
    command.env("POSTGRES_PORT", gate.port.to_string());
    let worker = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process");
    shop.run("ingest --no-embed feed.csv").succeeds();
    until("the first products", || indexed(&shop) == 4);
    gate.close();
    shop.place.write("more.csv", rows(20, "MO", "Cup"));
    shop.run("ingest --no-embed more.csv").succeeds();
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(counts(&shop), [20, 0, 0]);
    gate.open();
    until("the other products", || counts(&shop) == [0, 0, 0]);
    send("TERM", &worker);
    let outcome = end(worker).succeeds();
    assert_eq!(outcome.counts(["embedded", "failed"]), [24, 0], "{outcome}");
    let told = outcome.stderr.matches("waiting before trying again").count();
    assert!((1..6).contains(&told), "each pause is told of in a line: {outcome}");
}

/// Leaves a dead letter in the place's queue.
async fn kill_one(place: &Place) {
    let engine =
        LocalEngine::open(&place.path("data"), LocalOptions::default()).expect("an engine");
    let queue = engine.queue(Duration::from_millis(1));
    let change = Change { id: ProductId::new("PH-1").expect("an id"), version: Version(1) };
    assert!(queue.send(&[change]).await.expect("a message").is_empty());
    for _ in 0..=MAX_ATTEMPTS {
        let taken = queue.receive(1).await.expect("deliveries");
        assert!(taken.len() < 2);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn dead_letters_are_listed_with_their_reasons_and_redriven() {
    let place = Place::new();
    kill_one(&place).await;
    masked(|| {
        insta::assert_snapshot!("queue_counts", place.run("queue").succeeds());
        insta::assert_snapshot!("dead_letters", place.run("queue dead").succeeds());
        insta::assert_snapshot!("dead_letters_json", place.run("queue dead --json").succeeds());
    });
    let redriven = place.run("queue redrive --json").succeeds().json();
    assert_eq!(redriven, json!({"redriven": 1}));
    let counts = place.run("queue --json").succeeds().json();
    assert_eq!(counts, json!({"waiting": 1, "in_flight": 0, "dead": 0}));
    let none = place.run("queue dead").succeeds();
    assert_eq!((&*none.stdout, &*none.stderr), ("", "there are no dead letters\n"));
}

#[test]
fn settings_of_a_queue_that_cannot_be_are_named_at_once() {
    let outcome = Place::new()
        .run_in(&[("AKIN_QUEUE", "sqs"), ("AKIN_QUEUE_LEASE", "0")], "worker --poll never");
    insta::assert_snapshot!("bad_queue", outcome.fails_with(2));
}
