use crate::shop::{Shop, day, id, row, rupees};
use akin_entities::{ProductId, Version};
use akin_memory::MemoryFeed;
use akin_ports::{ErrorKind, FeedItem, FeedRow, FeedSource, ProductStore, RefusedRow};
use akin_usecases::{
    CatalogueSummary, ColumnMap, DryRun, IngestCatalogue, IngestError, Limits, Percentage,
    RepeatedRow, RetainedProducts,
};
use std::sync::Arc;

/// Returns a feed of `rows`, whose line numbers start at 2.
fn feed(name: &str, rows: &[FeedRow]) -> Arc<dyn FeedSource> {
    let numbered = (2..).zip(rows).map(|(line, row)| FeedRow { line, ..row.clone() });
    Arc::new(MemoryFeed::new(name, numbered.map(Ok).collect()))
}

fn ingestion(shop: &Shop) -> IngestCatalogue {
    let fifth = Percentage::percent(20.0);
    let limits = Limits { refused: fifth, removed: fifth };
    let store = shop.store.clone();
    let columns = ColumnMap::default();
    IngestCatalogue { store, pricing: rupees(), columns, is_complete: true, limits }
}

/// Products "0" to "9".
fn ten() -> Vec<FeedRow> {
    (0..10).map(|n| row(&n.to_string(), &format!("Product {n}"), "₹1")).collect()
}

fn ten_ids() -> Vec<ProductId> {
    (0..10).map(|n| id(&n.to_string())).collect()
}

async fn run(shop: &Shop, rows: &[FeedRow], at: i64) -> Result<CatalogueSummary, IngestError> {
    ingestion(shop).run(&[feed("shop.csv", rows)], day(at), &|_| ()).await
}

async fn dry_run(shop: &Shop, rows: &[FeedRow]) -> DryRun {
    let feeds = [feed("shop.csv", rows)];
    ingestion(shop).dry_run(&feeds, &|_| ()).await.unwrap()
}

/// Returns the numbers of products that were inserted, changed and unchanged, of quarantined rows, and
/// of removed products.
fn counts(summary: &CatalogueSummary) -> [u64; 5] {
    let rows = &summary.rows;
    [rows.inserted, rows.changed, rows.unchanged, rows.quarantined, summary.removed]
}

#[tokio::test]
async fn products_missing_from_complete_feeds_leave_store_and_index() {
    let shop = Shop::new();
    run(&shop, &ten(), 1).await.unwrap();
    shop.embed().await;
    let summary = run(&shop, &ten()[..8], 2).await.unwrap();
    assert_eq!(counts(&summary), [0, 0, 8, 0, 2]);
    assert_eq!(shop.embed().await.removed, 2);
    let left: Vec<_> = (0..8).map(|n| id(&n.to_string())).collect();
    shop.assert_in_step(&left).await;
    let summary = run(&shop, &ten(), 3).await.unwrap();
    assert_eq!(counts(&summary), [2, 0, 8, 0, 0], "they are back");
    let held = shop.store.fetch(&[id("9")]).await.unwrap();
    // It is in the fourth batch.
    let in_its_batch = |day: Version| Version(day.0 + 3);
    let (created, version) = (held[&id("9")].created, held[&id("9")].version);
    assert_eq!((created, version), (in_its_batch(day(1)).timestamp(), in_its_batch(day(3))));
}

#[tokio::test]
async fn several_feeds_are_complete_together() {
    let shop = Shop::new();
    let (one, other) = (feed("one.csv", &ten()[..5]), feed("other.csv", &ten()[5..]));
    let both = [one.clone(), other];
    ingestion(&shop).run(&both, day(1), &|_| ()).await.unwrap();
    let summary = ingestion(&shop).run(&both, day(2), &|_| ()).await.unwrap();
    assert_eq!(counts(&summary), [0, 0, 10, 0, 0]);
    let error = ingestion(&shop).run(&[one], day(3), &|_| ()).await.unwrap_err();
    assert!(matches!(error, IngestError::TooManyMissing { missing: 5, held: 10, .. }), "{error}");
}

