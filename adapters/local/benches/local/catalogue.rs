//! A synthetic catalogue, the same in every run.

use akin_entities::{
    AnalyzedText, Currency, Embedding, FacetValues, Filter, Fingerprint, Price, Product, ProductId,
    Rating, Version,
};
use akin_ports::{CandidateQuery, EntryEmbedding, IndexEntry, QueryVector};

const COMMON: &[&str] = &[
    "phone", "tripod", "camera", "lens", "flexible", "stand", "video", "light", "ring", "remote",
    "stereo", "speaker", "wireless", "cable", "charger", "mount", "travel", "case", "black", "pro",
];

/// Returns `count` products whose ids are not in order.
pub(crate) fn products(count: usize) -> Vec<Product> {
    (0..count as u64).map(product).collect()
}

/// Returns the index entry of the product with this number.
pub(crate) fn entry(number: usize) -> IndexEntry {
    let product = product(number as u64);
    let (title, description) = (terms_of(&product.name), terms_of(&product.description));
    let text = AnalyzedText::new([title, description, vec![], vec![], vec![]]);
    let embedding = EntryEmbedding::Computed {
        embedding: embedding(number as u64),
        text_hash: product.text_hash(),
        fingerprint: fingerprint(),
    };
    let facets = FacetValues::from(&product);
    IndexEntry {
        id: product.id.clone(),
        version: Version(1),
        embedding,
        text,
        words: product.name,
        facets,
    }
}

fn fingerprint() -> Fingerprint {
    Fingerprint { model: "made up".into(), precision: "int8".into(), dimension: 384 }
}

/// Returns a query of three words and a vector.
pub(crate) fn query(seed: u64) -> CandidateQuery {
    CandidateQuery {
        terms: words(mix(seed), 3).split(' ').map(str::to_owned).collect(),
        vector: Some(QueryVector {
            embedding: embedding(seed.wrapping_mul(31)),
            fingerprint: fingerprint(),
        }),
        filter: Filter::default(),
        depth: 200,
        threshold: None,
        with_facets: false,
    }
}

/// Draws a direction near one of a hundred centers, as products are near their category.
#[expect(clippy::cast_precision_loss, reason = "24 bits fill a mantissa")]
fn embedding(seed: u64) -> Embedding {
    let shelf = mix(seed) % 100;
    let number = |seed: u64| (mix(seed) >> 40) as f32 / (1_u64 << 24) as f32 - 0.5;
    let raw: Vec<f32> = (0..384)
        .map(|place| number(shelf * 1_000 + place) + number(seed.wrapping_mul(1_000) + place))
        .collect();
    Embedding::new(&raw).expect("a direction")
}

fn terms_of(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

/// Returns a pseudorandom number (`SplitMix64`).
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
        main_category: format!("department {}", number % 20),
        sub_category: format!("shelf {}", number % 200),
        brand: format!("maker {}", number % 5_000),
        description: words(mix(number), 40),
        image_url: format!("https://shop.example/images/{number:x}.jpg"),
        link: format!("https://shop.example/products/{number:x}"),
        rating: Rating::from_hundredths((number % 501) as u16),
        rating_count: Some(number % 10_000),
        actual_price: Some(Price::from_minor(number % 10_000_000, Currency::INR)),
        ..Product::new(
            ProductId::new(format!("B0{:08X}", number as u32)).expect("an id"),
            words(number, 12),
        )
    }
}

/// Returns `count` words: a few common ones, and many that some products share.
fn words(seed: u64, count: u64) -> String {
    let word = |place| match mix(seed ^ place) {
        number if number.is_multiple_of(4) => {
            COMMON[(number >> 8) as usize % COMMON.len()].to_owned()
        }
        number => format!("w{}", (number >> 8) % 20_000),
    };
    (0..count).map(word).collect::<Vec<_>>().join(" ")
}
