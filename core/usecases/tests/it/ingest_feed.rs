use crate::shop::{Shop, day, id, row, rupees};
use akin_memory::MemoryFeed;
use akin_ports::{ErrorKind, FeedItem, FeedProgress, ProductStore, RefusedRow};
use akin_usecases::{ColumnMap, IngestError, IngestFeed, IngestSummary, RepeatedRow};
use std::sync::Mutex;

/// Returns the numbers of rows read, products inserted, changed and unchanged, and rows quarantined.
fn counts(summary: &IngestSummary) -> [u64; 5] {
    let IngestSummary { read, inserted, changed, unchanged, quarantined, .. } = *summary;
    [read, inserted, changed, unchanged, quarantined]
}

#[tokio::test]
async fn every_row_read_is_counted_once() {
    let shop = Shop::new();
    let rows = [
        row("a", "Tripod", "₹1"),
        row("b", "", "call us"),
        row("a", "Tripod", "₹1"),
        row("c", "Cup", ""),
        row("", " ", "₹1"),
    ];
    let summary = shop.ingest(&rows, 1).await;
    assert_eq!((counts(&summary), summary.repeated), ([5, 2, 0, 0, 2], 1));
    let refused: Vec<_> = summary.refused.iter().map(|row| (row.line, &*row.field)).collect();
    assert_eq!(refused, [(3, "name"), (6, "name")]);
}

#[tokio::test]
async fn a_second_run_changes_nothing_and_adds_nothing_to_the_outbox() {
    let shop = Shop::new();
    let rows = [row("a", "Tripod", "₹1"), row("b", "Lamp", "₹2")];
    shop.ingest(&rows, 1).await;
    let waiting = shop.outbox().await;
    assert_eq!(counts(&shop.ingest(&rows, 2).await), [2, 0, 0, 2, 0]);
    assert_eq!(shop.outbox().await, waiting);
    let held = shop.store.fetch(&[id("a")]).await.unwrap();
    assert_eq!(held[&id("a")].version, day(1));
}

#[tokio::test]
async fn only_changed_products_are_added_to_the_outbox() {
    let shop = Shop::new();
    shop.ingest(&[row("a", "Tripod", "₹1"), row("b", "Lamp", "₹2")], 1).await;
    shop.store.clear_outbox(&shop.outbox().await).await.unwrap();
    let rows = [row("b", "Lamp", "₹3"), row("a", " Tripod ", "Rs. 1.00"), row("c", "Cup", "")];
    assert_eq!(counts(&shop.ingest(&rows, 2).await), [3, 1, 1, 1, 0]);
    let sent: Vec<_> = shop.outbox().await.into_iter().map(|entry| entry.change.id).collect();
    assert_eq!(sent, [id("b"), id("c")]);
}

#[tokio::test]
async fn an_older_feed_that_arrives_late_changes_nothing() {
    let shop = Shop::new();
    shop.ingest(&[row("a", "Newer", "₹1")], 5).await;
    let late = shop.ingest(&[row("a", "Older", "₹1")], 4).await;
    assert_eq!((counts(&late), late.held_newer), ([1, 0, 0, 0, 0], 1));
    assert_eq!(shop.store.fetch(&[id("a")]).await.unwrap()[&id("a")].product.name, "Newer");
}

#[tokio::test]
async fn the_last_row_of_a_repeated_id_counts_within_and_across_batches() {
    let shop = Shop::new();
    // A batch has three rows.
    let rows = ["one", "two", "three", "four", "five"].map(|name| row("a", name, ""));
    let summary = shop.ingest(&rows, 1).await;
    assert_eq!((counts(&summary), summary.repeated), ([5, 1, 0, 0, 0], 4));
    let first = RepeatedRow { id: id("a"), line: 3, first_line: 2, first_feed: None };
    assert_eq!(summary.repeats, [first], "once for each product");
    let held = shop.store.fetch(&[id("a")]).await.unwrap().remove(&id("a")).unwrap();
    assert_eq!(held.product.name, "five");
    assert!(held.version > day(1), "it is newer than what was said in the first batch");
    assert_eq!(shop.outbox().await.len(), 1);
}

#[tokio::test]
async fn a_corrected_row_leaves_the_quarantine() {
    let shop = Shop::new();
    shop.ingest(&[row("a", "", "call us"), row("b", "", "?")], 1).await;
    assert_eq!(shop.store.quarantined(None, 10).await.unwrap().len(), 2);
    shop.ingest(&[row("a", "Tripod", "₹1"), row("b", "", "?")], 2).await;
    let left = shop.store.quarantined(None, 10).await.unwrap();
    let left: Vec<_> = left.iter().map(|kept| (&*kept.feed, kept.row.line, kept.at)).collect();
    assert_eq!(left, [("shop.csv", 3, day(2).timestamp())]);
}

