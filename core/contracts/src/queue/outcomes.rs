use super::{LONG, Queue, counts, names, receipts, receive, receive_one, send, shy_of};
use akin_ports::{MAX_ATTEMPTS, RELEASE_DELAY, retry_delay};
use std::time::Duration;

/// Not after any time.
pub async fn what_was_acknowledged_never_comes_back(queue: &Queue) {
    send(queue, &["a", "b"]).await;
    let taken = receive(queue, 10).await;
    queue.acknowledge(&receipts(&taken[..1])).await.unwrap();
    queue.pass(LONG).await;
    assert_eq!(names(&receive(queue, 10).await), ["b"]);
}

/// However often it is given back.
pub async fn what_was_released_comes_back_after_a_pause_and_its_try_does_not_count(queue: &Queue) {
    send(queue, &["a"]).await;
    for _ in 0..2 * MAX_ATTEMPTS {
        let taken = receive_one(queue).await;
        assert_eq!(taken.tries, 1);
        queue.release(&[taken.receipt]).await.unwrap();
        assert_eq!(counts(queue).await, [1, 0, 0]);
        queue.pass(RELEASE_DELAY).await;
    }
}

/// Not before, and each time with one more try.
pub async fn what_failed_comes_back_after_a_growing_pause(queue: &Queue) {
    send(queue, &["a"]).await;
    for tries in 1..MAX_ATTEMPTS {
        let taken = receive_one(queue).await;
        assert_eq!(taken.tries, tries);
        queue.fail(&[(taken.receipt, "refused".to_owned())]).await.unwrap();
        assert_eq!(counts(queue).await, [1, 0, 0]);
        queue.pass(shy_of(retry_delay(tries), 3)).await;
        assert_eq!(receive(queue, 10).await, [], "it rests after try {tries}");
        queue.pass(Duration::from_secs(3)).await;
    }
    assert_eq!(receive_one(queue).await.tries, MAX_ATTEMPTS);
}

/// The last reason, and a time.
pub async fn the_fifth_failure_makes_a_dead_letter_with_its_reason(queue: &Queue) {
    send(queue, &["a", "b"]).await;
    for tries in 1..=MAX_ATTEMPTS {
        assert_eq!(counts(queue).await, [2, 0, 0]);
        let taken = receive(queue, 10).await;
        assert_eq!(names(&taken), ["a", "b"]);
        queue.fail(&[(taken[0].receipt.clone(), format!("reason {tries}"))]).await.unwrap();
        queue.release(&receipts(&taken[1..])).await.unwrap();
        queue.pass(LONG).await;
    }
    assert_eq!(counts(queue).await, [1, 0, 1]);
    let letters = queue.dead_letters(None, 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].change.id.as_str(), "a");
    assert_eq!((letters[0].tries, &*letters[0].reason), (MAX_ATTEMPTS, "reason 5"));
    assert_eq!(names(&receive(queue, 10).await), ["b"], "a dead letter is handed out no more");
}

/// A worker whose answer was lost says it again.
pub async fn what_is_settled_twice_is_settled_once(queue: &Queue) {
    send(queue, &["a", "b", "c"]).await;
    let taken = receive(queue, 10).await;
    let [a, b, c] = [0, 1, 2].map(|at: usize| taken[at].receipt.clone());
    for _ in 0..2 {
        queue.acknowledge(&[a.clone(), a.clone()]).await.unwrap();
        queue.release(&[b.clone(), b.clone()]).await.unwrap();
        let failed = (c.clone(), "refused".to_owned());
        queue.fail(&[failed.clone(), failed]).await.unwrap();
    }
    assert_eq!(counts(queue).await, [2, 0, 0]);
    queue.pass(LONG).await;
    let tries: Vec<_> = receive(queue, 10).await.iter().map(|delivery| delivery.tries).collect();
    assert_eq!(tries, [1, 2], "what was released counts once, what failed twice");
}

/// All others of the batch have theirs.
pub async fn one_messages_outcome_is_its_alone(queue: &Queue) {
    send(queue, &["done", "released", "failed", "held"]).await;
    let taken = receive(queue, 10).await;
    queue.acknowledge(&receipts(&taken[..1])).await.unwrap();
    queue.release(&receipts(&taken[1..2])).await.unwrap();
    queue.fail(&[(taken[2].receipt.clone(), "refused".to_owned())]).await.unwrap();
    assert_eq!(counts(queue).await, [2, 1, 0]);
    queue.pass(retry_delay(1)).await;
    assert_eq!(names(&receive(queue, 10).await), ["released", "failed"]);
}