#[tokio::test]
async fn the_last_feed_that_lists_a_product_counts_in_every_run() {
    let shop = Shop::new();
    let news = feed("news.csv", &[row("3", "Newer name", "₹1")]);
    let both = [feed("shop.csv", &ten()), news];
    for run in 1..4 {
        let rehearsed = ingestion(&shop).dry_run(&both, &|_| ()).await.unwrap();
        let done = ingestion(&shop).run(&both, day(run), &|_| ()).await.unwrap();
        assert_eq!(counts(&done), counts(&rehearsed.summary), "run {run}");
        let held = shop.store.fetch(&[id("3")]).await.unwrap();
        assert_eq!(held[&id("3")].product.name, "Newer name", "run {run}");
        shop.embed().await;
        shop.assert_in_step(&ten_ids()).await;
    }
}

#[tokio::test]
async fn a_product_of_two_feeds_is_reported_with_both_lines_whether_or_not_anything_changes() {
    let shop = Shop::new();
    let both = [feed("shop.csv", &ten()), feed("news.csv", &[row("3", "Newer name", "₹1")])];
    let first_feed = Some("shop.csv".to_owned());
    let repeat = RepeatedRow { id: id("3"), line: 2, first_line: 5, first_feed };
    for (run, expected) in [(1, [10, 0, 0, 0, 0]), (2, [0, 1, 9, 0, 0]), (3, [0, 1, 9, 0, 0])] {
        let done = ingestion(&shop).run(&both, day(run), &|_| ()).await.unwrap();
        assert_eq!((counts(&done), done.rows.repeated), (expected, 1), "run {run}");
        assert_eq!(done.repeats, [("news.csv".to_owned(), repeat.clone())], "run {run}");
    }
    let twice = [feed("shop.csv", &ten()), feed("again.csv", &ten())];
    let shop = Shop::new();
    for (run, expected) in [(1, [10, 0, 0, 0, 0]), (2, [0, 0, 10, 0, 0])] {
        let done = ingestion(&shop).run(&twice, day(run), &|_| ()).await.unwrap();
        assert_eq!((counts(&done), done.rows.repeated), (expected, 10), "run {run}");
        assert_eq!(done.repeats.len(), 5, "the first of a feed");
    }
}

#[tokio::test]
async fn a_repeated_row_that_differs_from_the_store_is_written_although_the_first_one_is_equal() {
    let shop = Shop::new();
    run(&shop, &ten(), 1).await.unwrap();
    let mut rows = ten();
    rows.push(row("0", "Another name", "₹1"));
    let summary = run(&shop, &rows, 2).await.unwrap();
    assert_eq!((counts(&summary), summary.rows.repeated), ([0, 0, 10, 0, 0], 1));
    let held = shop.store.fetch(&[id("0")]).await.unwrap();
    assert_eq!(held[&id("0")].product.name, "Another name");
}

#[tokio::test]
async fn feeds_that_are_not_complete_remove_nothing() {
    let shop = Shop::new();
    run(&shop, &ten(), 1).await.unwrap();
    let partial = IngestCatalogue { is_complete: false, ..ingestion(&shop) };
    let feeds = [feed("shop.csv", &ten()[..1])];
    let summary = partial.run(&feeds, day(2), &|_| ()).await.unwrap();
    assert_eq!(counts(&summary), [0, 0, 1, 0, 0]);
    assert_eq!(shop.store.counts().await.unwrap().products, 10);
}