#[tokio::test]
async fn an_interrupted_run_releases_no_quarantined_rows() {
    let shop = Shop::new();
    let rows = ["a", "b", "c", "d"].map(|id| row(id, "", "call us"));
    shop.ingest(&rows, 1).await;
    // The first batch is read and written; the second cannot be read.
    shop.faults.break_after(6, ErrorKind::Unavailable);
    let error = shop.try_ingest(&rows, 2).await.unwrap_err();
    assert!(matches!(error, IngestError::Feed { feed, .. } if feed == "shop.csv"));
    shop.faults.clear();
    assert_eq!(shop.store.counts().await.unwrap().quarantined, 4);
}

#[tokio::test]
async fn an_unreadable_row_is_quarantined_with_the_reason_of_the_feed() {
    let shop = Shop::new();
    let reason = "number of fields: 2, where the header has 13".to_owned();
    let refused = RefusedRow {
        line: 7,
        is_kept: false,
        field: String::new(),
        value: "x,y".into(),
        reason,
        row: None,
    };
    let items: Vec<FeedItem> = vec![Err(refused.clone()), Ok(row("a", "Tripod", ""))];
    let ingest =
        IngestFeed { store: shop.store.clone(), pricing: rupees(), columns: ColumnMap::default() };
    let mut feed = MemoryFeed::new("shop.csv", items);
    let summary = ingest.run(&mut feed, day(1), &|_| ()).await.unwrap();
    assert_eq!((counts(&summary), &summary.refused[..]), ([2, 1, 0, 0, 1], &[refused.clone()][..]));
    assert_eq!(shop.store.quarantined(None, 10).await.unwrap()[0].row, refused);
}

#[tokio::test]
async fn a_product_that_the_store_refuses_is_quarantined_with_all_of_its_rows() {
    let shop = Shop::new();
    shop.faults.refuse(id("b"));
    let rows = [row("a", "Tripod", ""), row("b", "Lamp", ""), row("b", "Lamps", "")];
    let summary = shop.ingest(&rows, 1).await;
    assert_eq!(counts(&summary), [3, 1, 0, 0, 2]);
    assert_eq!(summary.refused.iter().map(|row| row.line).collect::<Vec<_>>(), [3, 4]);
    assert!(summary.refused[0].reason.contains("told to refuse"), "{:?}", summary.refused[0]);
    assert_eq!(shop.store.counts().await.unwrap().products, 1);
}

#[tokio::test]
async fn a_store_that_fails_midway_keeps_earlier_batches_and_the_next_run_continues() {
    let rows: Vec<_> = (0..10).map(|n| row(&n.to_string(), &format!("Product {n}"), "")).collect();
    let whole = Shop::new();
    whole.ingest(&rows, 1).await;
    let steps = whole.faults.steps();
    for broken in 0..steps {
        let shop = Shop::new();
        shop.faults.break_after(broken, ErrorKind::Unavailable);
        let error = shop.try_ingest(&rows, 1).await.unwrap_err();
        let (IngestError::Store { source, .. } | IngestError::Feed { source, .. }) = error else {
            panic!("{error}");
        };
        assert!(source.is_retryable());
        shop.faults.clear();
        let before = shop.store.counts().await.unwrap().products;
        let again = shop.ingest(&rows, 2).await;
        assert_eq!((again.inserted + before, again.changed), (10, 0), "broken at step {broken}");
        assert_eq!(shop.outbox().await.len(), 10);
    }
}

#[tokio::test]
async fn a_summary_repeats_the_first_refused_rows_and_counts_them_all() {
    let shop = Shop::new();
    let rows: Vec<_> = (0..20).map(|n| row(&n.to_string(), "", "call us")).collect();
    let summary = shop.ingest(&rows, 1).await;
    assert_eq!((summary.quarantined, summary.refused.len()), (20, 5));
    assert_eq!(shop.store.counts().await.unwrap().quarantined, 20);
}

#[tokio::test]
async fn progress_is_reported_after_every_batch() {
    let shop = Shop::new();
    let rows: Vec<FeedItem> = (0..7).map(|n| Ok(row(&n.to_string(), "Tripod", ""))).collect();
    let told = Mutex::new(Vec::<(FeedProgress, u64)>::new());
    let ingest =
        IngestFeed { store: shop.store.clone(), pricing: rupees(), columns: ColumnMap::default() };
    let mut feed = MemoryFeed::new("shop.csv", rows);
    let observe = |progress: akin_usecases::IngestProgress<'_>| {
        told.lock().unwrap().push((progress.feed, progress.summary.read));
    };
    ingest.run(&mut feed, day(1), &observe).await.unwrap();
    let told = told.into_inner().unwrap();
    assert_eq!(told.iter().map(|(_, read)| *read).collect::<Vec<_>>(), [3, 6, 7]);
    assert_eq!(told[2].0.total, Some(told[2].0.read));
}
