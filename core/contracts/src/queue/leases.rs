use super::{LONG, Queue, abandon, counts, names, receipts, receive, receive_one, send, shy_of};
use akin_ports::{ISOLATE_AFTER, MAX_ATTEMPTS, Receipt, UNSETTLED};
use std::time::Duration;

/// However often they ask.
pub async fn a_message_is_given_to_nobody_else_while_its_lease_lasts(queue: &Queue) {
    send(queue, &["a", "b", "c"]).await;
    let first = receive(queue, 2).await;
    queue.pass(shy_of(queue.lease(), 30)).await;
    let second = receive(queue, 10).await;
    assert_eq!((names(&first), names(&second)), (vec!["a", "b"], vec!["c"]));
    for _ in 0..3 {
        assert_eq!(receive(queue, 10).await, []);
    }
}

/// As another try, with another receipt.
pub async fn a_message_whose_lease_ran_out_is_given_to_another(queue: &Queue) {
    send(queue, &["a"]).await;
    let first = receive_one(queue).await;
    queue.pass(queue.lease() + Duration::from_secs(1)).await;
    assert_eq!(counts(queue).await, [1, 0, 0], "it waits again");
    let second = receive_one(queue).await;
    assert_eq!((second.change, second.tries), (first.change, 2));
    assert_ne!(second.receipt, first.receipt);
}

/// What a worker renews that still works at it.
pub async fn an_extended_lease_lasts_as_if_it_began_then(queue: &Queue) {
    send(queue, &["a", "b"]).await;
    let taken = receive(queue, 2).await;
    let most = shy_of(queue.lease(), 10);
    for _ in 0..3 {
        queue.pass(most).await;
        queue.extend(&receipts(&taken[..1])).await.unwrap();
    }
    assert_eq!(names(&receive(queue, 10).await), ["b"]);
    queue.acknowledge(&receipts(&taken[..1])).await.unwrap();
    queue.pass(LONG).await;
    assert_eq!(names(&receive(queue, 10).await), ["b"]);
}

/// Whatever the late worker says, the message is the other's.
pub async fn a_receipt_whose_message_another_was_given_does_nothing(queue: &Queue) {
    send(queue, &["a"]).await;
    let stale = receive_one(queue).await.receipt;
    queue.pass(LONG).await;
    let held = receive_one(queue).await;
    queue.acknowledge(std::slice::from_ref(&stale)).await.unwrap();
    queue.release(std::slice::from_ref(&stale)).await.unwrap();
    queue.fail(&[(stale.clone(), "too late".to_owned())]).await.unwrap();
    queue.pass(shy_of(queue.lease(), 10)).await;
    queue.extend(&[stale]).await.unwrap();
    assert_eq!(counts(queue).await, [0, 1, 0]);
    queue.pass(Duration::from_secs(11)).await;
    let again = receive_one(queue).await;
    assert_eq!((again.change, again.tries), (held.change, 3), "the lease was not extended");
    queue.acknowledge(&[again.receipt]).await.unwrap();
    assert_eq!(counts(queue).await, [0, 0, 0]);
}

/// No error either.
pub async fn a_receipt_that_never_was_does_nothing(queue: &Queue) {
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
        queue.fail(&[(receipt, "never was".to_owned())]).await.unwrap();
        assert_eq!(counts(queue).await, [0, 1, 0], "{text:?}");
    }
}

/// It is not handed out a sixth time.
pub async fn what_was_taken_five_times_and_never_finished_becomes_a_dead_letter(queue: &Queue) {
    send(queue, &["killer"]).await;
    abandon(queue).await;
    assert_eq!(counts(queue).await, [0, 0, 1]);
    let letters = queue.dead_letters(None, 10).await.unwrap();
    let letter = &letters[0];
    assert_eq!((letter.change.id.as_str(), letter.tries), ("killer", MAX_ATTEMPTS));
    assert_eq!(letter.reason, UNSETTLED);
}

/// Whichever of them kills the workers, the innocent ones are done without it.
pub async fn what_was_taken_twice_without_an_outcome_is_handed_out_alone(queue: &Queue) {
    send(queue, &["a", "killer", "b"]).await;
    for _ in 0..ISOLATE_AFTER {
        assert_eq!(receive(queue, 10).await.len(), 3);
        queue.pass(LONG).await;
    }
    send(queue, &["new"]).await;
    let mut killed = 0;
    loop {
        let deliveries = receive(queue, 10).await;
        match &*names(&deliveries) {
            [] if counts(queue).await[0] + counts(queue).await[1] == 0 => break,
            [] => queue.pass(LONG).await,
            ["killer"] => killed += 1,
            ["a" | "b" | "new"] => queue.acknowledge(&receipts(&deliveries)).await.unwrap(),
            others => panic!("{others:?} were handed out together"),
        }
    }
    assert_eq!(killed, MAX_ATTEMPTS - ISOLATE_AFTER);
    assert_eq!(counts(queue).await, [0, 0, 1], "nothing but the killer is dead");
}

/// It did not kill its worker, so it may be with others again.
pub async fn an_outcome_ends_the_loneliness_of_a_message(queue: &Queue) {
    send(queue, &["a", "b"]).await;
    for _ in 0..ISOLATE_AFTER {
        assert_eq!(receive(queue, 10).await.len(), 2);
        queue.pass(LONG).await;
    }
    let (first, second) = (receive_one(queue).await, receive_one(queue).await);
    queue.fail(&[(first.receipt, "refused".to_owned())]).await.unwrap();
    queue.release(&[second.receipt]).await.unwrap();
    queue.pass(LONG).await;
    assert_eq!(receive(queue, 10).await.len(), 2);
}
