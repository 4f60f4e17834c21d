//! The queue of a folder, by the machine's clock and from several processes.

use akin_entities::{Change, ProductId, Version};
use akin_local::{LocalEngine, LocalOptions, LocalQueue};
use akin_ports::{ChangeQueue, Delivery};
use std::path::Path;
use std::time::{Duration, Instant};

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
    let kept =
        akin_ports::ProductStore::outbox(&engine.store(), None, 10).await.expect("an outbox");
    assert_eq!(kept.len(), 1, "what was there stays");
}
