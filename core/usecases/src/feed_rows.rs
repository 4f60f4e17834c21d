use crate::{Pricing, normalize};
use akin_entities::{Product, ProductId};
use akin_ports::{FeedItem, RefusedRow};

/// A batch of a feed, read: each product with the line it stands on, and the rows that are none.
#[derive(Debug, Default)]
pub(crate) struct FeedRows {
    pub(crate) products: Vec<Product>,
    pub(crate) lines: Vec<u64>,
    pub(crate) refused: Vec<RefusedRow>,
    /// The products that refused rows are about, of those that say so.
    pub(crate) refused_ids: Vec<ProductId>,
}

impl FeedRows {
    /// Reads a batch.
    pub(crate) fn read(batch: Vec<FeedItem>, pricing: &Pricing) -> Self {
        let mut rows = Self::default();
        for item in batch {
            match item {
                Err(refused) => rows.refused.push(refused),
                Ok(row) => {
                    let line = row.line;
                    match normalize::read(row, pricing) {
                        Ok(product) => {
                            rows.products.push(product);
                            rows.lines.push(line);
                        }
                        Err((refused, id)) => {
                            rows.refused.push(refused);
                            rows.refused_ids.extend(id);
                        }
                    }
                }
            }
        }
        rows
    }

    /// How many rows there were.
    pub(crate) fn count(&self) -> u64 {
        (self.products.len() + self.refused.len()) as u64
    }

    /// Refused rows that do not say which product they are about.
    pub(crate) fn nameless(&self) -> u64 {
        (self.refused.len() - self.refused_ids.len()) as u64
    }
}
