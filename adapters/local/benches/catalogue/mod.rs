//! A made-up catalogue, the same each time.

use entities::{Currency, Price, Product, ProductId, Rating};

const WORDS: &[&str] = &[
    "phone", "tripod", "camera", "lens", "flexible", "stand", "video", "light", "ring", "remote",
    "stereo", "speaker", "wireless", "cable", "charger", "mount", "travel", "case", "black", "pro",
];

/// `count` products whose ids are in no order.
pub(crate) fn products(count: usize) -> Vec<Product> {
    (0..count as u64).map(product).collect()
}

/// A number that looks random (`SplitMix64`).
pub(crate) fn mix(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[expect(clippy::cast_possible_truncation, reason = "a part of a random number is one, too")]
fn product(seed: u64) -> Product {
    let number = mix(seed);
    Product {
        id: ProductId::new(format!("B0{:08X}", number as u32)).expect("an id"),
        name: words(number, 12),
        main_category: format!("department {}", number % 20),
        sub_category: format!("shelf {}", number % 200),
        brand: format!("maker {}", number % 5_000),
        description: words(mix(number), 40),
        attributes: String::new(),
        image_url: format!("https://shop.example/images/{number:x}.jpg"),
        link: format!("https://shop.example/products/{number:x}"),
        rating: Rating::from_hundredths((number % 501) as u16),
        rating_count: Some(number % 10_000),
        discount_price: None,
        actual_price: Some(Price::from_minor(number % 10_000_000, Currency::INR)),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a place in a short list")]
fn words(seed: u64, count: u64) -> String {
    let word = |place| WORDS[(mix(seed ^ place) % WORDS.len() as u64) as usize];
    (0..count).map(word).collect::<Vec<_>>().join(" ")
}
