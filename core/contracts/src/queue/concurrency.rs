use super::{Queue, change, counts, receipts};
use akin_entities::Change;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

const RECEIVERS: usize = 8;
const MESSAGES: usize = 1_000;

/// Takes a few at a time until there are none; answers with all that it was given.
async fn take_all(queue: Arc<dyn akin_ports::ChangeQueue>, acknowledge: bool) -> Vec<Change> {
    let mut taken = Vec::new();
    loop {
        let deliveries = queue.receive(7).await.unwrap();
        if deliveries.is_empty() {
            return taken;
        }
        if acknowledge {
            queue.acknowledge(&receipts(&deliveries)).await.unwrap();
        }
        taken.extend(deliveries.into_iter().map(|delivery| delivery.change));
    }
}

/// None twice, none not at all.
pub async fn eight_receivers_are_given_each_of_many_messages_once(queue: &Queue) {
    let sent: Vec<_> = (0..MESSAGES).map(|number| change(&number.to_string(), 1)).collect();
    assert!(queue.send(&sent).await.unwrap().is_empty());
    let receivers: Vec<_> =
        (0..RECEIVERS).map(|at| tokio::spawn(take_all(queue.share(), at % 2 == 0))).collect();
    let mut taken = BTreeMap::<Change, usize>::new();
    let mut acknowledged = 0;
    for (at, receiver) in receivers.into_iter().enumerate() {
        for change in receiver.await.unwrap() {
            acknowledged += u64::from(at % 2 == 0);
            *taken.entry(change).or_default() += 1;
        }
    }
    assert!(taken.values().all(|times| *times == 1), "one was given twice");
    assert_eq!(taken.len(), sent.len());
    assert_eq!(counts(queue).await, [0, sent.len() as u64 - acknowledged, 0]);
}

/// Whatever comes while others work is received by somebody.
pub async fn receivers_who_settle_while_others_send_lose_nothing(queue: &Queue) {
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
    let receivers: Vec<_> = (0..4).map(|_| tokio::spawn(take_all(queue.share(), true))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let mut taken = Vec::new();
    for receiver in receivers {
        taken.extend(receiver.await.unwrap());
    }
    // What came after a receiver had found nothing.
    taken.extend(take_all(queue.share(), true).await);
    assert_eq!(taken.len(), 4 * 20 * 3);
    assert_eq!(taken.into_iter().collect::<HashSet<_>>().len(), 4 * 20 * 3);
    assert_eq!(counts(queue).await, [0, 0, 0]);
}
