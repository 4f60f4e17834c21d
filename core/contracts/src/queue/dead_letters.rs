use super::{LONG, Queue, abandon, counts, names, receipts, receive, receive_one, send};
use crate::sample::unusual_texts;
use akin_ports::{DeadLetter, MAX_ATTEMPTS};

/// Fails whatever is in sight until it is dead, for the reason that `reason` gives.
async fn kill(queue: &Queue, reason: impl Fn(&str) -> String) {
    for _ in 0..MAX_ATTEMPTS {
        let taken = receive(queue, 1_000).await;
        let failed = taken.into_iter().map(|taken| {
            let reason = reason(taken.change.id.as_str());
            (taken.receipt, reason)
        });
        queue.fail(&failed.collect::<Vec<_>>()).await.unwrap();
        queue.pass(LONG).await;
    }
}

async fn letters(queue: &Queue) -> Vec<DeadLetter> {
    queue.dead_letters(None, usize::MAX).await.unwrap()
}

/// Behind any of them, as many as asked for.
pub async fn dead_letters_are_listed_in_their_order_and_page_by_page(queue: &Queue) {
    send(queue, &["c", "a", "e", "b", "d"]).await;
    kill(queue, |name| format!("{name} is refused")).await;
    send(queue, &["alive"]).await;
    let all = letters(queue).await;
    let said: Vec<_> = all.iter().map(|letter| &*letter.reason).collect();
    let each = ["c", "a", "e", "b", "d"].map(|name| format!("{name} is refused"));
    assert_eq!(said, each);
    assert!(all.is_sorted_by(|a, b| a.sequence < b.sequence));
    let mut paged = Vec::new();
    while let page =
        queue.dead_letters(paged.last().map(|l: &DeadLetter| l.sequence), 2).await.unwrap()
        && !page.is_empty()
    {
        assert!(page.len() <= 2);
        paged.extend(page);
    }
    assert_eq!(paged, all);
    assert_eq!(queue.dead_letters(None, 0).await.unwrap(), []);
    assert_eq!(queue.dead_letters(Some(u64::MAX), 9).await.unwrap(), []);
}

/// Quotes, NUL, control characters, 100 kB.
pub async fn unusual_reasons_come_back_as_they_were(queue: &Queue) {
    let texts = unusual_texts();
    let names: Vec<_> = (0..texts.len()).map(|number| number.to_string()).collect();
    send(queue, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    kill(queue, |name| texts[name.parse::<usize>().unwrap()].clone()).await;
    let reasons: Vec<_> = letters(queue).await.into_iter().map(|letter| letter.reason).collect();
    assert_eq!(reasons, texts);
}

/// With all its tries, at once, and a reason of its own if it dies again.
pub async fn what_is_redriven_is_tried_as_if_it_were_new(queue: &Queue) {
    send(queue, &["a"]).await;
    kill(queue, |_| "the first life".to_owned()).await;
    assert_eq!(queue.redrive(usize::MAX).await.unwrap(), 1);
    assert_eq!((counts(queue).await, letters(queue).await), ([1, 0, 0], vec![]));
    kill(queue, |_| "the second life".to_owned()).await;
    let dead = letters(queue).await;
    assert_eq!((dead[0].tries, &*dead[0].reason), (MAX_ATTEMPTS, "the second life"));
    assert_eq!(queue.redrive(usize::MAX).await.unwrap(), 1);
    let taken = receive_one(queue).await;
    assert_eq!(taken.tries, 1);
    queue.acknowledge(&[taken.receipt]).await.unwrap();
    assert_eq!(counts(queue).await, [0, 0, 0]);
}

/// The oldest first; those that live are none of its business.
pub async fn no_more_than_asked_for_is_redriven(queue: &Queue) {
    send(queue, &["a", "b", "c"]).await;
    kill(queue, str::to_owned).await;
    send(queue, &["alive"]).await;
    assert_eq!(queue.redrive(0).await.unwrap(), 0);
    assert_eq!(queue.redrive(2).await.unwrap(), 2);
    let taken = receive(queue, 10).await;
    assert_eq!(names(&taken), ["a", "b", "alive"]);
    queue.acknowledge(&receipts(&taken)).await.unwrap();
    assert_eq!(queue.redrive(2).await.unwrap(), 1);
    assert_eq!(queue.redrive(2).await.unwrap(), 0);
}

/// Nobody knows that it was mended.
pub async fn what_killed_its_workers_stays_alone_when_it_is_redriven(queue: &Queue) {
    send(queue, &["killer"]).await;
    abandon(queue).await;
    send(queue, &["a", "b"]).await;
    assert_eq!(queue.redrive(1).await.unwrap(), 1);
    assert_eq!(names(&receive(queue, 10).await), ["killer"]);
    assert_eq!(names(&receive(queue, 10).await), ["a", "b"]);
}

/// At every moment of a message's life.
pub async fn the_counts_are_those_of_what_waits_what_is_taken_and_what_is_dead(queue: &Queue) {
    send(queue, &["dead"]).await;
    kill(queue, str::to_owned).await;
    send(queue, &["a", "b", "c"]).await;
    assert_eq!(counts(queue).await, [3, 0, 1]);
    let taken = receive(queue, 2).await;
    assert_eq!(counts(queue).await, [1, 2, 1]);
    queue.acknowledge(&receipts(&taken[..1])).await.unwrap();
    assert_eq!(counts(queue).await, [1, 1, 1]);
    queue.fail(&[(taken[1].receipt.clone(), "refused".to_owned())]).await.unwrap();
    assert_eq!(counts(queue).await, [2, 0, 1], "it waits, out of sight");
}
