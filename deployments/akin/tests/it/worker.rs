//! `akin worker` as processes that share a queue, stop cleanly, and take over from killed ones.

use crate::support::contents::searchable_contents;
use crate::support::proxy::Proxy;
use crate::support::shop::Shop;
use crate::support::{Outcome, Sandbox, masked, rows, send_signal};
use akin_entities::{Change, ProductId, Version};
use akin_local::{LocalEngine, LocalOptions};
use akin_ports::{ChangeQueue, MAX_ATTEMPTS};
use serde_json::json;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// More products than the first batches of two workers hold.
const PRODUCTS: u64 = 1_200;

fn local() -> Shop {
    Shop::local()
}

fn postgres() -> Shop {
    Shop::in_postgres().with_variable("AKIN_ENGINES", "postgres")
}

/// Fills the queue of `shop`.
fn with_queue(shop: Shop) -> Shop {
    with_queue_of(shop, "Chair")
}

/// Fills the queue with texts so long that a batch takes noticeable time.
fn with_slow_queue(shop: Shop) -> Shop {
    with_queue_of(shop, &format!("Chair {}", "of solid oak with a woven seat ".repeat(20)))
}

fn with_queue_of(shop: Shop, name: &str) -> Shop {
    let count = usize::try_from(PRODUCTS).expect("a number");
    shop.sandbox.write("chairs.csv", rows(count, "CH", name));
    shop.run("ingest --no-embed chairs.csv").succeeds();
    assert_eq!(counts(&shop), [PRODUCTS, 0, 0]);
    shop
}

fn spawn(shop: &Shop, arguments: &str) -> Child {
    let mut command = shop.akin(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process")
}

fn wait(child: Child) -> Outcome {
    child.wait_with_output().expect("an end").into()
}

/// Returns the numbers of messages that wait, are in flight, and are dead.
fn counts(shop: &Shop) -> [u64; 3] {
    shop.run("queue --json").succeeds().counts(["waiting", "in_flight", "dead"])
}

fn indexed(shop: &Shop) -> u64 {
    shop.json("status")["indexed"].as_u64().expect("a number")
}

/// Waits until `condition` holds, at most five minutes: on a busy machine, each check takes seconds.
fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_mins(5), "{what}: not within five minutes");
    }
}

/// Suspends `worker` once `condition` holds. The worker runs only between two checks, so that it cannot
/// finish its work during a slow check.
fn suspend_once(worker: &Child, what: &str, mut condition: impl FnMut() -> bool) {
    wait_until(what, || {
        send_signal("CONT", worker);
        std::thread::sleep(Duration::from_millis(100));
        send_signal("STOP", worker);
        condition()
    });
}

fn assert_two_workers_embed_each_product_once(shop: &Shop) {
    let workers = [1, 2].map(|_| spawn(shop, "worker --once --json"));
    let done = workers.map(|worker| wait(worker).succeeds().counts(["embedded", "failed"]));
    let embedded: u64 = done.iter().map(|[embedded, _]| embedded).sum();
    assert_eq!((embedded, done[0][1] + done[1][1]), (PRODUCTS, 0), "{done:?}");
    assert!(done.iter().all(|[embedded, _]| *embedded > 0), "both took part: {done:?}");
    assert_eq!((counts(shop), indexed(shop)), ([0, 0, 0], PRODUCTS));
    let again = shop.run("worker --once --json").succeeds();
    assert_eq!(again.counts(["relayed", "received"]), [0, 0]);
}

fn assert_a_stopped_worker_finishes_its_batch(shop: &Shop) {
    let worker = spawn(shop, "worker --json");
    suspend_once(&worker, "messages in flight", || counts(shop)[1] > 0);
    send_signal("CONT", &worker);
    // It starts with the first half of its messages, whose long texts take longer than this.
    std::thread::sleep(Duration::from_millis(200));
    send_signal("TERM", &worker);
    let stopped = Instant::now();
    let outcome = wait(worker).succeeds();
    assert!(stopped.elapsed() < Duration::from_secs(30), "{:?}", stopped.elapsed());
    assert!(outcome.stderr.contains("finishing the current batch"), "{outcome}");
    let [embedded, released] = outcome.counts(["embedded", "released"]);
    assert!(released > 0, "it was stopped before it had finished: {outcome}");
    assert_eq!(indexed(shop), embedded);
    assert_eq!(counts(shop), [PRODUCTS - embedded, 0, 0], "the rest was released");
    let rest = shop.run("ingest --json chairs.csv").succeeds();
    // Released messages stay invisible for a second, during which the ingestion may already have started.
    let [by_ingestion] = rest.counts(["embedded"]);
    std::thread::sleep(Duration::from_millis(1_100));
    let last = shop.run("worker --once --json").succeeds();
    assert_eq!(embedded + by_ingestion + last.counts(["embedded"])[0], PRODUCTS);
}

fn assert_a_worker_takes_over_from_a_killed_one(shop: &Shop) {
    let mut worker = spawn(shop, "worker --json");
    // Between two batches it holds none, and those that it holds return while it is suspended: it is
    // killed only after it was seen to hold some.
    suspend_once(&worker, "some products, and messages in flight", || {
        counts(shop)[1] > 0 && (1..PRODUCTS).contains(&indexed(shop))
    });
    worker.kill().expect("a kill");
    worker.wait().expect("an end");
    wait_until("the last products", || {
        shop.run("worker --once --json").succeeds();
        counts(shop) == [0, 0, 0]
    });
    assert_eq!(indexed(shop), PRODUCTS);
}

