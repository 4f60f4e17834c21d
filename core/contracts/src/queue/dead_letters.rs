use super::steps::{
    LONG, Queue, abandon, assert_counts, assert_empty, kill, letters, names, receipts, receive,
    receive_one, send,
};
use crate::sample::unusual_texts;
use akin_ports::{DeadLetterCursor, ErrorKind, MAX_ATTEMPTS};
use std::collections::BTreeSet;

/// No page is longer than asked for. Where listing hides the letters, each is still listed once, in
/// any order.
pub async fn dead_letters_are_listed_in_order_and_page_by_page(queue: &Queue) {
    let capabilities = queue.capabilities();
    let dead_letters = queue.dead_letters();
    let products = ["c", "a", "e", "b", "d"];
    send(queue, &products).await;
    kill(queue, |name| format!("{name} is refused")).await;
    send(queue, &["alive"]).await;
    assert_eq!(dead_letters.list(None, 0).await.unwrap().letters, []);
    let mut paged = Vec::new();
    let mut after = None;
    loop {
        let page = dead_letters.list(after.as_ref(), 2).await.unwrap();
        assert!(page.letters.len() <= 2);
        paged.extend(page.letters);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let listed: Vec<_> = paged.iter().map(|letter| letter.change.id.as_str()).collect();
    if capabilities.lists_dead_letters {
        assert_eq!(paged, dead_letters.list(None, usize::MAX).await.unwrap().letters);
    }
    if capabilities.keeps_order {
        assert_eq!(listed, products);
    }
    assert_eq!(listed.len(), products.len());
    assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), products.into());
    for letter in &paged {
        let expected = format!("{} is refused", letter.change.id);
        assert_eq!(letter.reason, capabilities.records_failures.then_some(expected));
    }
}

/// Where listing hides the letters, a cursor may be ignored.
pub async fn a_cursor_of_another_queue_is_refused(queue: &Queue) {
    for text in ["", "no such cursor", "-1", "1; --"] {
        let cursor = DeadLetterCursor(text.to_owned());
        match queue.dead_letters().list(Some(&cursor), 10).await {
            Err(error) => assert_eq!(error.kind, ErrorKind::Refused, "{text:?}"),
            Ok(page) => {
                assert!(!queue.capabilities().lists_dead_letters, "{text:?}");
                assert_eq!(page.letters, []);
            }
        }
    }
}

/// Quotes, NUL, control characters, 100 kB. Reasons that are not recorded do no harm.
pub async fn unusual_reasons_are_listed_unchanged(queue: &Queue) {
    let texts = unusual_texts();
    let names: Vec<_> = (0..texts.len()).map(|number| format!("{number:03}")).collect();
    send(queue, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    kill(queue, |name| texts[name.parse::<usize>().unwrap()].clone()).await;
    let letters = letters(queue).await;
    assert_eq!(letters.len(), texts.len());
    let records_failures = queue.capabilities().records_failures;
    for (letter, text) in letters.into_iter().zip(texts) {
        assert_eq!(letter.reason, records_failures.then_some(text));
    }
}

/// At once, and with a new reason if it dies again.
pub async fn a_redriven_message_has_all_its_attempts_again(queue: &Queue) {
    let records_failures = queue.capabilities().records_failures;
    send(queue, &["a"]).await;
    kill(queue, |_| "the first time".to_owned()).await;
    assert_eq!(queue.dead_letters().redrive(usize::MAX).await.unwrap(), 1);
    assert_counts(queue, [1, 0, 0]).await;
    assert_eq!(letters(queue).await, []);
    kill(queue, |_| "the second time".to_owned()).await;
    let dead = letters(queue).await;
    assert!(dead[0].attempts >= MAX_ATTEMPTS);
    assert_eq!(dead[0].reason.as_deref(), records_failures.then_some("the second time"));
    assert_eq!(queue.dead_letters().redrive(usize::MAX).await.unwrap(), 1);
    let delivery = receive_one(queue).await;
    assert_eq!(delivery.attempts, 1);
    queue.acknowledge(&[delivery.receipt]).await.unwrap();
    assert_empty(queue).await;
}

/// The oldest first; messages that are not dead are left alone.
pub async fn no_more_dead_letters_are_redriven_than_asked_for(queue: &Queue) {
    let dead_letters = queue.dead_letters();
    send(queue, &["a", "b", "c"]).await;
    kill(queue, str::to_owned).await;
    send(queue, &["alive"]).await;
    assert_eq!(dead_letters.redrive(0).await.unwrap(), 0);
    assert_eq!(dead_letters.redrive(2).await.unwrap(), 2);
    let deliveries = receive(queue, 10).await;
    if queue.capabilities().keeps_order {
        assert_eq!(names(&deliveries), ["a", "b", "alive"]);
    }
    assert_eq!(deliveries.len(), 3);
    queue.acknowledge(&receipts(&deliveries)).await.unwrap();
    assert_eq!(dead_letters.redrive(2).await.unwrap(), 1);
    assert_eq!(dead_letters.redrive(2).await.unwrap(), 0);
}

/// Redriving it does not prove that its fault was fixed. Where messages are not isolated, it is
/// delivered with the others.
pub async fn a_redriven_message_without_an_outcome_is_still_isolated(queue: &Queue) {
    send(queue, &["killer"]).await;
    abandon(queue).await;
    send(queue, &["a", "b"]).await;
    assert_eq!(queue.dead_letters().redrive(1).await.unwrap(), 1);
    if !queue.capabilities().isolates_messages {
        assert_eq!(names(&receive(queue, 10).await), ["a", "b", "killer"]);
        return;
    }
    assert_eq!(names(&queue.receive(10).await.unwrap()), ["killer"]);
    assert_eq!(names(&queue.receive(10).await.unwrap()), ["a", "b"]);
}

/// At every moment of a message's life. Where counts are estimates, the messages themselves are as
/// many as expected.
pub async fn messages_are_counted_as_waiting_in_flight_or_dead(queue: &Queue) {
    send(queue, &["dead"]).await;
    kill(queue, str::to_owned).await;
    send(queue, &["a", "b", "c"]).await;
    assert_counts(queue, [3, 0, 1]).await;
    let deliveries = receive(queue, 2).await;
    assert_eq!(deliveries.len(), 2);
    assert_counts(queue, [1, 2, 1]).await;
    queue.acknowledge(&receipts(&deliveries[..1])).await.unwrap();
    assert_counts(queue, [1, 1, 1]).await;
    queue.fail(&[(deliveries[1].receipt.clone(), "refused".to_owned())]).await.unwrap();
    assert_counts(queue, [2, 0, 1]).await;
    queue.pass(LONG).await;
    assert_eq!(receive(queue, 10).await.len(), 2);
    assert_eq!(letters(queue).await.len(), 1);
}
