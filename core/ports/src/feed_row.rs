/// A row, or why it was refused.
pub type FeedItem = Result<FeedRow, RefusedRow>;

/// A row of a feed, by akin's fields. Its texts are as the feed writes them; an empty one is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedRow {
    /// The line on which the row begins, counted from 1.
    pub line: u64,
    /// The id that the shop uses.
    pub product_id: String,
    /// The name.
    pub name: String,
    /// The top category.
    pub main_category: String,
    /// The category below it.
    pub sub_category: String,
    /// The manufacturer.
    pub brand: String,
    /// The description.
    pub description: String,
    /// More searchable text.
    pub attributes: String,
    /// The address of the picture.
    pub image: String,
    /// The address of the page.
    pub link: String,
    /// The average rating.
    pub ratings: String,
    /// The number of ratings.
    pub no_of_ratings: String,
    /// The price now.
    pub discount_price: String,
    /// The regular price.
    pub actual_price: String,
    /// The currency of prices that name none.
    pub currency: String,
    /// The rate by which the prices were converted into that currency before, `INR=HKD:0.094`.
    pub converted_by: String,
    /// The shop's number of the article.
    pub sku: String,
    /// The global number of the trade item.
    pub gtin: String,
    /// The manufacturer's number of the part.
    pub mpn: String,
    /// Whether it can be bought.
    pub availability: String,
    /// The id of the thing that the product is a variant of.
    pub item_group_id: String,
    /// The addresses of further pictures.
    pub images: String,
}

/// A row that cannot become a product, or a value of one that became a product without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// The line on which the row begins, counted from 1.
    pub line: u64,
    /// True if the row was kept without this value, which cannot be read; false if the row was refused.
    pub is_kept: bool,
    /// The field at fault; empty for the whole row.
    pub field: String,
    /// The offending text, shortened.
    pub value: String,
    /// The reason, and the remedy.
    pub reason: String,
    /// The row, for correction, with replacement characters where a value is not text; `None` if
    /// nothing of it could be read.
    pub row: Option<Box<FeedRow>>,
}

macro_rules! texts {
    ($($column:ident),* $(,)?) => {
        impl FeedRow {
            /// The names of its texts, in the order of [`FeedRow::texts`].
            pub const COLUMNS: [&'static str; 21] = [$(stringify!($column)),*];

            /// Returns all of its texts, in the order of [`FeedRow::COLUMNS`].
            pub fn texts(&self) -> [&str; 21] {
                [$(&self.$column),*]
            }

            fn slots(&mut self) -> [&mut String; 21] {
                [$(&mut self.$column),*]
            }
        }
    };
}

texts! {
    product_id, name, main_category, sub_category, brand, description, attributes, image, link,
    ratings, no_of_ratings, discount_price, actual_price, currency, converted_by,
    sku, gtin, mpn, availability, item_group_id, images,
}

impl FeedRow {
    /// Creates the row at `line` from named texts. Names other than [`FeedRow::COLUMNS`] are ignored.
    pub fn from_texts(
        line: u64,
        texts: impl IntoIterator<Item = (impl AsRef<str>, String)>,
    ) -> Self {
        let mut row = Self { line, ..Self::default() };
        for (name, text) in texts {
            let position = Self::COLUMNS.iter().position(|column| *column == name.as_ref());
            if let Some(position) = position {
                *row.slots()[position] = text;
            }
        }
        row
    }

    /// Returns its texts with their names, without empty ones: the inverse of
    /// [`FeedRow::from_texts`].
    pub fn named_texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        Self::COLUMNS.into_iter().zip(self.texts()).filter(|(_, text)| !text.is_empty())
    }

    /// Returns the number of bytes of its texts.
    pub fn size(&self) -> usize {
        self.texts().map(str::len).iter().sum()
    }
}

impl RefusedRow {
    /// Returns the number of bytes of its texts, the row included.
    pub fn size(&self) -> usize {
        let row = self.row.as_deref().map_or(0, FeedRow::size);
        self.field.len() + self.value.len() + self.reason.len() + row
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn a_row_is_recreated_from_its_named_texts(
            texts in proptest::collection::vec(".{0,6}", 21), line in any::<u64>(),
        ) {
            let named = FeedRow::COLUMNS.into_iter().zip(texts.clone());
            let row = FeedRow::from_texts(line, named);
            prop_assert_eq!(row.texts().to_vec(), texts);
            // A store may keep them in any order.
            let stored: BTreeMap<_, _> =
                row.named_texts().map(|(name, text)| (name, text.to_owned())).collect();
            prop_assert_eq!(FeedRow::from_texts(line, stored), row);
        }
    }

    #[test]
    fn texts_are_assigned_by_name_and_unknown_names_are_ignored() {
        let texts = [("brand", "Lumo"), ("color", "red"), ("actual_price", "3")];
        let row = FeedRow::from_texts(7, texts.map(|(name, text)| (name, text.to_owned())));
        let expected = FeedRow {
            line: 7,
            brand: "Lumo".into(),
            actual_price: "3".into(),
            ..FeedRow::default()
        };
        assert_eq!((row.size(), row), (5, expected));
    }
}
