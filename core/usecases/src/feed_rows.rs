use crate::{Pricing, RowReader, normalize};
use akin_entities::{Product, ProductId};
use akin_ports::{ErrorKind, FeedItem, PortError, PortResult, ProductFeed, RefusedRow};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// A batch of rows: the products, each with its line, the refused rows, and the values that were left out.
#[derive(Debug, Default)]
pub(crate) struct FeedRows {
    pub(crate) products: Vec<Product>,
    pub(crate) lines: Vec<u64>,
    pub(crate) refused: Vec<RefusedRow>,
    /// The values without which rows were kept.
    pub(crate) left_out: Vec<RefusedRow>,
    /// The products that refused rows identify.
    pub(crate) refused_ids: Vec<ProductId>,
}

/// A hash of a batch, by which a later reading proves that it gives the same.
pub(crate) type BatchHash = u64;

/// The rows of a batch as they were read, and the values without which they are kept.
#[derive(Debug)]
pub(crate) struct RowBatch {
    pub(crate) items: Vec<FeedItem>,
    pub(crate) left_out: Vec<RefusedRow>,
}

/// Returns the next rows of a feed and the hash of their batch, or `None` at the end. A header that
/// does not describe products ends the feed.
pub(crate) async fn next_rows(
    feed: &mut dyn ProductFeed,
    reader: &mut RowReader,
) -> PortResult<Option<(RowBatch, BatchHash)>> {
    let Some(batch) = feed.next_batch().await? else {
        // What was held back for rows that might follow is a batch of its own.
        let items = reader.finish();
        let rows = RowBatch { items, left_out: reader.take_left_out() };
        return Ok((!rows.items.is_empty()).then_some((rows, 0)));
    };
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(&batch);
    let rows = reader.read(&batch);
    let items = rows.map_err(|error| PortError::new("feed", ErrorKind::Refused, error))?;
    Ok(Some((RowBatch { items, left_out: reader.take_left_out() }, hash)))
}

/// Returns the error of a feed whose content is another than when it was surveyed.
pub(crate) fn changed() -> PortError {
    PortError::new(
        "feed",
        ErrorKind::Unavailable,
        "its content changed while it was ingested, and what is new in it was not written: run the \
         ingestion again, and replace a feed by renaming a complete file",
    )
}

impl FeedRows {
    /// Normalizes the rows of a batch.
    pub(crate) fn read(batch: RowBatch, pricing: &Pricing) -> Self {
        let mut rows = Self { left_out: batch.left_out, ..Self::default() };
        for item in batch.items {
            match item {
                Err(refused) => rows.refused.push(refused),
                Ok(row) => {
                    let line = row.line;
                    match normalize::read(row, pricing, &mut rows.left_out) {
                        Ok(product) => {
                            rows.products.push(product);
                            rows.lines.push(line);
                        }
                        Err(refused) => {
                            let (refused, id) = *refused;
                            rows.left_out.retain(|value| value.line != line);
                            rows.refused.push(refused);
                            rows.refused_ids.extend(id);
                        }
                    }
                }
            }
        }
        rows
    }

    /// Returns the number of rows.
    pub(crate) fn count(&self) -> u64 {
        (self.products.len() + self.refused.len()) as u64
    }

    /// Returns the number of refused rows that identify no product.
    pub(crate) fn nameless(&self) -> u64 {
        (self.refused.len() - self.refused_ids.len()) as u64
    }
}
