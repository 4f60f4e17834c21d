use crate::PortResult;
use async_trait::async_trait;
use std::fmt::Debug;

/// Reads what a shop hands over, a batch of rows at a time, in bounded memory.
#[async_trait]
pub trait ProductFeed: Debug + Send {
    /// The name of the feed in messages: usually its file.
    fn name(&self) -> &str;

    /// The next rows; `None` at the end. A bad row is an item; an error ends the feed: it could
    /// not be opened or read, or its header lacks a column.
    async fn next_batch(&mut self) -> PortResult<Option<Vec<FeedItem>>>;

    /// How far it has been read.
    fn progress(&self) -> FeedProgress;
}

/// A feed that can be read from its beginning more than once, so that what it says is known before
/// anything is done about it.
pub trait FeedSource: Debug + Send + Sync {
    /// What [`ProductFeed::name`] will say.
    fn name(&self) -> &str;

    /// The feed, at its beginning.
    fn open(&self) -> PortResult<Box<dyn ProductFeed>>;
}

/// A row, or why it could not be read.
pub type FeedItem = Result<FeedRow, RefusedRow>;

/// How far a feed has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedProgress {
    /// Bytes read.
    pub read: u64,
    /// Bytes in all, where that is known.
    pub total: Option<u64>,
}

/// A row as the feed writes it; the core reads its numbers. A blank text is a missing one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedRow {
    /// Where the row begins, counted from 1.
    pub line: u64,
    /// The shop's own id.
    pub product_id: String,
    /// What it is called.
    pub name: String,
    /// The department.
    pub main_category: String,
    /// The shelf.
    pub sub_category: String,
    /// Who makes it.
    pub brand: String,
    /// What the shop says about it.
    pub description: String,
    /// More text that words search.
    pub attributes: String,
    /// Where its picture is.
    pub image: String,
    /// Where its page is.
    pub link: String,
    /// Stars.
    pub ratings: String,
    /// How many rated it.
    pub no_of_ratings: String,
    /// What it costs now.
    pub discount_price: String,
    /// What it usually costs.
    pub actual_price: String,
}

/// A row that cannot become a product, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// Where the row begins, counted from 1.
    pub line: u64,
    /// The column at fault; blank if it is the whole row.
    pub field: String,
    /// What stood there, shortened.
    pub value: String,
    /// What is wrong with it, and what to do.
    pub reason: String,
    /// The row itself, of the same line, to be mended: a value that is no text stands there as
    /// nearly as it can. None: nothing of the row could be read.
    pub row: Option<Box<FeedRow>>,
}

macro_rules! texts {
    ($($column:ident),* $(,)?) => {
        impl FeedRow {
            /// What its texts are called in akin's own form of a feed, in the order of its fields.
            pub const COLUMNS: [&'static str; 13] = [$(stringify!($column)),*];

            /// All of its texts, in the order of [`FeedRow::COLUMNS`].
            pub fn texts(&self) -> [&str; 13] {
                [$(&self.$column),*]
            }

            fn slots(&mut self) -> [&mut String; 13] {
                [$(&mut self.$column),*]
            }
        }
    };
}

texts! {
    product_id, name, main_category, sub_category, brand, description, attributes, image, link,
    ratings, no_of_ratings, discount_price, actual_price,
}

impl FeedRow {
    /// The row at `line` of texts by the names of their columns; a name that is none of
    /// [`FeedRow::COLUMNS`] does not count.
    pub fn from_texts(
        line: u64,
        texts: impl IntoIterator<Item = (impl AsRef<str>, String)>,
    ) -> Self {
        let mut row = Self { line, ..Self::default() };
        for (name, text) in texts {
            let place = Self::COLUMNS.iter().position(|column| *column == name.as_ref());
            if let Some(place) = place {
                *row.slots()[place] = text;
            }
        }
        row
    }

    /// Its texts by the names of their columns, without empty ones: what
    /// [`FeedRow::from_texts`] reads.
    pub fn named_texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        Self::COLUMNS.into_iter().zip(self.texts()).filter(|(_, text)| !text.is_empty())
    }

    /// How many bytes its texts have.
    pub fn size(&self) -> usize {
        self.texts().map(str::len).iter().sum()
    }
}

impl RefusedRow {
    /// How many bytes its texts have, those of the row among them.
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
        fn a_row_is_made_again_of_its_named_texts(
            texts in proptest::collection::vec(".{0,6}", 13), line in any::<u64>(),
        ) {
            let named = FeedRow::COLUMNS.into_iter().zip(texts.clone());
            let row = FeedRow::from_texts(line, named);
            prop_assert_eq!(row.texts().to_vec(), texts);
            // As a store keeps them: in any order.
            let kept: BTreeMap<_, _> =
                row.named_texts().map(|(name, text)| (name, text.to_owned())).collect();
            prop_assert_eq!(FeedRow::from_texts(line, kept), row);
        }
    }

    #[test]
    fn a_text_stands_under_its_own_name_and_others_do_not_count() {
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
