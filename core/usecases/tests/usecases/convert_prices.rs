//! Prices that are told in another currency.

use entities::Currency;
use memory::MemoryFeed;
use ports::{FeedItem, FeedRow, FeedSource};
use std::sync::Arc;
use usecases::ConvertPrices;

fn row(actual_price: &str, discount_price: &str) -> FeedRow {
    let (actual_price, discount_price) = (actual_price.to_owned(), discount_price.to_owned());
    FeedRow { line: 7, actual_price, discount_price, ..FeedRow::default() }
}

async fn converted(rows: Vec<FeedRow>) -> Vec<FeedItem> {
    let source = Arc::new(MemoryFeed::new("shop.csv", rows.into_iter().map(Ok).collect()));
    let rates = vec!["INR=HKD:0.094".parse().unwrap(), "EUR=USD:1.1".parse().unwrap()];
    let source = ConvertPrices { source, rates, unsigned: Currency::INR };
    let mut feed = source.open().unwrap();
    assert_eq!((source.name(), feed.name()), ("shop.csv", "shop.csv"));
    let items = feed.next_batch().await.unwrap().unwrap();
    assert_eq!(feed.next_batch().await.unwrap(), None);
    items
}

#[tokio::test]
async fn prices_of_a_currency_with_a_rate_are_converted_and_all_else_stays() {
    let rows = vec![row("₹1,299", "617.50"), row("10 EUR", "10 GBP"), row("", "call us")];
    let items = converted(rows).await;
    let prices = items.iter().flatten().map(|row| (&*row.actual_price, &*row.discount_price));
    let prices: Vec<_> = prices.collect();
    assert_eq!(prices, [("122.11 HKD", "58.05 HKD"), ("11.00 USD", "10 GBP"), ("", "call us")]);
}

#[tokio::test]
async fn a_price_that_grows_too_large_refuses_its_row() {
    let items = converted(vec![row("92233720368547758 EUR", ""), row("1", "")]).await;
    let refused = items[0].as_ref().unwrap_err();
    assert_eq!((refused.line, &*refused.field), (7, "actual_price"));
    assert!(refused.reason.contains("EUR=USD:1.1"), "{refused:?}");
    assert!(items[1].is_ok());
}
