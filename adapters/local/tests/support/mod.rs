//! What the tests of this folder share.

use entities::{Currency, Price, Product, ProductId, Rating};
use local::{LocalEngine, Options};
use std::error::Error;
use std::path::Path;

/// A product of this `id` and `name`, with a bit of everything.
pub(crate) fn product(id: &str, name: &str) -> Product {
    Product {
        id: ProductId::new(id).expect("an id"),
        name: name.to_owned(),
        main_category: "tv, audio & cameras".into(),
        sub_category: "Tripods".into(),
        brand: "Lumo".into(),
        description: String::new(),
        attributes: "colour: red\u{0}; it's".into(),
        image_url: "https://example.org/1.svg".into(),
        link: String::new(),
        rating: Rating::from_hundredths(425),
        rating_count: Some(u64::MAX),
        discount_price: Some(Price::from_minor(61_750, Currency::INR)),
        actual_price: Some(Price::from_minor(u64::MAX, Currency::USD)),
    }
}

/// The catalogue in `folder`.
pub(crate) fn open(folder: &Path) -> LocalEngine {
    LocalEngine::open(folder, Options::default()).expect("a sound folder")
}

/// What an operator reads of `error`.
pub(crate) fn story(error: &ports::PortError) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}
