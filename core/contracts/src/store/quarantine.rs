use super::{Store, apply};
use crate::sample::{product, unusual_texts};
use akin_entities::Timestamp;
use akin_ports::{FeedRow, QuarantinedRow, RefusedRow};

fn row(line: u64, field: &str) -> RefusedRow {
    let (field, reason) = (field.to_owned(), format!("line {line} is not to be read"));
    RefusedRow { line, is_kept: false, field, value: "call us".into(), reason, row: None }
}

/// Creates the same refusal with the row itself, `text` in every column.
fn whole(line: u64, field: &str, text: &str) -> RefusedRow {
    let texts = FeedRow::COLUMNS.map(|column| (column, text.to_owned()));
    RefusedRow { row: Some(Box::new(FeedRow::from_texts(line, texts))), ..row(line, field) }
}

async fn quarantine(store: &Store, feed: &str, rows: &[RefusedRow], at: i64) {
    store.quarantine(feed, rows, Timestamp(at)).await.unwrap();
}

async fn places(store: &Store) -> Vec<(String, u64)> {
    let rows = store.quarantined(None, 1_000).await.unwrap();
    rows.into_iter().map(|kept| (kept.feed, kept.row.line)).collect()
}

/// Line and time are kept as well.
pub async fn a_refused_row_is_kept_with_field_value_and_reason(store: &Store) {
    quarantine(store, "a.csv", &[row(7, "ratings")], 3).await;
    let kept = store.quarantined(None, 10).await.unwrap();
    let expected =
        QuarantinedRow { feed: "a.csv".into(), row: row(7, "ratings"), at: Timestamp(3) };
    assert_eq!(kept, [expected]);
    quarantine(store, "a.csv", &[], 4).await;
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.quarantined, counts.blanked), (1, 0));
}

/// It is listed and counted as such, until a value of its place refuses the row.
pub async fn a_value_without_which_its_row_was_kept_is_told_from_a_refused_row(store: &Store) {
    let kept = RefusedRow { is_kept: true, ..whole(7, "ratings", "eleven") };
    quarantine(store, "a.csv", &[kept.clone(), row(8, "name")], 1).await;
    let listed = store.quarantined(None, 10).await.unwrap();
    let listed: Vec<_> = listed.into_iter().map(|kept| kept.row).collect();
    assert_eq!(listed, [kept, row(8, "name")]);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.quarantined, counts.blanked), (1, 1));
    quarantine(store, "a.csv", &[row(7, "ratings")], 2).await;
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.quarantined, counts.blanked), (2, 0));
}

/// All of its columns are kept for correction. An unreadable row has none.
pub async fn a_refused_row_that_could_be_read_is_kept_whole(store: &Store) {
    let bare = FeedRow { line: 8, name: "Tripod".into(), ..FeedRow::default() };
    let bare = RefusedRow { row: Some(Box::new(bare)), ..row(8, "ratings") };
    let rows = [whole(7, "ratings", "₹1,299 "), bare, row(9, "")];
    quarantine(store, "a.csv", &rows, 1).await;
    let kept = store.quarantined(None, 10).await.unwrap();
    let kept: Vec<_> = kept.into_iter().map(|kept| kept.row).collect();
    assert_eq!(kept, rows);
}

/// Lines are sorted as numbers. A list is no longer than requested.
pub async fn the_quarantine_is_listed_by_feed_and_line(store: &Store) {
    quarantine(store, "b.csv", &[row(1, "name")], 1).await;
    quarantine(store, "a.csv", &[row(10, "name"), row(9, "name"), row(1 << 40, "name")], 1).await;
    let all = [("a.csv", 9), ("a.csv", 10), ("a.csv", 1 << 40), ("b.csv", 1)]
        .map(|(feed, line)| (feed.to_owned(), line));
    assert_eq!(places(store).await, all);
    assert_eq!(store.quarantined(None, 2).await.unwrap().len(), 2);
    assert_eq!(store.quarantined(None, usize::MAX).await.unwrap().len(), 4);
    assert!(store.quarantined(None, 0).await.unwrap().is_empty());
}

/// No row is missing or repeated, whatever the page size.
pub async fn the_quarantine_is_read_page_by_page(store: &Store) {
    quarantine(store, "b.csv", &[row(1, "name"), row(2, "")], 1).await;
    quarantine(store, "a.csv", &[row(9, "b"), row(9, "a"), row(10, "name")], 1).await;
    let all = store.quarantined(None, 10).await.unwrap();
    assert_eq!(all.len(), 5);
    for size in 1..=6 {
        let mut read: Vec<QuarantinedRow> = Vec::new();
        loop {
            let page = store.quarantined(read.last(), size).await.unwrap();
            if page.is_empty() {
                break;
            }
            read.extend(page);
        }
        assert_eq!(read, all, "{size} at a time");
    }
}

