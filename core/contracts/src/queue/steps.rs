//! Steps that the rules share.

use crate::Subject;
use crate::sample::id;
use akin_entities::{Change, Version};
use akin_ports::{
    ChangeQueue, DeadLetter, Delivery, MAX_ATTEMPTS, QueueCapabilities, QueueCounts, Receipt,
};
use std::time::Duration;

pub(super) type Queue = Subject<dyn ChangeQueue>;

/// Longer than any delay and any lease.
pub(super) const LONG: Duration = Duration::from_hours(2);

/// Returns the time that is `seconds` shorter than `time`.
pub(super) fn shorter(time: Duration, seconds: u64) -> Duration {
    time.checked_sub(Duration::from_secs(seconds)).unwrap()
}

/// Returns the change of the product `name` to `version`.
pub(super) fn change(name: &str, version: i64) -> Change {
    Change { id: id(name), version: Version(version) }
}

/// Sends a change of each of these products; none may fail.
pub(super) async fn send(queue: &Queue, names: &[&str]) {
    let changes: Vec<_> = names.iter().map(|name| change(name, 1)).collect();
    let failures = queue.send(&changes).await.unwrap();
    assert!(failures.is_empty(), "{failures:?}");
}

/// Receives until `limit` messages have been delivered or none is visible, since a queue may deliver fewer
/// than requested. Messages of an unordered queue are sorted by product and version.
pub(super) async fn receive(queue: &Queue, limit: usize) -> Vec<Delivery> {
    let mut received = Vec::new();
    loop {
        let deliveries = queue.receive(limit - received.len()).await.unwrap();
        let is_last = deliveries.is_empty();
        received.extend(deliveries);
        if is_last || received.len() >= limit {
            break;
        }
    }
    if !queue.capabilities().keeps_order {
        received.sort_by(|a, b| a.change.cmp(&b.change));
    }
    received
}

/// Receives the one message that is visible.
pub(super) async fn receive_one(queue: &Queue) -> Delivery {
    let mut deliveries = receive(queue, 10).await;
    assert_eq!(deliveries.len(), 1, "{deliveries:?}");
    deliveries.remove(0)
}

/// Receives all visible messages until no attempt is left, and never reports an outcome.
pub(super) async fn abandon(queue: &Queue) {
    for _ in 0..MAX_ATTEMPTS {
        while !receive(queue, 10).await.is_empty() {}
        queue.pass(LONG).await;
    }
    assert_eq!(receive(queue, 10).await, [], "a dead letter is not delivered");
}

/// Fails all visible messages, with the reason that `reason` returns for the product.
pub(super) async fn fail(queue: &Queue, reason: impl Fn(&str) -> String) {
    let deliveries = receive(queue, 1_000).await;
    let failed = deliveries.into_iter().map(|delivery| {
        let reason = reason(delivery.change.id.as_str());
        (delivery.receipt, reason)
    });
    queue.fail(&failed.collect::<Vec<_>>()).await.unwrap();
}

/// Fails all visible messages until they are dead, with the reason that `reason` returns.
pub(super) async fn kill(queue: &Queue, reason: impl Fn(&str) -> String) {
    for _ in 0..MAX_ATTEMPTS {
        fail(queue, &reason).await;
        queue.pass(LONG).await;
    }
    bury(queue).await;
}

/// Makes dead letters of messages without attempts left, where only a receive does so. Nothing else
/// may be visible then.
pub(super) async fn bury(queue: &Queue) {
    if !queue.capabilities().records_failures {
        assert_eq!(receive(queue, 10).await, [], "a message has no sixth attempt");
    }
}

/// Lists all dead letters. Where listing hides them, waits until they can be listed again; and sorts
/// them by product where there is no order.
pub(super) async fn letters(queue: &Queue) -> Vec<DeadLetter> {
    let mut letters = Vec::new();
    let mut after = None;
    loop {
        let page = queue.dead_letters().list(after.as_ref(), 1_000).await.unwrap();
        letters.extend(page.letters);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let QueueCapabilities { lists_dead_letters, keeps_order, .. } = queue.capabilities();
    if !lists_dead_letters {
        queue.pass(queue.lease() + Duration::from_secs(1)).await;
    }
    if !keeps_order {
        letters.sort_by(|a, b| a.change.cmp(&b.change));
    }
    letters
}

/// Returns the products of `deliveries`.
pub(super) fn names(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|delivery| delivery.change.id.as_str()).collect()
}

/// Returns the receipts of `deliveries`.
pub(super) fn receipts(deliveries: &[Delivery]) -> Vec<Receipt> {
    deliveries.iter().map(|delivery| delivery.receipt.clone()).collect()
}

/// Asserts how many messages are waiting, in flight and dead. Where counts are estimates, they must
/// be available.
pub(super) async fn assert_counts(queue: &Queue, expected: [u64; 3]) {
    let QueueCounts { waiting, in_flight, dead } = queue.counts().await.unwrap();
    if queue.capabilities().counts_exactly {
        assert_eq!([waiting, in_flight, dead], expected, "waiting, in flight, dead");
    }
}

/// Asserts that the queue holds no message and no dead letter, even if its counts are estimates.
pub(super) async fn assert_empty(queue: &Queue) {
    assert_counts(queue, [0, 0, 0]).await;
    queue.pass(LONG).await;
    assert_eq!(receive(queue, 10).await, []);
    assert_eq!(letters(queue).await, []);
}
