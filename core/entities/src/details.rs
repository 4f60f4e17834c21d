use std::collections::BTreeMap;

/// A field that few products have, of which a product holds texts: one, or several where it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DetailField {
    /// The shop's number of the article.
    Sku,
    /// The global number of the trade item, on its bar code.
    Gtin,
    /// The manufacturer's number of the part.
    Mpn,
    /// Whether it can be bought; see [`Availability`].
    Availability,
    /// The id of the thing that the product is a variant of.
    Group,
    /// The addresses of further pictures, several.
    Images,
}

/// The details of a product, by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details(BTreeMap<DetailField, Vec<String>>);

/// Whether a product can be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Availability {
    /// It is in stock.
    InStock,
    /// It is not.
    OutOfStock,
    /// It can be ordered before it is released.
    Preorder,
    /// It can be ordered, and is delivered when it is in stock again.
    Backorder,
}

/// The text is no availability.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an availability (in stock, out of stock, preorder, backorder): {0:?}")]
pub struct InvalidAvailability(String);

/// The maximum length of a detail, in bytes.
const MAX_BYTES: usize = 2_048;

/// The maximum number of texts of a field.
const MAX_TEXTS: usize = 100;

/// Separates the name of a field from a text in a stream.
const SEPARATOR: char = '\u{1f}';

impl DetailField {
    /// Every field.
    pub const ALL: [Self; 6] =
        [Self::Sku, Self::Gtin, Self::Mpn, Self::Availability, Self::Group, Self::Images];

    /// The fields that identify a product to a shopper.
    pub const IDENTIFIERS: [Self; 3] = [Self::Sku, Self::Gtin, Self::Mpn];

    /// Returns the name of the field in settings and responses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sku => "sku",
            Self::Gtin => "gtin",
            Self::Mpn => "mpn",
            Self::Availability => "availability",
            Self::Group => "item_group_id",
            Self::Images => "images",
        }
    }
}

impl Details {
    /// Returns the details with these texts in `field`. Blank texts are left out; so is what exceeds 100 texts
    /// or 2,048 bytes. Control characters become spaces.
    #[must_use]
    pub fn with<T: AsRef<str>>(
        mut self,
        field: DetailField,
        texts: impl IntoIterator<Item = T>,
    ) -> Self {
        let texts = texts.into_iter().map(|text| {
            let text = text.as_ref().replace(char::is_control, " ");
            text.trim().to_owned()
        });
        let is_possible = |text: &String| !text.is_empty() && text.len() <= MAX_BYTES;
        let texts: Vec<_> = texts.filter(is_possible).take(MAX_TEXTS).collect();
        if texts.is_empty() {
            self.0.remove(&field);
        } else {
            self.0.insert(field, texts);
        }
        self
    }

    /// Returns the texts of a field.
    pub fn all(&self, field: DetailField) -> &[String] {
        self.0.get(&field).map_or(&[], Vec::as_slice)
    }

    /// Returns the first text of a field; empty if there is none.
    pub fn first(&self, field: DetailField) -> &str {
        self.all(field).first().map_or("", String::as_str)
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns all details as one text, for a store to keep; empty if there are none.
    pub fn to_stream(&self) -> String {
        let texts = self.0.iter().flat_map(|(field, texts)| {
            texts.iter().map(|text| format!("{}{SEPARATOR}{text}", field.name()))
        });
        texts.collect::<Vec<_>>().join("\n")
    }

    /// Restores the details that a store kept. Fields that this akin does not know are left out.
    pub fn from_stream(stream: &str) -> Self {
        let mut details = Self::default();
        for line in stream.split('\n') {
            let Some((name, text)) = line.split_once(SEPARATOR) else { continue };
            if let Some(field) = DetailField::ALL.into_iter().find(|field| field.name() == name) {
                details.0.entry(field).or_default().push(text.to_owned());
            }
        }
        details
    }
}

impl Availability {
    /// Every availability.
    pub const ALL: [Self; 4] = [Self::InStock, Self::OutOfStock, Self::Preorder, Self::Backorder];

    /// Returns the name in responses.
    pub fn name(self) -> &'static str {
        match self {
            Self::InStock => "in stock",
            Self::OutOfStock => "out of stock",
            Self::Preorder => "preorder",
            Self::Backorder => "backorder",
        }
    }

    /// Parses what platforms write: `in stock`, `InStock`, `https://schema.org/OutOfStock`, `onbackorder`.
    pub fn parse(text: &str) -> Result<Self, InvalidAvailability> {
        let last = text.trim().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let letters: String =
            last.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        match &*letters {
            "instock"
            | "available"
            | "availablefororder"
            | "onlineonly"
            | "instoreonly"
            | "limitedavailability"
            | "true"
            | "yes" => Ok(Self::InStock),
            "outofstock" | "soldout" | "discontinued" | "unavailable" | "false" | "no" => {
                Ok(Self::OutOfStock)
            }
            "preorder" | "presale" | "comingsoon" => Ok(Self::Preorder),
            "backorder" | "onbackorder" | "madetoorder" => Ok(Self::Backorder),
            number => match number.parse::<u64>() {
                Ok(0) => Ok(Self::OutOfStock),
                Ok(_) => Ok(Self::InStock),
                Err(_) => Err(InvalidAvailability(text.to_owned())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_availability_is_read_as_platforms_write_it() {
        for (text, expected) in [
            ("in stock", Availability::InStock),
            ("in_stock", Availability::InStock),
            ("https://schema.org/InStock", Availability::InStock),
            ("12", Availability::InStock),
            ("0", Availability::OutOfStock),
            (" Out of Stock ", Availability::OutOfStock),
            ("pre-order", Availability::Preorder),
            ("onbackorder", Availability::Backorder),
        ] {
            assert_eq!(Availability::parse(text), Ok(expected), "{text}");
        }
        for name in Availability::ALL {
            assert_eq!(Availability::parse(name.name()), Ok(name));
        }
        for text in ["", "maybe", "-", "3 weeks"] {
            assert!(Availability::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn details_are_restored_from_their_stream() {
        let details = Details::default()
            .with(DetailField::Sku, ["A-1\n"])
            .with(DetailField::Images, ["https://a/1", " ", "https://a/2"])
            .with(DetailField::Mpn, [""]);
        assert_eq!(Details::from_stream(&details.to_stream()), details);
        assert_eq!(details.first(DetailField::Sku), "A-1");
        assert_eq!(details.all(DetailField::Images).len(), 2);
        assert!(Details::from_stream("").is_empty() && Details::default().to_stream().is_empty());
        let newer = format!("unheard{SEPARATOR}x\nsku{SEPARATOR}1");
        assert_eq!(Details::from_stream(&newer).first(DetailField::Sku), "1");
    }
}
