use crate::{ContentHash, ExchangeRate, Price, TextHash, Timestamp, Version};
use bytestring::ByteString;
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// Names one product for its whole life.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProductId(ByteString);

/// The text cannot name a product.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a product id (1 to {max} bytes, not blank): {0:?}", max = ProductId::MAX_BYTES)]
pub struct InvalidProductId(String);

/// What buyers think of a product: 0 to 5 stars, exact to a hundredth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rating(u16);

/// The text is no rating.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a rating of 0 to 5 stars: {0:?}")]
pub struct InvalidRating(String);

/// One thing the shop sells, as its feed describes it. A blank text means the feed has none.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Which product this is.
    pub id: ProductId,
    /// What it is called; never blank.
    pub name: String,
    /// The department it stands in.
    pub main_category: String,
    /// The shelf it stands on.
    pub sub_category: String,
    /// Who makes it.
    pub brand: String,
    /// What the shop says about it.
    pub description: String,
    /// More text that words search: `color: red; width: 30 cm`.
    pub attributes: String,
    /// Where its picture is.
    pub image_url: String,
    /// Where its page is.
    pub link: String,
    /// What buyers think of it.
    pub rating: Option<Rating>,
    /// How many buyers rated it.
    pub rating_count: Option<u64>,
    /// What it costs now, if less than usual.
    pub discount_price: Option<Price>,
    /// What it usually costs.
    pub actual_price: Option<Price>,
    /// The rate by which its prices were told in their currency; none if the shop tells them so. Of
    /// two rates it is that of what it costs now.
    pub converted_by: Option<ExchangeRate>,
}

/// A product as a store keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductRecord {
    /// The product.
    pub product: Product,
    /// When it was first stored: microseconds since 1970, UTC.
    pub created: Timestamp,
    /// When its content last changed.
    pub version: Version,
}

impl ProductId {
    /// The longest id, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 256;

    /// Accepts any short text that is not blank.
    pub fn new(id: impl Into<ByteString>) -> Result<Self, InvalidProductId> {
        let id = id.into();
        if id.trim().is_empty() || id.len() > Self::MAX_BYTES {
            return Err(InvalidProductId(id.to_string()));
        }
        Ok(Self(id))
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What shops write behind a rating.
const OF_FIVE: [&str; 4] = ["out of 5 stars", "out of 5", "/5", "stars"];

impl Rating {
    /// Reads `4`, `4.3`, `4,25` or `4.3 out of 5 stars`: stars from 0 to 5. What a shop's average has
    /// beyond hundredths is rounded.
    pub fn parse(text: &str) -> Result<Self, InvalidRating> {
        let error = || InvalidRating(text.to_owned());
        let stars = OF_FIVE.iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text);
        let (stars, fraction) = stars.trim_end().split_once(['.', ',']).unwrap_or((stars, "0"));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if stars.trim_end().len() != 1 || !digits(stars.trim_end()) || !digits(fraction) {
            return Err(error());
        }
        let thousandths = format!("{}{fraction:0<3}", stars.trim_end());
        let thousandths: u16 = thousandths[..4].parse().map_err(|_| error())?;
        // Five stars and a bit would round to five.
        let is_beyond = stars.starts_with('5') && fraction.bytes().any(|digit| digit != b'0');
        let hundredths = Self::from_hundredths((thousandths + 5) / 10);
        hundredths.filter(|_| !is_beyond && !fraction.is_empty()).ok_or_else(error)
    }

    /// The rating of so many hundredths of a star; `None` above five stars.
    pub fn from_hundredths(hundredths: u16) -> Option<Self> {
        (hundredths <= 500).then_some(Self(hundredths))
    }

    /// How many hundredths of a star.
    pub fn hundredths(self) -> u16 {
        self.0
    }

    /// How many stars.
    pub fn stars(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl Product {
    /// The text that is embedded: the name, then ". " and the description if there is one,
    /// NFC-normalized. Case is left to the model's tokenizer.
    pub fn embedded_text(&self) -> String {
        let separator = if self.description.is_empty() { "" } else { ". " };
        [&*self.name, separator, &*self.description].iter().flat_map(|part| part.nfc()).collect()
    }

    /// Tells whether the text that is embedded changed.
    pub fn text_hash(&self) -> TextHash {
        TextHash::compute([&*self.embedded_text()])
    }

    /// Tells whether anything changed.
    pub fn content_hash(&self) -> ContentHash {
        let price = |price: Option<Price>| price.map(|price| price.to_string()).unwrap_or_default();
        let number = |number: Option<u64>| number.map(|n| n.to_string()).unwrap_or_default();
        let rate = self.converted_by.map(|rate| rate.to_string());
        let always = [
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
        // Where nothing was converted the hash is what it was before rates were recorded.
        ContentHash::compute(always.into_iter().chain(rate.as_deref()))
    }

    /// What a buyer pays today.
    pub fn price(&self) -> Option<Price> {
        self.discount_price.or(self.actual_price)
    }

    /// Whether it costs less than usual.
    pub fn is_discounted(&self) -> bool {
        match (self.discount_price, self.actual_price) {
            (Some(now), Some(usual)) => {
                now.currency() == usual.currency() && now.minor() < usual.minor()
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
    fn a_rate_is_content_and_its_absence_changes_no_hash_that_a_store_holds() {
        let mut product = Product {
            id: ProductId::new("17").unwrap(),
            name: "Tripod".into(),
            main_category: String::new(),
            sub_category: String::new(),
            brand: String::new(),
            description: String::new(),
            attributes: String::new(),
            image_url: String::new(),
            link: String::new(),
            rating: None,
            rating_count: None,
            discount_price: None,
            actual_price: None,
            converted_by: None,
        };
        let [before, text] = [product.content_hash().to_bytes(), product.text_hash().to_bytes()];
        let blank = [""; 11];
        assert_eq!(
            before,
            ContentHash::compute(["17", "Tripod"].into_iter().chain(blank)).to_bytes()
        );
        let hashes = ["INR=HKD:0.094", "INR=HKD:0.0941", "EUR=HKD:0.094"].map(|rate| {
            product.converted_by = Some(rate.parse().unwrap());
            assert_eq!(product.text_hash().to_bytes(), text, "it is not embedded");
            product.content_hash().to_bytes()
        });
        assert!(hashes.iter().all(|hash| *hash != before));
        assert!(hashes[0] != hashes[1] && hashes[0] != hashes[2]);
    }
}
