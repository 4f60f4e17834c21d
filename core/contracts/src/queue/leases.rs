use super::steps::{
    LONG, Queue, abandon, assert_counts, assert_empty, letters, names, receipts, receive,
    receive_one, send, shorter,
};
use akin_ports::{ISOLATE_AFTER, MAX_ATTEMPTS, Receipt, UNSETTLED};
use std::time::Duration;

/// This holds for any number of receives.
pub async fn a_leased_message_is_delivered_to_nobody_else(queue: &Queue) {
    send(queue, &["a", "b", "c"]).await;
    let first = receive(queue, 2).await;
    queue.pass(shorter(queue.lease(), 30)).await;
    let second = receive(queue, 10).await;
    assert_eq!((first.len(), second.len()), (2, 1));
    assert!(!names(&first).contains(&second[0].change.id.as_str()));
    for _ in 0..3 {
        assert_eq!(receive(queue, 10).await, []);
    }
}

/// It counts as another attempt and has a new receipt.
pub async fn a_message_whose_lease_ended_is_delivered_again(queue: &Queue) {
    send(queue, &["a"]).await;
    let first = receive_one(queue).await;
    queue.pass(queue.lease() + Duration::from_secs(1)).await;
    assert_counts(queue, [1, 0, 0]).await;
    let second = receive_one(queue).await;
    assert_eq!((second.change, second.attempts), (first.change, 2));
    assert_ne!(second.receipt, first.receipt);
}

/// A worker extends the leases of what it is still working on.
pub async fn an_extended_lease_starts_again(queue: &Queue) {
    send(queue, &["a", "b"]).await;
    let deliveries = receive(queue, 2).await;
    let most = shorter(queue.lease(), 10);
    for _ in 0..3 {
        queue.pass(most).await;
        queue.extend(&receipts(&deliveries[..1])).await.unwrap();
    }
    assert_eq!(names(&receive(queue, 10).await), ["b"]);
    queue.acknowledge(&receipts(&deliveries[..1])).await.unwrap();
    queue.pass(LONG).await;
    assert_eq!(names(&receive(queue, 10).await), ["b"]);
}

/// Another worker has the message now, so a late outcome has no effect. A queue that does not reject stale
/// receipts may take the late outcome, but reports no error.
pub async fn a_receipt_does_nothing_once_its_message_was_delivered_again(queue: &Queue) {
    send(queue, &["a"]).await;
    let stale = receive_one(queue).await.receipt;
    queue.pass(LONG).await;
    let held = receive_one(queue).await;
    let stale = std::slice::from_ref(&stale);
    queue.extend(stale).await.unwrap();
    queue.release(stale).await.unwrap();
    queue.fail(&[(stale[0].clone(), "too late".to_owned())]).await.unwrap();
    queue.acknowledge(stale).await.unwrap();
    if !queue.capabilities().rejects_stale_receipts {
        queue.pass(LONG).await;
        let again = receive(queue, 10).await;
        assert!(again.iter().all(|delivery| delivery.change == held.change), "{again:?}");
        queue.acknowledge(&receipts(&again)).await.unwrap();
        return assert_empty(queue).await;
    }
    queue.pass(shorter(queue.lease(), 10)).await;
    queue.extend(stale).await.unwrap();
    assert_counts(queue, [0, 1, 0]).await;
    queue.pass(Duration::from_secs(11)).await;
    let again = receive_one(queue).await;
    assert_eq!((again.change, again.attempts), (held.change, 3), "the lease was not extended");
    queue.acknowledge(&[again.receipt]).await.unwrap();
    assert_empty(queue).await;
}

/// It is not an error.
pub async fn an_unknown_receipt_does_nothing(queue: &Queue) {
    send(queue, &["a"]).await;
    let held = receive_one(queue).await;
    for text in ["", "1", "1-999", "999999-1", "-1--1", "x'; --", "18446744073709551615-1"] {
        let receipt = Receipt(text.to_owned());
        if receipt == held.receipt {
            continue;
        }
        queue.extend(std::slice::from_ref(&receipt)).await.unwrap();
        queue.release(std::slice::from_ref(&receipt)).await.unwrap();
        queue.acknowledge(std::slice::from_ref(&receipt)).await.unwrap();
        queue.fail(&[(receipt, "unknown".to_owned())]).await.unwrap();
        assert_counts(queue, [0, 1, 0]).await;
    }
    queue.pass(LONG).await;
    assert_eq!(receive_one(queue).await.attempts, 2, "its lease ended without an outcome");
}

/// It is not delivered a sixth time.
pub async fn a_message_received_five_times_without_an_outcome_becomes_a_dead_letter(queue: &Queue) {
    send(queue, &["killer"]).await;
    abandon(queue).await;
    assert_counts(queue, [0, 0, 1]).await;
    let letters = letters(queue).await;
    let letter = &letters[0];
    assert_eq!(letter.change.id.as_str(), "killer");
    assert!(letter.attempts >= MAX_ATTEMPTS);
    let reason = queue.capabilities().records_failures.then_some(UNSETTLED);
    assert_eq!(letter.reason.as_deref(), reason);
}

/// One that kills its workers takes no other with it. Where messages are not isolated it may, and
/// they are redriven.
pub async fn a_message_received_twice_without_an_outcome_is_delivered_alone(queue: &Queue) {
    send(queue, &["a", "killer", "b"]).await;
    if !queue.capabilities().isolates_messages {
        abandon(queue).await;
        assert_eq!(letters(queue).await.len(), 3);
        assert_eq!(queue.dead_letters().redrive(usize::MAX).await.unwrap(), 3);
        assert_eq!(names(&receive(queue, 10).await), ["a", "b", "killer"]);
        return;
    }
    for _ in 0..ISOLATE_AFTER {
        assert_eq!(queue.receive(10).await.unwrap().len(), 3);
        queue.pass(LONG).await;
    }
    send(queue, &["new"]).await;
    let mut killed = 0;
    let mut done = 0;
    while done < 3 || killed < MAX_ATTEMPTS - ISOLATE_AFTER {
        let deliveries = queue.receive(10).await.unwrap();
        match &*names(&deliveries) {
            [] => queue.pass(LONG).await,
            ["killer"] => killed += 1,
            ["a" | "b" | "new"] => {
                done += 1;
                queue.acknowledge(&receipts(&deliveries)).await.unwrap();
            }
            others => panic!("{others:?} were delivered together"),
        }
    }
    queue.pass(LONG).await;
    assert_eq!(queue.receive(10).await.unwrap(), []);
    assert_eq!((killed, done), (MAX_ATTEMPTS - ISOLATE_AFTER, 3));
    assert_counts(queue, [0, 0, 1]).await;
}

/// It did not kill its worker, so it may be delivered with others again.
pub async fn a_settled_message_is_no_longer_isolated(queue: &Queue) {
    send(queue, &["a", "b"]).await;
    for _ in 0..ISOLATE_AFTER {
        assert_eq!(receive(queue, 10).await.len(), 2);
        queue.pass(LONG).await;
    }
    let mut settled = Vec::new();
    while settled.len() < 2 {
        let deliveries = queue.receive(10).await.unwrap();
        let is_alone = deliveries.len() == 1;
        assert!(is_alone || !queue.capabilities().isolates_messages, "{deliveries:?}");
        settled.extend(deliveries);
    }
    queue.fail(&[(settled[0].receipt.clone(), "refused".to_owned())]).await.unwrap();
    queue.release(&receipts(&settled[1..])).await.unwrap();
    queue.pass(LONG).await;
    assert_eq!(queue.receive(10).await.unwrap().len(), 2);
}
