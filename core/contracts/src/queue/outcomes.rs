use super::steps::{
    LONG, Queue, assert_counts, letters, names, receipts, receive, receive_one, send, shorter,
};
use akin_ports::{MAX_ATTEMPTS, RELEASE_DELAY, retry_delay};
use std::time::Duration;

/// After no time at all.
pub async fn an_acknowledged_message_never_comes_back(queue: &Queue) {
    send(queue, &["a", "b"]).await;
    let deliveries = receive(queue, 10).await;
    queue.acknowledge(&receipts(&deliveries[..1])).await.unwrap();
    queue.pass(LONG).await;
    assert_eq!(names(&receive(queue, 10).await), ["b"]);
}

/// However often it is released. Where attempts are not taken back, it is dead after the last one.
pub async fn a_released_message_comes_back_after_a_delay_and_its_attempt_does_not_count(
    queue: &Queue,
) {
    send(queue, &["a"]).await;
    if queue.capabilities().takes_attempts_back {
        for _ in 0..2 * MAX_ATTEMPTS {
            let delivery = receive_one(queue).await;
            assert_eq!(delivery.attempts, 1);
            queue.release(&[delivery.receipt]).await.unwrap();
            assert_counts(queue, [1, 0, 0]).await;
            queue.pass(RELEASE_DELAY).await;
        }
        return;
    }
    for attempt in 1..=MAX_ATTEMPTS {
        let delivery = receive_one(queue).await;
        assert_eq!(delivery.attempts, attempt, "a released message's attempt counts");
        queue.release(&[delivery.receipt]).await.unwrap();
        queue.pass(RELEASE_DELAY).await;
    }
    assert_eq!(receive(queue, 10).await, []);
    assert_eq!(letters(queue).await.len(), 1, "it can be redriven");
}

/// Not before, and with one more attempt each time.
pub async fn a_failed_message_comes_back_after_a_growing_delay(queue: &Queue) {
    send(queue, &["a"]).await;
    for attempt in 1..MAX_ATTEMPTS {
        let delivery = receive_one(queue).await;
        assert_eq!(delivery.attempts, attempt);
        queue.fail(&[(delivery.receipt, "refused".to_owned())]).await.unwrap();
        assert_counts(queue, [1, 0, 0]).await;
        queue.pass(shorter(retry_delay(attempt), 3)).await;
        assert_eq!(receive(queue, 10).await, [], "it is hidden after attempt {attempt}");
        queue.pass(Duration::from_secs(3)).await;
    }
    assert_eq!(receive_one(queue).await.attempts, MAX_ATTEMPTS);
}

/// The last reason, and the time. A queue that does not record failures keeps neither, and needs
/// another receive.
pub async fn the_fifth_failure_makes_a_dead_letter_with_its_reason(queue: &Queue) {
    let capabilities = queue.capabilities();
    // Where attempts are not taken back, a message that is always released would die as well.
    let alive: &[&str] = if capabilities.takes_attempts_back { &["b"] } else { &[] };
    let others = alive.len() as u64;
    send(queue, &[&["a"], alive].concat()).await;
    for attempt in 1..=MAX_ATTEMPTS {
        assert_counts(queue, [1 + others, 0, 0]).await;
        let deliveries = receive(queue, 10).await;
        assert_eq!(names(&deliveries), [&["a"], alive].concat());
        let failed = (deliveries[0].receipt.clone(), format!("reason {attempt}"));
        queue.fail(&[failed]).await.unwrap();
        queue.release(&receipts(&deliveries[1..])).await.unwrap();
        queue.pass(LONG).await;
    }
    let deliveries = receive(queue, 10).await;
    assert_eq!(names(&deliveries), alive, "a dead letter is not delivered");
    assert_counts(queue, [0, others, 1]).await;
    let letters = letters(queue).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].change.id.as_str(), "a");
    if capabilities.records_failures {
        assert_eq!(letters[0].attempts, MAX_ATTEMPTS);
        assert_eq!(letters[0].reason.as_deref(), Some("reason 5"));
        assert!(letters[0].died.is_some());
    } else {
        assert!(letters[0].attempts >= MAX_ATTEMPTS);
        assert_eq!((&letters[0].reason, letters[0].died), (&None, None));
    }
}

/// A worker that did not get an answer reports again.
pub async fn an_outcome_reported_twice_counts_once(queue: &Queue) {
    send(queue, &["a", "b", "c"]).await;
    let deliveries = receive(queue, 10).await;
    let [a, b, c] = [0, 1, 2].map(|at: usize| deliveries[at].receipt.clone());
    for _ in 0..2 {
        queue.acknowledge(&[a.clone(), a.clone()]).await.unwrap();
        queue.release(&[b.clone(), b.clone()]).await.unwrap();
        let failed = (c.clone(), "refused".to_owned());
        queue.fail(&[failed.clone(), failed]).await.unwrap();
    }
    assert_counts(queue, [2, 0, 0]).await;
    queue.pass(LONG).await;
    let again = receive(queue, 10).await;
    assert_eq!(names(&again), ["b", "c"]);
    let attempts: Vec<_> = again.iter().map(|delivery| delivery.attempts).collect();
    let released = if queue.capabilities().takes_attempts_back { 1 } else { 2 };
    assert_eq!(attempts, [released, 2], "the attempts of the released and the failed message");
}

/// Each message of a batch has its own.
pub async fn an_outcome_affects_no_other_message(queue: &Queue) {
    send(queue, &["done", "failed", "leased", "released"]).await;
    let deliveries = receive(queue, 10).await;
    queue.acknowledge(&receipts(&deliveries[..1])).await.unwrap();
    queue.fail(&[(deliveries[1].receipt.clone(), "refused".to_owned())]).await.unwrap();
    queue.release(&receipts(&deliveries[3..])).await.unwrap();
    assert_counts(queue, [2, 1, 0]).await;
    queue.pass(retry_delay(1)).await;
    assert_eq!(names(&receive(queue, 10).await), ["failed", "released"]);
}
