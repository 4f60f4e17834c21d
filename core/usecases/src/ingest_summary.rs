use crate::RepeatedRow;
use akin_entities::{Product, ProductId};
use akin_ports::{Applied, RefusedRow};
use std::collections::HashSet;

/// The counts of an ingestion. Every row read is in one of the other counts of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngestSummary {
    /// Rows read.
    pub read: u64,
    /// New products.
    pub inserted: u64,
    /// Products whose content changed.
    pub changed: u64,
    /// Products whose content is the same.
    pub unchanged: u64,
    /// Products that the store holds in a newer version.
    pub held_newer: u64,
    /// Rows of products that an earlier row names. The last row of a product counts.
    pub repeated: u64,
    /// Refused rows.
    pub quarantined: u64,
    /// Values that could not be read, without which their rows were kept.
    pub blanked: u64,
    /// The first refused rows and values that were left out, for messages.
    pub refused: Vec<RefusedRow>,
    /// The first repeated rows, one for each product, for messages.
    pub repeats: Vec<RepeatedRow>,
    /// The columns that are not read.
    pub unread_columns: Vec<String>,
}

impl IngestSummary {
    /// The maximum number of refused rows, and of repeated ones, in a summary.
    const SHOWN: usize = 5;

    /// Counts the rows of `products`, to which the store did what `applied` says. Rows at the positions
    /// `repeated` count as such, and the others for their product. Products that failed are not counted.
    pub(crate) fn count(&mut self, applied: &Applied, products: &[Product], repeated: &[usize]) {
        let is_kept = |product: &Product| !applied.failures.contains_key(&product.id);
        let kept = products.iter().filter(|product| is_kept(product)).count();
        let repeats = repeated.iter().filter(|&&position| is_kept(&products[position])).count();
        let first = (!repeated.is_empty()).then(|| first_rows(products, repeated));
        let is_first = |id: &&ProductId| first.as_ref().is_none_or(|first| first.contains(*id));
        let [inserted, changed, held_newer] =
            [&applied.inserted, &applied.changed, &applied.held_newer]
                .map(|ids| ids.iter().filter(is_first).count());
        self.inserted += inserted as u64;
        self.changed += changed as u64;
        self.held_newer += held_newer as u64;
        self.repeated += repeats as u64;
        self.unchanged += (kept - repeats - inserted - changed - held_newer) as u64;
    }

    /// Counts refused rows and values that were left out, and keeps the first ones.
    pub(crate) fn refuse(&mut self, rows: Vec<RefusedRow>) {
        let left_out = rows.iter().filter(|row| row.is_kept).count() as u64;
        self.blanked += left_out;
        self.quarantined += rows.len() as u64 - left_out;
        let room = Self::SHOWN.saturating_sub(self.refused.len());
        self.refused.extend(rows.into_iter().take(room));
    }

    /// Keeps a row that repeats the product `id` for messages, if there is room and it is the first one
    /// of the product.
    pub(crate) fn repeat(&mut self, id: &ProductId, row: impl FnOnce() -> RepeatedRow) {
        if self.repeats.len() < Self::SHOWN && self.repeats.iter().all(|kept| kept.id != *id) {
            self.repeats.push(row());
        }
    }
}

/// Returns the products that have a row at none of the positions `repeated`, which ascend.
fn first_rows<'a>(products: &'a [Product], repeated: &[usize]) -> HashSet<&'a ProductId> {
    let is_first = |position: &usize| repeated.binary_search(position).is_err();
    (0..products.len()).filter(is_first).map(|position| &products[position].id).collect()
}
