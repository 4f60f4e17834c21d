use super::{Store, apply};
use crate::sample::{product, unusual_texts};
use entities::Version;
use ports::{QuarantinedRow, RefusedRow};

fn row(line: u64, field: &str) -> RefusedRow {
    let (field, reason) = (field.to_owned(), format!("line {line} is not to be read"));
    RefusedRow { line, field, value: "call us".into(), reason }
}

async fn quarantine(store: &Store, feed: &str, rows: &[RefusedRow], at: i64) {
    store.quarantine(feed, rows, Version(at)).await.unwrap();
}

async fn places(store: &Store) -> Vec<(String, u64)> {
    let rows = store.quarantined(1_000).await.unwrap();
    rows.into_iter().map(|kept| (kept.feed, kept.row.line)).collect()
}

/// Line, field, value, reason and time.
pub async fn a_refused_row_is_kept_with_all_that_was_said(store: &Store) {
    quarantine(store, "a.csv", &[row(7, "ratings")], 3).await;
    let kept = store.quarantined(10).await.unwrap();
    let expected = QuarantinedRow { feed: "a.csv".into(), row: row(7, "ratings"), at: Version(3) };
    assert_eq!(kept, [expected]);
    quarantine(store, "a.csv", &[], 4).await;
    assert_eq!(store.counts().await.unwrap().quarantined, 1);
}

/// By number, not by digits; at most as many as asked for.
pub async fn the_quarantine_is_listed_by_feed_and_line(store: &Store) {
    quarantine(store, "b.csv", &[row(1, "name")], 1).await;
    quarantine(store, "a.csv", &[row(10, "name"), row(9, "name"), row(1 << 40, "name")], 1).await;
    let all = [("a.csv", 9), ("a.csv", 10), ("a.csv", 1 << 40), ("b.csv", 1)]
        .map(|(feed, line)| (feed.to_owned(), line));
    assert_eq!(places(store).await, all);
    assert_eq!(store.quarantined(2).await.unwrap().len(), 2);
    assert_eq!(store.quarantined(usize::MAX).await.unwrap().len(), 4);
    assert!(store.quarantined(0).await.unwrap().is_empty());
}

/// As of the last time; another field of the line is another reason.
pub async fn a_row_that_is_refused_again_is_kept_once(store: &Store) {
    quarantine(store, "a.csv", &[row(7, "ratings")], 1).await;
    quarantine(store, "a.csv", &[row(7, "ratings"), row(7, "name")], 2).await;
    let kept = store.quarantined(10).await.unwrap();
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|row| row.at == Version(2)));
    store.release_quarantine("a.csv", Version(2)).await.unwrap();
    assert_eq!(store.quarantined(10).await.unwrap(), kept, "a redelivery releases nothing");
}

/// What the run itself refused stays, and so do the other feeds.
pub async fn a_release_is_of_one_feed_and_of_earlier_times(store: &Store) {
    quarantine(store, "a.csv", &[row(1, "name")], 1).await;
    quarantine(store, "a.csv", &[row(2, "name")], 2).await;
    quarantine(store, "A.csv", &[row(3, "name")], 1).await;
    store.release_quarantine("a.csv", Version(2)).await.unwrap();
    assert_eq!(places(store).await, [("A.csv".to_owned(), 3), ("a.csv".to_owned(), 2)]);
    store.release_quarantine("unknown.csv", Version(9)).await.unwrap();
    assert_eq!(store.counts().await.unwrap().quarantined, 2);
}

/// What is refused is often strange.
pub async fn unusual_rows_are_kept_as_they_were(store: &Store) {
    for (line, text) in (1..).zip(unusual_texts()) {
        let short: String = text.chars().take(200).collect();
        let value = text.clone();
        let rows = [RefusedRow { line, field: short.clone(), value, reason: text }];
        quarantine(store, &short, &rows, 1).await;
        let kept = store.quarantined(100).await.unwrap();
        let kept = kept.into_iter().find(|kept| kept.feed == short);
        assert!(kept.is_some_and(|kept| kept.row == rows[0]), "{short:?}");
        store.release_quarantine(&short, Version(2)).await.unwrap();
        assert!(store.quarantined(100).await.unwrap().is_empty(), "{short:?} is released");
    }
}

/// Products, changes that wait, rows in quarantine.
pub async fn the_counts_are_those_of_what_is_held(store: &Store) {
    apply(store, &[product("a", "a"), product("b", "b"), product("a", "c")], 1).await;
    store.clear_outbox(&super::outbox(store).await[..1]).await.unwrap();
    quarantine(store, "a.csv", &[row(1, "name"), row(2, "name"), row(3, "name")], 1).await;
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.products, counts.outbox, counts.quarantined), (2, 1, 3));
}
