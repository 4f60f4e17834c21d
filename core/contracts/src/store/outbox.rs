use super::{Store, apply, outbox, waiting};
use crate::sample::{id, product};
use akin_entities::{Change, Version};
use akin_ports::{ErrorKind, OutboxEntry, PortError, SentChanges};
use std::sync::Mutex;

/// A page begins after any entry and has as many entries as requested.
pub async fn the_outbox_is_read_oldest_first_and_page_by_page(store: &Store) {
    for (at, name) in (1..).zip(["c", "a", "b", "e", "d"]) {
        apply(store, &[product(name, name)], at).await;
    }
    let all = outbox(store).await;
    assert!(all.is_sorted_by(|a, b| a.sequence < b.sequence));
    let names: Vec<_> = all.iter().map(|entry| entry.change.id.as_str()).collect();
    assert_eq!(names, ["c", "a", "b", "e", "d"]);
    let mut paged = Vec::new();
    while let page = store.outbox(paged.last().map(|e: &OutboxEntry| e.sequence), 2).await.unwrap()
        && !page.is_empty()
    {
        assert!(page.len() <= 2);
        paged.extend(page);
    }
    assert_eq!(paged, all);
    assert!(store.outbox(None, 0).await.unwrap().is_empty());
    assert!(store.outbox(Some(u64::MAX), 9).await.unwrap().is_empty());
    assert_eq!(store.outbox(None, usize::MAX).await.unwrap(), all);
}

/// A change moves its product to the end, with a new sequence.
pub async fn the_outbox_names_a_product_once_at_its_newest_version(store: &Store) {
    apply(store, &[product("a", "one"), product("b", "one")], 1).await;
    let before = outbox(store).await;
    apply(store, &[product("a", "two")], 2).await;
    assert_eq!(waiting(store).await, [("b".to_owned(), 1), ("a".to_owned(), 2)]);
    let after = outbox(store).await;
    assert!(after[1].sequence > before[1].sequence);
}

/// All other entries stay.
pub async fn clearing_removes_only_the_given_entries(store: &Store) {
    apply(store, &["a", "b", "c", "d"].map(|name| product(name, name)), 1).await;
    let all = outbox(store).await;
    store.clear_outbox(&[all[2].clone(), all[0].clone()]).await.unwrap();
    assert_eq!(outbox(store).await, [all[1].clone(), all[3].clone()]);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.products, counts.outbox), (4, 2), "the products stay");
}

/// A worker clears again if the answer was lost.
pub async fn clearing_twice_or_nothing_is_harmless(store: &Store) {
    apply(store, &[product("a", "one"), product("b", "one")], 1).await;
    let all = outbox(store).await;
    let unknown =
        OutboxEntry { sequence: 999_999, change: Change { id: id("x"), version: Version(1) } };
    store.clear_outbox(&[]).await.unwrap();
    for _ in 0..2 {
        store.clear_outbox(&[all[0].clone(), all[0].clone(), unknown.clone()]).await.unwrap();
        assert_eq!(outbox(store).await, all[1..]);
    }
}

/// The worker has done the earlier change only.
pub async fn clearing_keeps_an_entry_whose_product_changed_in_the_meantime(store: &Store) {
    apply(store, &[product("a", "one"), product("b", "one")], 1).await;
    let taken = outbox(store).await;
    apply(store, &[product("a", "two")], 2).await;
    store.clear_outbox(&taken).await.unwrap();
    assert_eq!(waiting(store).await, [("a".to_owned(), 2)]);
}

/// This holds even after the outbox was empty; otherwise a late worker would clear a later change.
pub async fn no_two_outbox_entries_share_a_sequence(store: &Store) {
    let mut highest = None;
    for at in 1..5 {
        apply(store, &[product("a", &format!("look {at}"))], at).await;
        let entry = outbox(store).await.remove(0);
        assert!(Some(entry.sequence) > highest);
        highest = Some(entry.sequence);
        store.clear_outbox(&[entry]).await.unwrap();
    }
}

/// Pages begin after any entry. What was refused stays as it is.
pub async fn relayed_changes_leave_the_outbox_unless_they_are_refused(store: &Store) {
    apply(store, &["a", "b", "c"].map(|name| product(name, name)), 1).await;
    let received = Mutex::new(Vec::new());
    let send = |changes: Vec<Change>| -> SentChanges<'_> {
        let mut failures = akin_ports::Failures::new();
        for change in &changes {
            if change.id == id("b") {
                let refused = PortError::new("queue", ErrorKind::Refused, "too large");
                failures.insert(change.id.clone(), refused);
            }
            received.lock().unwrap().push(change.id.to_string());
        }
        Box::pin(async move { Ok(failures) })
    };
    let first = store.relay(None, 2, &send).await.unwrap();
    assert_eq!((first.sent, first.failures.keys().collect::<Vec<_>>()), (1, vec![&id("b")]));
    let second = store.relay(first.last, 2, &send).await.unwrap();
    assert_eq!((second.sent, second.failures.len()), (1, 0));
    let third = store.relay(second.last, 2, &send).await.unwrap();
    assert_eq!((third.sent, third.last), (0, None));
    assert_eq!(*received.lock().unwrap(), ["a", "b", "c"]);
    assert_eq!(waiting(store).await, [("b".to_owned(), 1)]);
}