/// The last refusal is kept. Each field of a row has its own.
pub async fn a_row_refused_again_is_kept_once(store: &Store) {
    quarantine(store, "a.csv", &[whole(7, "ratings", "before")], 1).await;
    let now = [row(7, "name"), whole(7, "ratings", "now")];
    quarantine(store, "a.csv", &now, 2).await;
    let kept = store.quarantined(None, 10).await.unwrap();
    assert!(kept.iter().map(|kept| &kept.row).eq(&now), "{kept:?}");
    assert!(kept.iter().all(|row| row.at == Timestamp(2)));
    store.release_quarantine("a.csv", Timestamp(2)).await.unwrap();
    assert_eq!(store.quarantined(None, 10).await.unwrap(), kept, "a redelivery releases nothing");
}

/// Rows that the run itself refused stay, and so do those of other feeds.
pub async fn a_release_affects_only_earlier_rows_of_one_feed(store: &Store) {
    quarantine(store, "a.csv", &[row(1, "name")], 1).await;
    quarantine(store, "a.csv", &[row(2, "name")], 2).await;
    quarantine(store, "A.csv", &[row(3, "name")], 1).await;
    store.release_quarantine("a.csv", Timestamp(2)).await.unwrap();
    assert_eq!(places(store).await, [("A.csv".to_owned(), 3), ("a.csv".to_owned(), 2)]);
    store.release_quarantine("unknown.csv", Timestamp(9)).await.unwrap();
    assert_eq!(store.counts().await.unwrap().quarantined, 2);
}

/// Other feeds and rows that were refused later stay. No run is overtaken by it.
pub async fn what_is_cleared_leaves_the_quarantine_whatever_has_run_since(store: &Store) {
    quarantine(store, "a.csv", &[row(1, "name"), row(1, "ratings")], 1).await;
    quarantine(store, "A.csv", &[row(3, "name")], 1).await;
    quarantine(store, "a.csv", &[row(2, "name")], 5).await;
    assert_eq!(store.clear_quarantine("a.csv", Timestamp(1)).await.unwrap(), 2);
    assert_eq!(places(store).await, [("A.csv".to_owned(), 3), ("a.csv".to_owned(), 2)]);
    assert_eq!(store.clear_quarantine("unknown.csv", Timestamp(i64::MAX)).await.unwrap(), 0);
    assert_eq!(store.clear_quarantine("a.csv", Timestamp(i64::MAX)).await.unwrap(), 1);
    quarantine(store, "a.csv", &[row(9, "name")], 6).await;
    assert_eq!(places(store).await, [("A.csv".to_owned(), 3), ("a.csv".to_owned(), 9)]);
}

/// The rows of several feeds at once, whatever run has begun since.
pub async fn rows_of_another_quarantine_are_kept_with_their_times_unless_refused_later(
    store: &Store,
) {
    quarantine(store, "a.csv", &[row(1, "here")], 5).await;
    quarantine(store, "a.csv", &[row(2, "name"), row(3, "name")], 5).await;
    let other = |feed: &str, line, at| {
        let feed = feed.to_owned();
        QuarantinedRow { feed, row: whole(line, "name", "other"), at: Timestamp(at) }
    };
    let rows = [other("a.csv", 2, 5), other("a.csv", 3, 6), other("a.csv", 4, 1)];
    let more = [other("b.csv", 2, 3)];
    store.restore_quarantine(&[&rows[..], &more[..]].concat()).await.unwrap();
    store.restore_quarantine(&[]).await.unwrap();
    let kept = store.quarantined(None, 10).await.unwrap();
    let held = |line, field| {
        let feed = "a.csv".to_owned();
        QuarantinedRow { feed, row: row(line, field), at: Timestamp(5) }
    };
    let [_, later, new] = rows;
    assert_eq!(kept, [held(1, "here"), held(2, "name"), later, new, more[0].clone()]);
}

/// Refused rows often hold damaged text.
pub async fn unusual_rows_are_kept_unchanged(store: &Store) {
    for (line, text) in (1..).zip(unusual_texts()) {
        let short: String = text.chars().take(200).collect();
        let value = text.clone();
        let field = short.clone();
        let rows = [RefusedRow { field, value, reason: text.clone(), ..whole(line, "", &text) }];
        quarantine(store, &short, &rows, 1).await;
        let kept = store.quarantined(None, 100).await.unwrap();
        let kept = kept.into_iter().find(|kept| kept.feed == short);
        assert!(kept.is_some_and(|kept| kept.row == rows[0]), "{short:?}");
        store.release_quarantine(&short, Timestamp(2)).await.unwrap();
        assert!(store.quarantined(None, 100).await.unwrap().is_empty(), "{short:?} is released");
    }
}

/// The counts cover products, waiting changes and quarantined rows.
pub async fn the_counts_match_what_the_store_holds(store: &Store) {
    apply(store, &[product("a", "a"), product("b", "b"), product("a", "c")], 1).await;
    store.clear_outbox(&super::outbox(store).await[..1]).await.unwrap();
    quarantine(store, "a.csv", &[row(1, "name"), row(2, "name"), row(3, "name")], 1).await;
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.products, counts.outbox, counts.quarantined), (2, 1, 3));
}
