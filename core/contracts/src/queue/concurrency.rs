use super::steps::{Queue, assert_counts, assert_empty, change, receipts};
use akin_entities::Change;
use akin_ports::ChangeQueue;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

const RECEIVERS: usize = 8;
const MESSAGES: usize = 1_000;

/// Receives a few messages at a time until none is visible, and returns all of them.
async fn receive_all(queue: Arc<dyn ChangeQueue>, acknowledge: bool) -> Vec<Change> {
    let mut received = Vec::new();
    loop {
        let deliveries = queue.receive(7).await.unwrap();
        if deliveries.is_empty() {
            return received;
        }
        if acknowledge {
            queue.acknowledge(&receipts(&deliveries)).await.unwrap();
        }
        received.extend(deliveries.into_iter().map(|delivery| delivery.change));
    }
}

/// Each message is delivered once. A queue that may deliver twice seldom does, and loses none.
pub async fn eight_receivers_are_each_delivered_different_messages(queue: &Queue) {
    let sent: Vec<_> = (0..MESSAGES).map(|number| change(&number.to_string(), 1)).collect();
    assert!(queue.send(&sent).await.unwrap().is_empty());
    let receivers: Vec<_> =
        (0..RECEIVERS).map(|at| tokio::spawn(receive_all(queue.share(), at % 2 == 0))).collect();
    let mut deliveries = BTreeMap::<Change, usize>::new();
    let mut acknowledged = 0;
    for (at, receiver) in receivers.into_iter().enumerate() {
        for change in receiver.await.unwrap() {
            acknowledged += u64::from(at % 2 == 0);
            *deliveries.entry(change).or_default() += 1;
        }
    }
    assert_eq!(deliveries.len(), MESSAGES, "a message was lost");
    let again = deliveries.values().filter(|times| **times > 1).count();
    if queue.capabilities().delivers_once {
        assert_eq!(again, 0, "a message was delivered twice");
        assert_counts(queue, [0, MESSAGES as u64 - acknowledged, 0]).await;
    } else {
        assert!(again < MESSAGES / 10, "{again} messages were delivered twice");
    }
}

/// Every message that arrives meanwhile is received by one of the workers.
pub async fn no_message_is_lost_while_some_send_and_others_settle(queue: &Queue) {
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let queue = queue.share();
            tokio::spawn(async move {
                for round in 0..20 {
                    let changes = [0, 1, 2].map(|n| change(&format!("{writer} {round} {n}"), 1));
                    assert!(queue.send(&changes).await.unwrap().is_empty());
                }
            })
        })
        .collect();
    let receivers: Vec<_> =
        (0..4).map(|_| tokio::spawn(receive_all(queue.share(), true))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let mut received = Vec::new();
    for receiver in receivers {
        received.extend(receiver.await.unwrap());
    }
    // Messages that arrived after the receivers found none.
    received.extend(receive_all(queue.share(), true).await);
    if queue.capabilities().delivers_once {
        assert_eq!(received.len(), 4 * 20 * 3);
    }
    assert_eq!(received.into_iter().collect::<HashSet<_>>().len(), 4 * 20 * 3);
    assert_empty(queue).await;
}
