//! Sample data of the contract suites.

use akin_entities::{
    AnalyzedText, Currency, DetailField, Details, Embedding, ExchangeRate, FacetValues,
    Fingerprint, Price, Product, ProductId, Rating, TextHash, Version,
};
use akin_ports::{EntryEmbedding, IndexEntry};

/// Returns distinct ids that adapters easily confuse with each other or with syntax.
pub fn unusual_ids() -> Vec<ProductId> {
    let longest = "x".repeat(ProductId::MAX_BYTES);
    let longest_of_four_bytes = "\u{1f600}".repeat(ProductId::MAX_BYTES / 4);
    let ids = [
        "a",
        "A",
        "a ",
        " a",
        "a\u{0}",
        "a\u{0}b",
        "\u{0}",
        "it's",
        "'; DROP TABLE products; --",
        "\"quoted\"",
        "back\\slash",
        "per%cent_",
        "a,b;c{d}",
        "line\nbreak\ttab",
        "é",
        "e\u{301}",
        "\u{1f600}",
        "\u{10FFFF}",
        "null",
        "0",
        "00",
        "-1",
        "a/b?c#d&e=f",
        "..",
        "$1",
        "{{x}}",
        &longest,
        &longest_of_four_bytes,
    ];
    ids.map(id).to_vec()
}

/// Returns texts that adapters easily damage.
pub fn unusual_texts() -> Vec<String> {
    let long = "a tripod that stands, ".repeat(100_000 / 22);
    let texts = [
        "it's a \"tripod\"; \\ % _ {} ' -- /* */",
        "NUL \u{0} inside, \u{1} and \u{1b}[31m",
        "four bytes: \u{1f600}\u{20bb7}\u{10ffff}",
        "composed é, decomposed e\u{301}, right to left \u{202e}abc",
        "line\nbreak\r\nand\ttab, \u{feff} and \u{2028}",
        " blanks around ",
        &long,
    ];
    texts.map(str::to_owned).to_vec()
}

/// Parses a product id.
pub fn id(text: &str) -> ProductId {
    ProductId::new(text).unwrap()
}

/// Parses an exchange rate.
pub fn rate(text: &str) -> ExchangeRate {
    text.parse().unwrap()
}

/// Creates a product with a value in every field.
pub fn product(text: &str, name: &str) -> Product {
    Product {
        main_category: "TV, Audio & Cameras".into(),
        sub_category: "Tripods".into(),
        brand: "Lumo".into(),
        description: format!("The description of {name}."),
        attributes: "color: red; width: 30 cm".into(),
        details: Details::default()
            .with(DetailField::Sku, ["LT-1"])
            .with(DetailField::Availability, ["in stock"])
            .with(DetailField::Images, ["https://shop.example/2.svg", "https://shop.example/3,4"]),
        image_url: "https://shop.example/1.svg".into(),
        link: "https://shop.example/1".into(),
        rating: Rating::from_hundredths(425),
        rating_count: Some(1_234),
        discount_price: Some(Price::from_minor(61_750, Currency::INR)),
        actual_price: Some(Price::from_minor(129_900, Currency::INR)),
        converted_by: Some(rate("HKD=INR:10.6382")),
        ..Product::new(id(text), name)
    }
}

/// Creates a product with only an id and a name.
pub fn bare_product(text: &str) -> Product {
    Product::new(id(text), "Tripod")
}

/// Returns the fingerprint of the suites' model.
pub fn fingerprint() -> Fingerprint {
    Fingerprint { model: "suite@00000000".into(), precision: "fp32".into(), dimension: DIMENSION }
}

/// The dimension of the suites' embeddings.
pub const DIMENSION: usize = 32;

/// Creates an embedding at `degrees` from the first axis, towards the second. The similarity of two
/// is the cosine of their difference.
pub fn direction(degrees: f32) -> Embedding {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let mut raw = [0.0; DIMENSION];
    (raw[0], raw[1]) = (cosine, sine);
    Embedding::new(&raw).unwrap()
}

/// Creates an entry whose title is its id, and whose embedding is far from all others.
pub fn entry(text: &str, version: i64) -> IndexEntry {
    titled(text, version, text, 180.0)
}

/// Creates an entry with the id `text` and this title, at `degrees` from the first axis.
pub fn titled(text: &str, version: i64, title: &str, degrees: f32) -> IndexEntry {
    IndexEntry {
        id: id(text),
        version: Version(version),
        embedding: embedded(direction(degrees), title),
        text: analyzed(title),
        words: title.to_owned(),
        facets: FacetValues::default(),
    }
}

/// Creates the embedding of `text` by the suites' model.
pub fn embedded(embedding: Embedding, text: &str) -> EntryEmbedding {
    let text_hash = TextHash::compute([text]);
    EntryEmbedding::Computed { embedding, text_hash, fingerprint: fingerprint() }
}

/// Creates an analyzed text with only a title, whose terms are separated by blanks.
pub fn analyzed(title: &str) -> AnalyzedText {
    let title: Vec<_> = title.split_ascii_whitespace().collect();
    AnalyzedText::new([title, vec![], vec![], vec![], vec![]])
}

/// A generator of pseudorandom numbers that are the same in every run.
#[derive(Clone, Debug)]
pub struct Numbers(pub u64);

impl Numbers {
    /// Returns the next number, by `SplitMix64`.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.draw() % bound as u64).unwrap()
    }

    /// Returns a number between -1 and 1.
    pub fn around_zero(&mut self) -> f32 {
        let bits = u16::try_from(self.draw() >> 48).unwrap();
        f32::from(bits) / 32_768.0 - 1.0
    }

    /// Returns an embedding near one of a few centers, as in a real catalogue.
    pub fn embedding(&mut self) -> Embedding {
        let mut center = Self(self.draw() % 20);
        let raw: Vec<f32> =
            (0..DIMENSION).map(|_| center.around_zero() + 0.7 * self.around_zero()).collect();
        Embedding::new(&raw).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn unusual_ids_and_texts_are_all_different() {
        let (ids, texts) = (unusual_ids(), unusual_texts());
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        assert_eq!(texts.iter().collect::<HashSet<_>>().len(), texts.len());
    }

    #[test]
    fn a_cosine_is_that_of_the_angle_between_two_directions() {
        let cosine = direction(20.0).similarity(&direction(80.0)).get();
        assert!((cosine - 0.5).abs() < 1e-6);
    }
}
