use async_trait::async_trait;
use entities::{Currency, Price, Rate};
use ports::{FeedItem, FeedProgress, FeedRow, FeedSource, PortResult, ProductFeed, RefusedRow};
use std::sync::Arc;

/// A feed whose prices are told in other currencies, at fixed rates.
#[derive(Debug)]
pub struct ConvertPrices {
    /// The feed as the shop writes it.
    pub source: Arc<dyn FeedSource>,
    /// What a price is converted by, if it is in that currency.
    pub rates: Vec<Rate>,
    /// The currency of a price without sign or code.
    pub unsigned: Currency,
}

impl FeedSource for ConvertPrices {
    fn name(&self) -> &str {
        self.source.name()
    }

    fn open(&self) -> PortResult<Box<dyn ProductFeed>> {
        let feed = self.source.open()?;
        Ok(Box::new(Converted { feed, rates: self.rates.clone(), unsigned: self.unsigned }))
    }
}

#[derive(Debug)]
struct Converted {
    feed: Box<dyn ProductFeed>,
    rates: Vec<Rate>,
    unsigned: Currency,
}

#[async_trait]
impl ProductFeed for Converted {
    fn name(&self) -> &str {
        self.feed.name()
    }

    async fn next_batch(&mut self) -> PortResult<Option<Vec<FeedItem>>> {
        let Some(batch) = self.feed.next_batch().await? else { return Ok(None) };
        let items = batch.into_iter().map(|item| item.and_then(|row| self.row(row)));
        Ok(Some(items.collect()))
    }

    fn progress(&self) -> FeedProgress {
        self.feed.progress()
    }
}

impl Converted {
    fn row(&self, mut row: FeedRow) -> FeedItem {
        let line = row.line;
        for (field, text) in
            [("discount_price", &mut row.discount_price), ("actual_price", &mut row.actual_price)]
        {
            // What is no price is refused where rows become products.
            let Ok(price) = Price::parse(text.trim(), self.unsigned) else { continue };
            let rate = self.rates.iter().find(|rate| rate.from() == price.currency());
            let Some(rate) = rate else { continue };
            let Some(converted) = rate.convert(price) else {
                let (field, value) = (field.to_owned(), text.clone());
                let reason = format!("too large to be converted by {rate}");
                return Err(RefusedRow { line, field, value, reason });
            };
            *text = converted.to_string();
        }
        Ok(row)
    }
}
