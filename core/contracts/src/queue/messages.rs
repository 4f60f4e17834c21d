use super::steps::{Queue, assert_counts, assert_empty, change, names, receipts, receive, send};
use crate::sample::unusual_ids;
use akin_entities::{Change, Version};
use std::collections::{BTreeSet, HashSet};

/// With id and version, on the first attempt. A queue without order delivers them in any.
pub async fn changes_are_received_as_they_were_sent_the_oldest_first(queue: &Queue) {
    let mut sent = [change("c", 3), change("a", 1), change("b", 2)];
    assert!(queue.send(&sent[..2]).await.unwrap().is_empty());
    assert!(queue.send(&sent[2..]).await.unwrap().is_empty());
    let deliveries = receive(queue, 10).await;
    let received: Vec<_> = deliveries.iter().map(|delivery| delivery.change.clone()).collect();
    if !queue.capabilities().keeps_order {
        sent.sort();
    }
    assert_eq!(received, sent);
    assert!(deliveries.iter().all(|delivery| delivery.attempts == 1));
    assert_eq!(receipts(&deliveries).into_iter().collect::<HashSet<_>>().len(), 3);
}

/// The others are left for the next receive.
pub async fn no_more_messages_are_received_than_asked_for(queue: &Queue) {
    send(queue, &["a", "b", "c"]).await;
    assert_eq!(queue.receive(0).await.unwrap(), []);
    let first = receive(queue, 2).await;
    let rest = receive(queue, usize::MAX).await;
    if queue.capabilities().keeps_order {
        assert_eq!((names(&first), names(&rest)), (vec!["a", "b"], vec!["c"]));
    }
    assert_eq!((first.len(), rest.len()), (2, 1));
    let received: BTreeSet<_> = names(&first).into_iter().chain(names(&rest)).collect();
    assert_eq!(received.len(), 3);
    assert_eq!(receive(queue, 2).await, []);
}

/// No call with an empty batch is an error.
pub async fn empty_batches_do_nothing(queue: &Queue) {
    assert!(queue.send(&[]).await.unwrap().is_empty());
    assert_eq!(receive(queue, 10).await, []);
    queue.extend(&[]).await.unwrap();
    queue.acknowledge(&[]).await.unwrap();
    queue.release(&[]).await.unwrap();
    queue.fail(&[]).await.unwrap();
    assert_eq!(queue.dead_letters().redrive(10).await.unwrap(), 0);
    assert_empty(queue).await;
}

/// In one batch or in several, and even if they are equal: a queue does not compare messages.
pub async fn several_versions_of_a_product_are_separate_messages(queue: &Queue) {
    let sent = [change("a", 1), change("a", 2), change("a", 2)];
    assert!(queue.send(&sent).await.unwrap().is_empty());
    assert!(queue.send(&[change("a", 1)]).await.unwrap().is_empty());
    let deliveries = receive(queue, 10).await;
    let mut versions: Vec<_> =
        deliveries.iter().map(|delivery| delivery.change.version.0).collect();
    if queue.capabilities().keeps_order {
        assert_eq!(versions, [1, 2, 2, 1]);
    }
    versions.sort_unstable();
    assert_eq!(versions, [1, 1, 2, 2]);
    queue.acknowledge(&receipts(&deliveries[1..2])).await.unwrap();
    assert_counts(queue, [0, 3, 0]).await;
    queue.acknowledge(&receipts(&deliveries)).await.unwrap();
    assert_empty(queue).await;
}

/// Quotes, NUL and four-byte characters; times before 1970 and the first and last version. A queue
/// that does not accept every version refuses the last two, one by one.
pub async fn unusual_ids_and_versions_are_received_unchanged(queue: &Queue) {
    let versions = [0, -1, i64::MIN, i64::MAX].into_iter().cycle();
    let ids = unusual_ids().into_iter();
    let mut sent: Vec<_> =
        ids.zip(versions).map(|(id, at)| Change { id, version: Version(at) }).collect();
    let failures = queue.send(&sent).await.unwrap();
    if queue.capabilities().accepts_every_version {
        assert!(failures.is_empty(), "{failures:?}");
    } else {
        let is_extreme = |change: &Change| [i64::MIN, i64::MAX].contains(&change.version.0);
        let extreme: BTreeSet<_> = sent.iter().filter(|c| is_extreme(c)).map(|c| &c.id).collect();
        assert_eq!(failures.keys().collect::<BTreeSet<_>>(), extreme);
        assert!(failures.values().all(|error| !error.is_retryable()));
        sent.retain(|change| !is_extreme(change));
    }
    if !queue.capabilities().keeps_order {
        sent.sort();
    }
    let deliveries = receive(queue, 1_000).await;
    let received: Vec<_> = deliveries.iter().map(|delivery| delivery.change.clone()).collect();
    assert_eq!(received, sent);
    queue.acknowledge(&receipts(&deliveries)).await.unwrap();
    assert_empty(queue).await;
}

/// More than fit into one statement or one request.
pub async fn a_batch_may_hold_many_changes(queue: &Queue) {
    let sent: Vec<_> = (0..queue.size()).map(|number| change(&number.to_string(), 1)).collect();
    assert!(queue.send(&sent).await.unwrap().is_empty());
    let mut received = HashSet::new();
    loop {
        let deliveries = receive(queue, sent.len()).await;
        if deliveries.is_empty() {
            break;
        }
        queue.acknowledge(&receipts(&deliveries)).await.unwrap();
        received.extend(deliveries.into_iter().map(|delivery| delivery.change));
    }
    assert_eq!(received, sent.into_iter().collect());
    assert_empty(queue).await;
}
