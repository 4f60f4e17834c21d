//! The queue of a folder, by the machine's clock and from several processes.

use akin_entities::{Change, ProductId, Version};
use akin_local::{LocalEngine, LocalOptions, LocalQueue};
use akin_ports::{ChangeQueue, Delivery, Failures, ProductStore, QueueCounts, SentChanges};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::{open, product, take_back_to_version_10};

fn queue(folder: &Path, lease: Duration) -> LocalQueue {
    LocalEngine::open(folder, LocalOptions::default()).expect("an engine").queue(lease)
}

fn change(name: &str) -> Change {
    Change { id: ProductId::new(name).expect("an id"), version: Version(1) }
}

async fn receive(queue: &LocalQueue) -> Vec<Delivery> {
    queue.receive(10).await.expect("deliveries")
}

#[tokio::test]
async fn a_lease_ends_by_the_clock_and_not_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let lease = Duration::from_millis(300);
    let queue = queue(folder.path(), lease);
    queue.send(&[change("a")]).await.expect("a message");
    let began = Instant::now();
    assert_eq!(receive(&queue).await.len(), 1);
    while receive(&queue).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(began.elapsed() >= lease);
}

#[tokio::test]
async fn processes_of_one_folder_share_the_queue() {
    let folder = tempfile::tempdir().expect("a folder");
    let [one, other] = [1, 2].map(|_| queue(folder.path(), Duration::from_mins(1)));
    one.send(&[change("a"), change("b")]).await.expect("messages");
    let taken = other.receive(1).await.expect("a delivery");
    assert_eq!(receive(&one).await.len(), 1, "the other one");
    one.acknowledge(&[taken[0].receipt.clone()]).await.expect("whoever has the receipt");
    assert_eq!(other.counts().await.expect("counts").in_flight, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_of_one_folder_relay_each_change_once() {
    const CHANGES: usize = 2_000;
    let folder = tempfile::tempdir().expect("a folder");
    let stores = [1, 2, 3].map(|_| open(folder.path()).store());
    let products: Vec<_> = (0..CHANGES).map(|n| product(&n.to_string(), "a lamp")).collect();
    stores[0].apply(&products, Version(1)).await.expect("products");
    let sent = Arc::new(Mutex::new(Vec::new()));
    let relays = stores.map(|store| {
        let sent = Arc::clone(&sent);
        tokio::spawn(async move {
            let record = |changes: Vec<Change>| -> SentChanges<'_> {
                let ids = changes.into_iter().map(|change| change.id.to_string());
                sent.lock().expect("no panic").extend(ids);
                Box::pin(async { Ok(Failures::new()) })
            };
            let mut after = None;
            loop {
                let page = store.relay(after, 100, &record).await.expect("a page");
                let Some(last) = page.last else { break };
                after = Some(last);
            }
        })
    });
    for relay in relays {
        relay.await.expect("no panic");
    }
    let mut sent = Arc::into_inner(sent).expect("no relay").into_inner().expect("no panic");
    let all = sent.len();
    sent.sort_unstable();
    sent.dedup();
    assert_eq!((sent.len(), all), (CHANGES, CHANGES));
}

#[tokio::test]
async fn a_queue_of_an_earlier_version_keeps_its_messages() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path()));
    let late = 4_000_000_000_000_000_i64;
    take_back_to_version_10(
        folder.path(),
        &format!(
            "INSERT INTO queue (id, version, tries, leased, visible, died) VALUES
                 ('ready', 1, 0, 0, 1, NULL), ('delayed', 1, 1, 0, {late}, NULL),
                 ('in flight', 1, 1, 1, {late}, NULL), ('expired', 1, 1, 1, 1, NULL),
                 ('hopeless', 1, 5, 1, 1, NULL), ('dead', 1, 5, 0, 1, 1)"
        ),
    );
    let queue = queue(folder.path(), Duration::from_mins(1));
    let counts = QueueCounts { waiting: 4, in_flight: 1, dead: 1 };
    assert_eq!(queue.counts().await.expect("counts"), counts);
    let received = receive(&queue).await;
    let ids: Vec<_> = received.iter().map(|delivery| delivery.change.id.as_str()).collect();
    assert_eq!(ids, ["ready", "expired"]);
    let counts = QueueCounts { waiting: 1, in_flight: 3, dead: 2 };
    assert_eq!(queue.counts().await.expect("counts"), counts);
}

#[tokio::test]
async fn a_database_of_before_there_was_a_queue_gets_one() {
    let folder = tempfile::tempdir().expect("a folder");
    crate::support::first_database(
        folder.path(),
        "INSERT INTO outbox (id, version) VALUES ('a', 7)",
    );
    let engine = LocalEngine::open(folder.path(), LocalOptions::default()).expect("an engine");
    let queue = engine.queue(Duration::from_mins(1));
    queue.send(&[change("b")]).await.expect("a message");
    assert_eq!(receive(&queue).await.len(), 1);
    let kept = engine.store().outbox(None, 10).await.expect("an outbox");
    assert_eq!(kept.len(), 1, "what was there stays");
}
