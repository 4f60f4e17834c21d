use crate::{ContentHash, DetailField, Details, ExchangeRate, Price, TextHash, Timestamp, Version};
use bytestring::ByteString;
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// The permanent id of a product.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProductId(ByteString);

/// The error for a text that is not a product id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a product id (1 to {max} bytes, not blank): {0:?}", max = ProductId::MAX_BYTES)]
pub struct InvalidProductId(String);

/// The average rating of a product: 0 to 5 stars, exact to a hundredth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rating(u16);

/// The error for a text that is not a rating.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a rating of 0 to 5 stars: {0:?}")]
pub struct InvalidRating(String);

/// A product as a feed describes it. A text that the feed lacks is empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// The id.
    pub id: ProductId,
    /// The name; never blank.
    pub name: String,
    /// The main category.
    pub main_category: String,
    /// The subcategory.
    pub sub_category: String,
    /// The brand.
    pub brand: String,
    /// The description.
    pub description: String,
    /// Other searchable text: `color: red; width: 30 cm`.
    pub attributes: String,
    /// Identifiers, availability, further pictures, and the thing that it is a variant of.
    pub details: Details,
    /// The address of the picture.
    pub image_url: String,
    /// The address of the product's page.
    pub link: String,
    /// The average rating.
    pub rating: Option<Rating>,
    /// The number of ratings.
    pub rating_count: Option<u64>,
    /// The discounted price, if any.
    pub discount_price: Option<Price>,
    /// The regular price.
    pub actual_price: Option<Price>,
    /// The rate by which the prices were converted from the feed's currency; `None` if they were not.
    /// If the two prices were converted by different rates, that of the current price.
    pub converted_by: Option<ExchangeRate>,
}

/// A stored product.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductRecord {
    /// The product.
    pub product: Product,
    /// The time at which it was first stored.
    pub created: Timestamp,
    /// The version of its content.
    pub version: Version,
}

impl ProductId {
    /// The maximum length of an id, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 256;