#[tokio::test]
#[ignore = "needs the model: make model"]
async fn two_workers_share_the_queue_of_a_folder() {
    let shop = with_queue(local());
    assert_two_workers_embed_each_product_once(&shop);
    let found = searchable_contents(&shop.sandbox.path("data")).await;
    assert_eq!(found.len() as u64, PRODUCTS);
}

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn two_workers_share_the_queue_of_a_database() {
    assert_two_workers_embed_each_product_once(&with_queue(postgres()));
}

#[test]
#[ignore = "needs the model: make model"]
fn a_stopped_worker_finishes_its_batch() {
    assert_a_stopped_worker_finishes_its_batch(&with_slow_queue(local()));
}

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn a_stopped_worker_finishes_its_batch_in_postgres() {
    assert_a_stopped_worker_finishes_its_batch(&with_slow_queue(postgres()));
}

#[test]
#[ignore = "needs the model: make model"]
fn the_messages_of_a_killed_worker_return_when_its_lease_expires() {
    let shop = with_slow_queue(local().with_variable("AKIN_QUEUE_LEASE", "2"));
    assert_a_worker_takes_over_from_a_killed_one(&shop);
}

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn the_messages_of_a_killed_worker_return_when_its_lease_expires_in_postgres() {
    let shop = with_slow_queue(postgres().with_variable("AKIN_QUEUE_LEASE", "2"));
    assert_a_worker_takes_over_from_a_killed_one(&shop);
}

#[test]
#[ignore = "needs the model: make model"]
fn a_worker_processes_new_changes_until_ctrl_c() {
    let shop = local();
    let worker = spawn(&shop, "worker --poll 0.1 --json");
    shop.run("ingest --no-embed feed.csv").succeeds();
    wait_until("the products", || indexed(&shop) == 4);
    send_signal("INT", &worker);
    let outcome = wait(worker);
    assert_eq!(outcome.counts(["received", "embedded"]), [4, 4], "{outcome}");
    assert_eq!(outcome.code, Some(0));
}

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn the_queue_can_be_in_another_database_than_the_store() {
    let shop = Shop::in_postgres().with_variable("AKIN_QUEUE", "postgres");
    shop.run("ingest --no-embed feed.csv").succeeds();
    assert_eq!(counts(&shop), [4, 0, 0]);
    let own = shop.run("queue --json --queue local").succeeds();
    assert_eq!(own.counts(["waiting"]), [0], "the folder has a queue of its own");
    let done = shop.run("worker --once --json").succeeds();
    assert_eq!(done.counts(["received", "embedded"]), [4, 4]);
    assert_eq!((counts(&shop), indexed(&shop)), ([0, 0, 0], 4));
}

#[test]
#[ignore = "needs the model and Postgres: make test"]
fn a_worker_waits_during_an_outage_and_continues_after_it() {
    let shop = postgres();
    let server = [shop.setting("POSTGRES_HOST"), shop.setting("POSTGRES_PORT")].join(":");
    let proxy = Proxy::to(server);
    let mut command = shop.akin("worker --poll 0.1 --json");
    command.env("POSTGRES_PORT", proxy.port.to_string());
    let worker = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process");
    shop.run("ingest --no-embed feed.csv").succeeds();
    wait_until("the first products", || indexed(&shop) == 4);
    proxy.close();
    shop.sandbox.write("more.csv", rows(20, "MO", "Cup"));
    shop.run("ingest --no-embed more.csv").succeeds();
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(counts(&shop), [20, 0, 0]);
    proxy.open();
    wait_until("the other products", || counts(&shop) == [0, 0, 0]);
    send_signal("TERM", &worker);
    let outcome = wait(worker).succeeds();
    assert_eq!(outcome.counts(["embedded", "failed"]), [24, 0], "{outcome}");
    let pauses = outcome.stderr.matches("waiting before trying again").count();
    assert!((1..6).contains(&pauses), "each pause is reported in one line: {outcome}");
}

/// Adds a dead letter to the queue of the sandbox.
async fn add_dead_letter(sandbox: &Sandbox) {
    let engine =
        LocalEngine::open(&sandbox.path("data"), LocalOptions::default()).expect("an engine");
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
    let sandbox = Sandbox::new();
    add_dead_letter(&sandbox).await;
    masked(|| {
        insta::assert_snapshot!("queue_counts", sandbox.run("queue").succeeds());
        insta::assert_snapshot!("dead_letters", sandbox.run("queue dead").succeeds());
        insta::assert_snapshot!("dead_letters_json", sandbox.run("queue dead --json").succeeds());
    });
    let redriven = sandbox.run("queue redrive --json").succeeds().json();
    assert_eq!(redriven, json!({"redriven": 1}));
    let counts = sandbox.run("queue --json").succeeds().json();
    assert_eq!(counts, json!({"waiting": 1, "in_flight": 0, "dead": 0}));
    let none = sandbox.run("queue dead").succeeds();
    assert_eq!((&*none.stdout, &*none.stderr), ("", "there are no dead letters\n"));
}

#[test]
fn all_invalid_queue_settings_are_named_at_once() {
    let outcome = Sandbox::new()
        .run_with_env(&[("AKIN_QUEUE", "kafka"), ("AKIN_QUEUE_LEASE", "0")], "worker --poll never");
    insta::assert_snapshot!("bad_queue", outcome.fails_with(2));
}
