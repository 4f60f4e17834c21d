//! Quarantined rows are exported to be corrected.

use crate::shop::{Shop, row, rupees};
use akin_entities::{Timestamp, Version};
use akin_memory::MemoryFeed;
use akin_ports::{FeedItem, FeedRow, PortError, ProductStore, RefusedRow};
use akin_usecases::{
    ClearQuarantine, ColumnMap, ExportQuarantine, IngestFeed, QuarantinePages, RowToCorrect,
};

fn refused(line: u64, field: &str, name: &str) -> RefusedRow {
    let row = FeedRow { line, name: name.into(), ..FeedRow::default() };
    let (field, value, reason) = (field.to_owned(), "?".to_owned(), format!("bad {field}"));
    RefusedRow { line, is_kept: false, field, value, reason, row: Some(Box::new(row)) }
}

async fn exported(shop: &Shop) -> Vec<RowToCorrect> {
    let export = ExportQuarantine { store: shop.store.clone(), feed: None };
    let mut rows = Vec::new();
    let write = |page| -> Result<(), PortError> {
        rows.extend(page);
        Ok(())
    };
    export.run(write).await.unwrap();
    rows
}

#[tokio::test]
async fn a_row_is_exported_once_with_all_of_its_refusals() {
    let shop = Shop::new();
    assert!(exported(&shop).await.is_empty());
    let rows = [refused(3, "ratings", "Lamp"), refused(3, "name", ""), refused(4, "name", "")];
    shop.store.quarantine("a.csv", &rows, Timestamp(1)).await.unwrap();
    shop.store.quarantine("b.csv", &rows[..1], Timestamp(1)).await.unwrap();
    let rows = exported(&shop).await;
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            let fields: Vec<_> = row.refused.iter().map(|fault| &*fault.field).collect();
            (&*row.feed, row.line, fields.join(" "))
        })
        .collect();
    let expected = [("a.csv", 3, "name ratings"), ("a.csv", 4, "name"), ("b.csv", 3, "ratings")];
    assert_eq!(told, expected.map(|(feed, line, fields)| (feed, line, fields.to_owned())));
    assert!(rows.iter().all(|row| row.row.is_some()));
}

#[tokio::test]
async fn a_row_that_was_refused_again_is_exported_in_its_last_form() {
    let shop = Shop::new();
    for (at, fault) in [(1, refused(3, "a", "first")), (3, refused(3, "b", "last"))] {
        shop.store.quarantine("a.csv", &[fault], Timestamp(at)).await.unwrap();
    }
    shop.store.quarantine("a.csv", &[refused(3, "c", "then")], Timestamp(2)).await.unwrap();
    let rows = exported(&shop).await;
    let names: Vec<_> = rows.iter().map(|row| &*row.row.as_ref().unwrap().name).collect();
    assert_eq!((names, rows[0].refused.len()), (vec!["last"], 3));
}

#[tokio::test]
async fn every_row_is_exported_exactly_once_across_pages() {
    let shop = Shop::new();
    let rows: Vec<_> = (1..=1_500_u64)
        .flat_map(|line| [refused(line, "name", "x"), refused(line, "ratings", "x")])
        .collect();
    shop.store.quarantine("a.csv", &rows, Timestamp(1)).await.unwrap();
    let rows = exported(&shop).await;
    assert!(rows.iter().map(|row| row.line).eq(1..=1_500));
    assert!(rows.iter().all(|row| row.refused.len() == 2));
}

#[tokio::test]
async fn an_unreadable_row_is_exported_with_its_text_and_reason() {
    let shop = Shop::new();
    let (field, value, reason) = (String::new(), "x,y".to_owned(), "too few fields".to_owned());
    let unreadable = RefusedRow { line: 7, is_kept: false, field, value, reason, row: None };
    let items: Vec<FeedItem> =
        vec![Ok(FeedRow { line: 6, ..row("a", "", "call us") }), Err(unreadable.clone())];
    let ingest =
        IngestFeed { store: shop.store.clone(), pricing: rupees(), columns: ColumnMap::default() };
    let mut feed = MemoryFeed::new("shop.csv", items);
    ingest.run(&mut feed, Version(1), &|_| ()).await.unwrap();
    let rows = exported(&shop).await;
    assert_eq!(rows[0].row.as_ref().unwrap().actual_price, "call us");
    assert_eq!((&rows[1].row, &rows[1].refused[..]), (&None, &[unreadable][..]));
}

/// Quarantines rows of three feeds, more of the second than are read at a time.
async fn three_feeds() -> Shop {
    let shop = Shop::new();
    for (feed, count) in [("a", 2), ("b", 1_200), ("b2", 1)] {
        let rows: Vec<_> = (1..=count).map(|line| refused(line, "name", "x")).collect();
        shop.store.quarantine(feed, &rows, Timestamp(1)).await.unwrap();
    }
    shop
}

#[tokio::test]
async fn the_rows_of_one_feed_are_listed_and_exported() {
    let shop = three_feeds().await;
    for (feed, count) in [("a", 2), ("b", 1_200), ("b2", 1), ("c", 0), ("", 0)] {
        let mut pages = QuarantinePages::new(shop.store.clone(), Some(feed.to_owned()));
        let mut lines = Vec::new();
        loop {
            let page = pages.next(500).await.unwrap();
            if page.is_empty() {
                break;
            }
            assert!(page.iter().all(|row| row.feed == feed));
            lines.extend(page.into_iter().map(|row| row.row.line));
        }
        assert!(lines.into_iter().eq(1..=count), "{feed:?}");
        let export = ExportQuarantine { store: shop.store.clone(), feed: Some(feed.to_owned()) };
        let mut exported = 0;
        let write = |page: Vec<RowToCorrect>| -> Result<(), PortError> {
            exported += page.len() as u64;
            Ok(())
        };
        export.run(write).await.unwrap();
        assert_eq!(exported, count, "{feed:?}");
    }
}

#[tokio::test]
async fn the_rows_of_one_feed_or_of_all_are_cleared() {
    let shop = three_feeds().await;
    let clear = ClearQuarantine { store: shop.store.clone() };
    let cleared = clear.run(Some("b".to_owned())).await.unwrap();
    assert_eq!(cleared.into_iter().collect::<Vec<_>>(), [("b".to_owned(), 1_200)]);
    let cleared = clear.run(None).await.unwrap();
    let rest = [("a".to_owned(), 2), ("b2".to_owned(), 1)];
    assert_eq!(cleared.into_iter().collect::<Vec<_>>(), rest);
    assert!(clear.run(None).await.unwrap().is_empty());
    assert!(exported(&shop).await.is_empty());
}
