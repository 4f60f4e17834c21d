//! Prices, ratings and exchange rates: a parsed value is printed and parsed back unchanged.
#![no_main]

use akin_entities::{Currency, ExchangeRate, Price, Rating};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for unsigned in [Currency::INR, Currency::USD] {
        if let Ok(price) = Price::parse(text, unsigned) {
            assert_eq!(Price::parse(&price.to_string(), unsigned), Ok(price));
        }
    }
    if let Ok(rating) = Rating::parse(text) {
        assert_eq!(Rating::from_hundredths(rating.hundredths()), Some(rating));
    }
    // An exchange rate, and a price to convert.
    let (rate, price) = text.split_once(' ').unwrap_or((text, ""));
    if let Ok(rate) = rate.parse::<ExchangeRate>() {
        assert_eq!(rate.to_string().parse(), Ok(rate));
        if let Ok(price) = Price::parse(price, rate.from()) {
            rate.convert(price);
        }
    }
});