    /// Accepts a text of 1 to [`ProductId::MAX_BYTES`] bytes that is not blank.
    pub fn new(id: impl Into<ByteString>) -> Result<Self, InvalidProductId> {
        let id = id.into();
        if id.trim().is_empty() || id.len() > Self::MAX_BYTES {
            return Err(InvalidProductId(id.to_string()));
        }
        Ok(Self(id))
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The suffixes of a rating.
const RATING_SUFFIXES: [&str; 4] = ["out of 5 stars", "out of 5", "/5", "stars"];

impl Rating {
    /// Parses `4`, `4.3`, `4,25` or `4.3 out of 5 stars`: 0 to 5 stars, rounded to hundredths.
    pub fn parse(text: &str) -> Result<Self, InvalidRating> {
        let error = || InvalidRating(text.to_owned());
        let stars =
            RATING_SUFFIXES.iter().find_map(|suffix| text.strip_suffix(suffix)).unwrap_or(text);
        let (stars, fraction) = stars.trim_end().split_once(['.', ',']).unwrap_or((stars, "0"));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if stars.trim_end().len() != 1 || !is_number(stars.trim_end()) || !is_number(fraction) {
            return Err(error());
        }
        let thousandths = format!("{}{fraction:0<3}", stars.trim_end());
        let thousandths: u16 = thousandths[..4].parse().map_err(|_| error())?;
        // Slightly more than five stars would be rounded to five.
        let is_too_high = stars.starts_with('5') && fraction.bytes().any(|digit| digit != b'0');
        let hundredths = Self::from_hundredths((thousandths + 5) / 10);
        hundredths.filter(|_| !is_too_high && !fraction.is_empty()).ok_or_else(error)
    }

    /// Creates a rating from hundredths of a star; `None` above five stars.
    pub fn from_hundredths(hundredths: u16) -> Option<Self> {
        (hundredths <= 500).then_some(Self(hundredths))
    }

    /// Returns the rating in hundredths of a star.
    pub fn hundredths(self) -> u16 {
        self.0
    }

    /// Returns the rating in stars.
    pub fn stars(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl Product {
    /// Creates a product that has an id and a name, and nothing else.
    pub fn new(id: ProductId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            main_category: String::new(),
            sub_category: String::new(),
            brand: String::new(),
            description: String::new(),
            attributes: String::new(),
            details: Details::default(),
            image_url: String::new(),
            link: String::new(),
            rating: None,
            rating_count: None,
            discount_price: None,
            actual_price: None,
            converted_by: None,
        }
    }

    /// Returns the text to embed: the name, then ". " and the description if there is one,
    /// NFC-normalized. The case is kept: the model's tokenizer handles it.
    pub fn embedded_text(&self) -> String {
        let separator = if self.description.is_empty() { "" } else { ". " };
        [&*self.name, separator, &*self.description].iter().flat_map(|part| part.nfc()).collect()
    }

    /// Returns the hash of the embedded text.
    pub fn text_hash(&self) -> TextHash {
        TextHash::compute([&*self.embedded_text()])
    }

    /// Returns the hash of all fields.
    pub fn content_hash(&self) -> ContentHash {
        let price = |price: Option<Price>| price.map(|price| price.to_string()).unwrap_or_default();
        let number = |number: Option<u64>| number.map(|n| n.to_string()).unwrap_or_default();
        let rate = self.converted_by.map(|rate| rate.to_string());
        let fields = [
            self.id.as_str(),
            &self.name,
            &self.main_category,
            &self.sub_category,
            &self.brand,
            &self.description,
            &self.attributes,
            &self.image_url,
            &self.link,
            &number(self.rating.map(|rating| rating.0.into())),
            &number(self.rating_count),
            &price(self.discount_price),
            &price(self.actual_price),
        ];
        // Without a conversion the hash equals that of stores from before rates were recorded, and without
        // details that of stores from before these. No rate begins like details.
        let details = (!self.details.is_empty()).then(|| self.details.to_stream());
        ContentHash::compute(fields.into_iter().chain(rate.as_deref()).chain(details.as_deref()))
    }

    /// Iterates over what identifies the product to a shopper: its id, and the numbers of the article.
    pub fn identifiers(&self) -> impl Iterator<Item = &str> {
        let numbers =
            DetailField::IDENTIFIERS.into_iter().flat_map(|field| self.details.all(field));
        std::iter::once(self.id.as_str()).chain(numbers.map(String::as_str))
    }

    /// Returns the current price: the discounted one if there is one.
    pub fn price(&self) -> Option<Price> {
        self.discount_price.or(self.actual_price)
    }

    /// Returns true if the discounted price is below the regular one, in the same currency.
    pub fn is_discounted(&self) -> bool {
        match (self.discount_price, self.actual_price) {
            (Some(discounted), Some(regular)) => {
                discounted.currency() == regular.currency() && discounted.minor() < regular.minor()
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_not_blank() {
        for id in ["", "  ", &"x".repeat(257)] {
            assert!(ProductId::new(id).is_err(), "{id:?} should be refused");
        }
        assert_eq!(ProductId::new("it's \u{1f600}").unwrap().as_str(), "it's \u{1f600}");
    }

    #[test]
    fn a_rating_keeps_its_decimals() {
        assert_eq!(Rating::parse("3.6").map(Rating::hundredths), Ok(360));
        assert_eq!(Rating::parse("5.00").map(Rating::hundredths), Ok(500));
        assert_eq!(Rating::parse("4").map(Rating::hundredths), Ok(400));
        assert_eq!(Rating::parse("4,25").map(Rating::hundredths), Ok(425));
        assert_eq!(Rating::parse("4.266666666666667").map(Rating::hundredths), Ok(427));
        assert_eq!(Rating::parse("4.3 out of 5 stars").map(Rating::hundredths), Ok(430));
        assert_eq!(Rating::parse("4/5").map(Rating::hundredths), Ok(400));
        for text in ["", "Get", "5.1", "5.001", "11", "-1", "4.", "4.2.5", "4,é", ".", "4/10"] {
            assert!(Rating::parse(text).is_err(), "{text:?} should be refused");
        }
    }

    #[test]
    fn a_rate_changes_the_content_hash_and_its_absence_keeps_stored_hashes_valid() {
        let mut product = Product::new(ProductId::new("17").unwrap(), "Tripod");
        let [before, text] = [product.content_hash().to_bytes(), product.text_hash().to_bytes()];
        let blank = [""; 11];
        assert_eq!(
            before,
            ContentHash::compute(["17", "Tripod"].into_iter().chain(blank)).to_bytes()
        );
        let hashes = ["INR=HKD:0.094", "INR=HKD:0.0941", "EUR=HKD:0.094"].map(|rate| {
            product.converted_by = Some(rate.parse().unwrap());
            assert_eq!(product.text_hash().to_bytes(), text, "the rate is not embedded");
            product.content_hash().to_bytes()
        });
        assert!(hashes.iter().all(|hash| *hash != before));
        assert!(hashes[0] != hashes[1] && hashes[0] != hashes[2]);
    }
}
