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
}

impl FeedRow {
    /// All of its texts, in the order of its fields.
    pub fn texts(&self) -> [&str; 13] {
        [
            &self.product_id,
            &self.name,
            &self.main_category,
            &self.sub_category,
            &self.brand,
            &self.description,
            &self.attributes,
            &self.image,
            &self.link,
            &self.ratings,
            &self.no_of_ratings,
            &self.discount_price,
            &self.actual_price,
        ]
    }
}
