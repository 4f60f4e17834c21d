use super::{Queue, change, counts, names, receipts, receive, send};
use crate::sample::unusual_ids;
use akin_entities::{Change, Version};
use std::collections::HashSet;

/// Its id and its version, on the first try.
pub async fn each_change_is_received_as_it_was_sent_the_oldest_first(queue: &Queue) {
    let sent = [change("c", 3), change("a", 1), change("b", 2)];
    assert!(queue.send(&sent[..2]).await.unwrap().is_empty());
    assert!(queue.send(&sent[2..]).await.unwrap().is_empty());
    let deliveries = receive(queue, 10).await;
    let received: Vec<_> = deliveries.iter().map(|delivery| delivery.change.clone()).collect();
    assert_eq!(received, sent);
    assert!(deliveries.iter().all(|delivery| delivery.tries == 1));
    assert_eq!(receipts(&deliveries).into_iter().collect::<HashSet<_>>().len(), 3);
}

/// The rest stays for the next one.
pub async fn no_more_than_asked_for_is_received(queue: &Queue) {
    send(queue, &["a", "b", "c"]).await;
    assert_eq!(receive(queue, 0).await, []);
    assert_eq!(names(&receive(queue, 2).await), ["a", "b"]);
    assert_eq!(names(&receive(queue, usize::MAX).await), ["c"]);
    assert_eq!(receive(queue, 2).await, []);
}

/// Neither harm nor an error.
pub async fn empty_batches_do_nothing(queue: &Queue) {
    assert!(queue.send(&[]).await.unwrap().is_empty());
    assert_eq!(receive(queue, 10).await, []);
    queue.extend(&[]).await.unwrap();
    queue.acknowledge(&[]).await.unwrap();
    queue.release(&[]).await.unwrap();
    queue.fail(&[]).await.unwrap();
    assert_eq!(queue.dead_letters(None, 10).await.unwrap(), []);
    assert_eq!(queue.redrive(10).await.unwrap(), 0);
    assert_eq!(counts(queue).await, [0, 0, 0]);
}

/// In one batch and in several, the same one twice as well: a queue compares nothing.
pub async fn several_versions_of_a_product_are_messages_of_their_own(queue: &Queue) {
    let sent = [change("a", 1), change("a", 2), change("a", 2)];
    assert!(queue.send(&sent).await.unwrap().is_empty());
    assert!(queue.send(&[change("a", 1)]).await.unwrap().is_empty());
    let deliveries = receive(queue, 10).await;
    let versions: Vec<_> = deliveries.iter().map(|delivery| delivery.change.version.0).collect();
    assert_eq!(versions, [1, 2, 2, 1]);
    queue.acknowledge(&receipts(&deliveries[1..2])).await.unwrap();
    assert_eq!(counts(queue).await, [0, 3, 0], "the others stay");
}

/// Quotes, NUL, four bytes; times before 1970 and the last there is.
pub async fn unusual_ids_and_versions_come_back_as_they_were(queue: &Queue) {
    let versions = [0, -1, i64::MIN, i64::MAX].into_iter().cycle();
    let ids = unusual_ids().into_iter();
    let sent: Vec<_> =
        ids.zip(versions).map(|(id, at)| Change { id, version: Version(at) }).collect();
    assert!(queue.send(&sent).await.unwrap().is_empty());
    let deliveries = receive(queue, 1_000).await;
    let received: Vec<_> = deliveries.iter().map(|delivery| delivery.change.clone()).collect();
    assert_eq!(received, sent);
    queue.acknowledge(&receipts(&deliveries)).await.unwrap();
    assert_eq!(counts(queue).await, [0, 0, 0]);
}

/// More than a statement or a request takes.
pub async fn many_changes_fit_into_a_batch(queue: &Queue) {
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
    assert_eq!(counts(queue).await, [0, 0, 0]);
}
