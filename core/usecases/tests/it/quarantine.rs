//! Quarantined rows are exported to be corrected.

use crate::shop::{Shop, row, rupees};
use akin_entities::{Timestamp, Version};
use akin_memory::MemoryFeed;
use akin_ports::{FeedItem, FeedRow, PortError, ProductStore, RefusedRow};
use akin_usecases::{ColumnMap, ExportQuarantine, IngestFeed, RowToCorrect};

fn refused(line: u64, field: &str, name: &str) -> RefusedRow {
    let row = FeedRow { line, name: name.into(), ..FeedRow::default() };
    let (field, value, reason) = (field.to_owned(), "?".to_owned(), format!("bad {field}"));
    RefusedRow { line, field, value, reason, row: Some(Box::new(row)) }
}

async fn exported(shop: &Shop) -> Vec<RowToCorrect> {
    let export = ExportQuarantine { store: shop.store.clone() };
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
    let unreadable = RefusedRow { line: 7, field, value, reason, row: None };
    let items: Vec<FeedItem> =
        vec![Ok(FeedRow { line: 6, ..row("a", "Tripod", "call us") }), Err(unreadable.clone())];
    let ingest =
        IngestFeed { store: shop.store.clone(), pricing: rupees(), columns: ColumnMap::default() };
    let mut feed = MemoryFeed::new("shop.csv", items);
    ingest.run(&mut feed, Version(1), &|_| ()).await.unwrap();
    let rows = exported(&shop).await;
    assert_eq!(rows[0].row.as_ref().unwrap().actual_price, "call us");
    assert_eq!((&rows[1].row, &rows[1].refused[..]), (&None, &[unreadable][..]));
}
