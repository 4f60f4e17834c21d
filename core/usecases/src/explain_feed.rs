use crate::feed_rows::{FeedRows, next_rows};
use crate::{ColumnMap, Pricing, RowReader};
use akin_entities::Product;
use akin_ports::{ColumnFilter, FeedLayout, FeedSource, PortResult, RefusedRow};

/// Reads the beginning of a feed, and says how it is understood.
#[derive(Clone, Debug)]
pub struct ExplainFeed {
    /// The currency and the rates of prices.
    pub pricing: Pricing,
    /// The mapping of columns to fields.
    pub columns: ColumnMap,
}

/// How a feed is understood.
#[derive(Debug)]
pub struct FeedExplanation {
    /// The way in which it names its values; `None` if it has no record.
    pub layout: Option<FeedLayout>,
    /// The profile by which it is read.
    pub profile: Option<&'static str>,
    /// Its columns or names, and what each gives: a field, `attributes.color`; nothing if it is not read.
    pub columns: Vec<(String, Vec<String>)>,
    /// The first products.
    pub products: Vec<Product>,
    /// The rows before and among them that are refused, and the values that are left out.
    pub refused: Vec<RefusedRow>,
}

/// The number of products that an explanation shows.
const SHOWN: usize = 5;

impl ExplainFeed {
    /// Explains the feed of `source`.
    pub async fn run(&self, source: &dyn FeedSource) -> PortResult<FeedExplanation> {
        let mut reader = RowReader::new(self.columns.clone());
        let mut feed = source.open(&reader.column_filter(), None).await?.into_feed()?;
        let (mut products, mut refused) = (Vec::new(), Vec::new());
        let mut layout = None;
        while products.len() < SHOWN {
            let Some((batch, _)) = next_rows(&mut *feed, &mut reader).await? else { break };
            layout = layout.or(reader.layout());
            let mut rows = FeedRows::read(batch, &self.pricing);
            products.append(&mut rows.products);
            refused.append(&mut rows.refused);
            refused.append(&mut rows.left_out);
        }
        products.truncate(SHOWN);
        refused.truncate(SHOWN);
        let mut columns = reader.columns();
        if layout.is_some_and(|layout| !matches!(layout, FeedLayout::Columns { .. })) {
            self.add_unread_names(source, &mut columns).await?;
        }
        Ok(FeedExplanation { layout, profile: reader.profile(), columns, products, refused })
    }

    /// Adds the names that are not read of a feed without a header, whose values are skipped otherwise.
    async fn add_unread_names(
        &self,
        source: &dyn FeedSource,
        columns: &mut Vec<(String, Vec<String>)>,
    ) -> PortResult<()> {
        let mut feed = source.open(&ColumnFilter::default(), None).await?.into_feed()?;
        let Some(batch) = feed.next_batch().await? else { return Ok(()) };
        for name in &*batch.names {
            if columns.iter().all(|(known, _)| known != name) {
                columns.push((name.clone(), Vec::new()));
            }
        }
        Ok(())
    }
}