#[tokio::test]
async fn a_truncated_or_empty_feed_changes_nothing() {
    let shop = Shop::new();
    run(&shop, &ten(), 1).await.unwrap();
    shop.embed().await;
    let mut short = ten();
    short.truncate(7);
    short[0] = row("0", "Another name", "");
    let error = run(&shop, &short, 2).await.unwrap_err();
    assert!(matches!(error, IngestError::TooManyMissing { missing: 3, held: 10, .. }), "{error}");
    let error = run(&shop, &[], 2).await.unwrap_err();
    assert!(matches!(error, IngestError::EmptySnapshot { held: 10 }), "{error}");
    let told = Limits { refused: Percentage::percent(100.0), removed: Percentage::percent(100.0) };
    let told = IngestCatalogue { limits: told, ..ingestion(&shop) };
    let empty = told.run(&[feed("shop.csv", &[])], day(2), &|_| ()).await.unwrap_err();
    assert!(matches!(empty, IngestError::EmptySnapshot { .. }), "not even if told: {empty}");
    assert_eq!(shop.outbox().await, [], "nothing was changed, not even by the rows that were read");
    let summary = told.run(&[feed("shop.csv", &short)], day(2), &|_| ()).await.unwrap();
    assert_eq!(counts(&summary), [0, 1, 6, 0, 3]);
}

#[tokio::test]
async fn a_mostly_unreadable_feed_changes_nothing() {
    let shop = Shop::new();
    let mut rows = ten();
    for bad in &mut rows[..3] {
        bad.name = String::new();
    }
    let error = run(&shop, &rows, 1).await.unwrap_err();
    let IngestError::TooManyRefused { refused: 3, read: 10, first, .. } = error else {
        panic!("{error}");
    };
    let first: Vec<_> = first.iter().map(|(feed, row)| (&**feed, row.line)).collect();
    assert_eq!(first, [("shop.csv", 2), ("shop.csv", 3), ("shop.csv", 4)]);
    let held = shop.store.counts().await.unwrap();
    assert_eq!((held.products, held.quarantined), (0, 0));
    let limits = Limits { refused: Percentage::percent(30.0), removed: Percentage::percent(0.0) };
    let told = IngestCatalogue { limits, ..ingestion(&shop) };
    let summary = told.run(&[feed("shop.csv", &rows)], day(1), &|_| ()).await.unwrap();
    assert_eq!(counts(&summary), [7, 0, 0, 3, 0]);
}

#[tokio::test]
async fn a_product_whose_row_is_refused_stays() {
    let shop = Shop::new();
    run(&shop, &ten(), 1).await.unwrap();
    let mut rows = ten();
    rows[4].name = String::new();
    let summary = run(&shop, &rows, 2).await.unwrap();
    assert_eq!((counts(&summary), summary.retained), ([0, 0, 9, 1, 0], None));
    assert_eq!(shop.store.counts().await.unwrap().products, 10);
    let kept = shop.store.quarantined(None, 10).await.unwrap();
    assert_eq!(kept.iter().map(|kept| kept.row.line).collect::<Vec<_>>(), [6]);
    run(&shop, &ten(), 3).await.unwrap();
    assert_eq!(shop.store.counts().await.unwrap().quarantined, 0, "it was corrected");
}

#[tokio::test]
async fn products_that_an_unreadable_row_or_feed_may_list_stay() {
    let shop = Shop::new();
    run(&shop, &ten(), 1).await.unwrap();
    let unreadable = |line| RefusedRow {
        line,
        is_kept: false,
        field: String::new(),
        value: "x,y".into(),
        reason: "too few fields".into(),
        row: None,
    };
    let mut items: Vec<FeedItem> = ten()[..9].iter().cloned().map(Ok).collect();
    items.push(Err(unreadable(11)));
    let damaged: Arc<dyn FeedSource> = Arc::new(MemoryFeed::new("shop.csv", items));
    let summary = ingestion(&shop).run(&[damaged], day(2), &|_| ()).await.unwrap();
    assert_eq!(summary.retained, Some(RetainedProducts { products: 1, rows: 1 }));
    assert_eq!(counts(&summary), [0, 0, 9, 1, 0]);

    let broken = MemoryFeed::new("shop.csv", ten()[..9].iter().cloned().map(Ok).collect());
    let broken: Arc<dyn FeedSource> = Arc::new(broken.with_faults(shop.faults.clone()));
    shop.faults.break_after(5, ErrorKind::Unavailable);
    let read = ingestion(&shop).run(&[broken], day(3), &|_| ()).await;
    shop.faults.clear();
    if let Ok(summary) = read {
        assert!(!summary.unread.is_empty());
        assert_eq!(summary.removed, 0);
    }
    assert_eq!(shop.store.counts().await.unwrap().products, 10);
}

