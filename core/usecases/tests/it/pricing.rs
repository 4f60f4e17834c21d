//! Prices are parsed and converted.

use crate::shop::{Shop, day};
use akin_entities::{Currency, Product};
use akin_memory::MemoryFeed;
use akin_ports::{FeedRow, RefusedRow};
use akin_usecases::{ColumnMap, IngestFeed, Pricing, normalize};

fn row(actual_price: &str, discount_price: &str) -> FeedRow {
    let (actual_price, discount_price) = (actual_price.to_owned(), discount_price.to_owned());
    FeedRow { line: 7, name: "Tripod".into(), actual_price, discount_price, ..FeedRow::default() }
}

fn read(actual_price: &str, discount_price: &str) -> Result<Product, RefusedRow> {
    let rates = vec!["INR=HKD:0.094".parse().unwrap(), "EUR=USD:1.1".parse().unwrap()];
    let pricing = Pricing { unsigned: Currency::INR, rates };
    normalize(row(actual_price, discount_price), &pricing)
}

#[test]
fn prices_in_a_currency_with_a_rate_are_converted_and_others_are_kept() {
    for (actual, discount, expected) in [
        ("₹1,299", "617.50", ["122.11 HKD", "58.05 HKD"]),
        ("10 EUR", "10 GBP", ["11.00 USD", "10.00 GBP"]),
        (" ", "3 USD", ["", "3.00 USD"]),
    ] {
        let product = read(actual, discount).unwrap();
        let prices = [product.actual_price, product.discount_price];
        let prices = prices.map(|price| price.map_or_else(String::new, |price| price.to_string()));
        assert_eq!(prices, expected);
    }
}

#[test]
fn a_product_names_the_rate_that_converted_its_prices() {
    for (actual, discount, rate) in [
        ("₹1,299", "617.50", Some("INR=HKD:0.094")),
        ("10 EUR", "10 GBP", Some("EUR=USD:1.1")),
        ("10 EUR", "₹10", Some("INR=HKD:0.094")),
        ("10 GBP", "", None),
        ("", "", None),
    ] {
        let told = read(actual, discount).unwrap().converted_by.map(|rate| rate.to_string());
        assert_eq!(told.as_deref(), rate, "{actual}, {discount}");
    }
}

#[test]
fn a_currency_column_applies_to_prices_without_a_currency() {
    let pricing = Pricing::unconverted(Currency::USD);
    for (currency, price, expected) in [
        ("INR", "617.5", "617.50 INR"),
        (" inr ", "617.50", "617.50 INR"),
        ("₹", "617.50", "617.50 INR"),
        ("KWD", "12.125", "12.125 KWD"),
        ("INR", "12 EUR", "12.00 EUR"),
        ("", "12", "12.00 USD"),
    ] {
        let row = FeedRow { currency: currency.to_owned(), ..row(price, "") };
        let price = normalize(row, &pricing).unwrap().actual_price;
        assert_eq!(price.map(|price| price.to_string()).as_deref(), Some(expected));
    }
    let unknown = FeedRow { currency: "shells".to_owned(), ..row("12", "") };
    assert_eq!(normalize(unknown, &pricing).unwrap().price(), None);
}

#[test]
fn the_rate_of_an_earlier_conversion_is_kept_until_prices_are_converted_again() {
    let pricing = Pricing { rates: vec!["EUR=USD:1.1".parse().unwrap()], unsigned: Currency::USD };
    for (currency, expected) in [("HKD", "INR=HKD:0.094"), ("EUR", "EUR=USD:1.1")] {
        let row = FeedRow {
            currency: currency.to_owned(),
            converted_by: "INR=HKD:0.094".to_owned(),
            ..row("12", "")
        };
        let rate = normalize(row, &pricing).unwrap().converted_by;
        assert_eq!(rate.map(|rate| rate.to_string()).as_deref(), Some(expected));
    }
    let row = FeedRow { converted_by: "a lot".to_owned(), ..row("12", "") };
    let product = normalize(row, &pricing).unwrap();
    assert_eq!((product.converted_by, product.price().is_some()), (None, true));
}

#[tokio::test]
async fn another_rate_is_a_change_even_with_the_same_price_and_embeds_nothing() {
    let shop = Shop::new();
    let mut summaries = Vec::new();
    for (at, rate) in [(1, "INR=HKD:0.094"), (2, "INR=HKD:0.0940"), (3, "INR=HKD:0.0941")] {
        let rates = vec![rate.parse().unwrap()];
        let pricing = Pricing { unsigned: Currency::INR, rates };
        let ingest =
            IngestFeed { store: shop.store.clone(), pricing, columns: ColumnMap::default() };
        let mut feed = MemoryFeed::new("shop.csv", vec![Ok(row("₹1", ""))]);
        let summary = ingest.run(&mut feed, day(at), &|_| ()).await.unwrap();
        let embedding = shop.embed().await;
        let counts = (summary.inserted, summary.changed, summary.unchanged);
        summaries.push((counts, embedding.embedded, embedding.updated_fields));
    }
    assert_eq!(summaries, [((1, 0, 0), 1, 0), ((0, 0, 1), 0, 0), ((0, 1, 0), 0, 1)]);
}

#[test]
fn a_converted_price_that_is_too_large_is_left_out() {
    let product = read("92233720368547758 EUR", "₹10").unwrap();
    assert_eq!((product.actual_price, product.discount_price.is_some()), (None, true));
}