#[tokio::test]
async fn a_run_without_changes_reads_its_feed_once() {
    let shop = Shop::new();
    run(&shop, &ten(), 1).await.unwrap();
    let reads = std::sync::Mutex::new((0, 0));
    let observe = |at: akin_usecases::CatalogueProgress<'_>| match at {
        akin_usecases::CatalogueProgress::Surveying(..) => reads.lock().unwrap().0 += 1,
        akin_usecases::CatalogueProgress::Writing(..) => reads.lock().unwrap().1 += 1,
        akin_usecases::CatalogueProgress::Removing(..) => {}
    };
    let mut rows = ten();
    rows[3].name = String::new();
    let feeds = [feed("shop.csv", &rows)];
    let summary = ingestion(&shop).run(&feeds, day(2), &observe).await.unwrap();
    assert_eq!(counts(&summary), [0, 0, 9, 1, 0]);
    assert_eq!(*reads.lock().unwrap(), (4, 0), "a refused row needs no second reading either");
}

#[tokio::test]
async fn a_dry_run_reports_exactly_what_the_run_does_and_changes_nothing() {
    let shop = Shop::new();
    run(&shop, &ten(), 1).await.unwrap();
    shop.embed().await;
    let mut rows = ten();
    rows.truncate(9);
    rows[0] = row("0", "Another name", "₹1");
    rows[1] = row("1", "Product 1", "₹2");
    rows[2] = row("2", "Passing name", "₹1");
    rows[3].name = String::new();
    // Some products are repeated in later batches: unchanged, changed, and changed back.
    rows.push(row("new", "New", ""));
    rows.push(row("0", "Another name", "₹1"));
    rows.push(row("2", "Product 2", "₹1"));
    rows.push(row("new", "Newer", ""));
    let rehearsed = dry_run(&shop, &rows).await;
    assert!(rehearsed.refusal.is_none());
    assert_eq!(shop.outbox().await, []);
    assert_eq!(shop.store.counts().await.unwrap().quarantined, 0);
    let done = run(&shop, &rows, 2).await.unwrap();
    assert_eq!(counts(&rehearsed.summary), counts(&done));
    assert_eq!((counts(&done), done.rows.repeated), ([1, 3, 5, 1, 1], 3));
    assert_eq!(rehearsed.summary.rows.repeated, 3);
    let embedded = shop.embed().await;
    assert_eq!((rehearsed.embedded, rehearsed.updated_fields), (2, 2));
    assert_eq!((embedded.embedded, embedded.updated_fields, embedded.removed), (2, 2, 1));
}

#[tokio::test]
async fn a_dry_run_reports_that_the_run_would_be_refused() {
    let shop = Shop::new();
    run(&shop, &ten(), 1).await.unwrap();
    let rehearsed = dry_run(&shop, &ten()[..2]).await;
    assert!(matches!(rehearsed.refusal, Some(IngestError::TooManyMissing { missing: 8, .. })));
    assert_eq!(shop.store.counts().await.unwrap().products, 10);
}

#[tokio::test]
async fn a_run_that_fails_at_any_step_is_completed_by_the_next() {
    let mut rows = ten();
    rows.truncate(9);
    rows[0] = row("0", "Another name", "₹1");
    let whole = Shop::new();
    run(&whole, &ten(), 1).await.unwrap();
    let before = whole.faults.steps();
    run(&whole, &rows, 2).await.unwrap();
    let steps = whole.faults.steps() - before;
    for broken in 0..steps {
        let shop = Shop::new();
        run(&shop, &ten(), 1).await.unwrap();
        shop.embed().await;
        shop.faults.break_after(broken, ErrorKind::Unavailable);
        assert!(run(&shop, &rows, 2).await.is_err(), "broken at step {broken}");
        shop.faults.clear();
        run(&shop, &rows, 3).await.unwrap();
        shop.embed().await;
        let left: Vec<_> = (0..9).map(|n| id(&n.to_string())).collect();
        shop.assert_in_step(&left).await;
    }
}
