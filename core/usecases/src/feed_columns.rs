//! Reads the records of feeds as rows: which column gives which field, the same for every source and
//! format.

mod attribute_list;
mod attribute_text;
mod category_path;
mod column;
mod column_map;
mod fields;
mod header;
mod profile;
mod row_builder;
mod rows_of_product;
mod value_text;

pub use column_map::{ColumnMap, InvalidColumnMap};
pub use header::HeaderError;

use akin_ports::{
    ColumnFilter, FeedBatch, FeedItem, FeedLayout, FeedRecord, FeedRecordValue, FeedValue,
    RefusedRow,
};
use column::Column;
use profile::Profile;
use row_builder::RowBuilder;
use rows_of_product::{ReadyRows, RowsOfProduct};
use std::sync::Arc;

/// The columns that follow those of [`FeedRow`](akin_ports::FeedRow) in a file of refused rows: the
/// feed and the line of each, and what was refused.
pub const REFUSAL_COLUMNS: [&str; 3] = ["feed", "line", "refused"];

/// Reads the batches of one feed as rows.
#[derive(Debug)]
pub struct RowReader {
    map: ColumnMap,
    /// The names for which `columns` holds.
    names: Option<Arc<[String]>>,
    /// What each name gives.
    columns: Vec<Vec<Column>>,
    /// The profile by which the feed is read; the first batch tells it.
    profile: Option<&'static Profile>,
    layout: Option<FeedLayout>,
    /// The rows of the current product, whose variants follow.
    product: RowsOfProduct,
    /// The values of the last batch without which rows were kept.
    left_out: Vec<RefusedRow>,
}

impl RowReader {
    /// Creates a reader for a feed whose columns `map` renames.
    pub fn new(map: ColumnMap) -> Self {
        Self {
            map,
            names: None,
            columns: Vec::new(),
            profile: None,
            layout: None,
            product: RowsOfProduct::default(),
            left_out: Vec::new(),
        }
    }

    /// Returns a filter that selects the columns that it reads.
    pub fn column_filter(&self) -> ColumnFilter {
        let map = self.map.clone();
        ColumnFilter::new(move |name| {
            !Column::resolve(name, &map, None).is_empty()
                // The map does not apply to a file of refused rows.
                || !Column::resolve(name, &ColumnMap::default(), None).is_empty()
                || Profile::any_reads(name)
        })
    }

    /// Reads a batch. A blank record is no row, and an optional value that cannot be read is left out. Rows of
    /// one product are put together, and returned when those of another begin, which may be in a later batch: at
    /// the end of the feed, [`finish`](Self::finish) returns the last ones. An error means that the header does not
    /// describe products.
    pub fn read(&mut self, batch: &FeedBatch) -> Result<Vec<FeedItem>, HeaderError> {
        self.resolve(batch)?;
        let items = Vec::with_capacity(batch.records.len());
        let mut ready = ReadyRows { items, left_out: Vec::new() };
        for record in &batch.records {
            match record {
                Ok(record) => self.add_record(batch, record, &mut ready),
                Err(unreadable) => ready.items.push(Err(RefusedRow {
                    line: unreadable.line,
                    is_kept: false,
                    field: String::new(),
                    value: unreadable.beginning.clone(),
                    reason: unreadable.reason.clone(),
                    row: None,
                })),
            }
        }
        self.left_out = ready.left_out;
        Ok(ready.items)
    }

    /// Returns the rows of the last product at the end of the feed.
    pub fn finish(&mut self) -> Vec<FeedItem> {
        let mut ready = ReadyRows::default();
        self.product.release(&mut ready);
        self.left_out = ready.left_out;
        ready.items
    }

    /// Resolves the names of a batch: once in a feed with a header.
    fn resolve(&mut self, batch: &FeedBatch) -> Result<(), HeaderError> {
        let is_resolved = self.names.as_ref().is_some_and(|names| Arc::ptr_eq(names, &batch.names));
        if is_resolved {
            return Ok(());
        }
        match batch.layout {
            FeedLayout::Columns { line } => {
                let resolved = header::resolve(&batch.names, line, &self.map)?;
                (self.profile, self.columns) = (resolved.profile, resolved.columns);
            }
            FeedLayout::Keys | FeedLayout::Elements => {
                if self.names.is_none() {
                    self.profile = self.map.profile(&batch.names);
                }
                let columns = |name: &String| Column::resolve(name, &self.map, self.profile);
                self.columns = batch.names.iter().map(columns).collect();
            }
        }
        self.names = Some(batch.names.clone());
        self.layout = Some(batch.layout);
        Ok(())
    }

    /// Returns the way in which the feed names its values, once a batch was read.
    pub fn layout(&self) -> Option<FeedLayout> {
        self.layout
    }

    /// Returns the name of the profile by which the feed is read, if there is one.
    pub fn profile(&self) -> Option<&'static str> {
        self.profile.map(|profile| profile.name)
    }

    /// Returns each name of the last batch with what it gives: a field, `attributes.color`; nothing if it is
    /// not read. A feed without a header has only names that may be read.
    pub fn columns(&self) -> Vec<(String, Vec<String>)> {
        let names = self.names.iter().flat_map(|names| names.iter());
        let columns = names.zip(&self.columns);
        let describe = |columns: &Vec<Column>| columns.iter().map(Column::describe).collect();
        columns.map(|(name, columns)| (name.clone(), describe(columns))).collect()
    }

    /// Returns the columns of the header that are not read, without those of a file of refused rows.
    pub fn unread_columns(&self) -> Vec<String> {
        if !matches!(self.layout, Some(FeedLayout::Columns { .. })) {
            return Vec::new();
        }
        let is_unread = |(name, gives): &(String, Vec<String>)| {
            gives.is_empty() && !name.trim().is_empty() && !REFUSAL_COLUMNS.contains(&&**name)
        };
        self.columns().into_iter().filter(is_unread).map(|(name, _)| name).collect()
    }

    /// Returns the values that the last [`read`](Self::read) left out.
    pub fn take_left_out(&mut self) -> Vec<RefusedRow> {
        std::mem::take(&mut self.left_out)
    }

    /// Reads a record as a row, or as one for each of its variants.
    fn add_record(&mut self, batch: &FeedBatch, record: &FeedRecord, ready: &mut ReadyRows) {
        let mut row = RowBuilder::new(record.line, batch.layout, self.profile);
        let mut variants = (&[][..], Vec::new());
        for (position, value) in &batch.values[record.values.clone()] {
            let Some(columns) = self.columns.get(*position) else { continue };
            if let FeedRecordValue::Other(value) = value
                && columns.iter().any(|column| column.is_of_variant)
            {
                variants = (columns, objects(value));
            }
            for column in columns.iter().filter(|column| !column.is_of_variant) {
                if !is_met(column, batch, record) {
                    continue;
                }
                match value {
                    FeedRecordValue::Text(range) => {
                        row.add_text(column, &batch.text[range.clone()]);
                    }
                    FeedRecordValue::Number(range) => {
                        row.add_number(column, &batch.text[range.clone()]);
                    }
                    FeedRecordValue::Other(value) => row.add(column, value),
                }
            }
        }
        let (columns, variants) = variants;
        if variants.is_empty() {
            self.add_row(row, ready);
        } else {
            for row in variants_of(&row, columns, &variants) {
                self.add_row(row, ready);
            }
        }
    }

    fn add_row(&mut self, row: RowBuilder, ready: &mut ReadyRows) {
        match row.finish() {
            None => {}
            Some(Err(refused)) => ready.items.push(Err(refused)),
            Some(Ok(row)) if self.is_in_rows() => self.product.add(row, ready),
            Some(Ok(mut row)) => {
                row.finish(&[]);
                ready.push(row.row, row.left_out);
            }
        }
    }

    /// Returns whether a product of the feed may have several rows.
    fn is_in_rows(&self) -> bool {
        self.profile.is_some_and(|profile| profile.variants.is_some() && !profile.is_nested())
    }
}

/// Returns the objects of a value: itself, or the items of a list.
fn objects(value: &FeedValue) -> Vec<&FeedValue> {
    match value {
        FeedValue::Object(_) => vec![value],
        FeedValue::List(list) => {
            list.items.iter().filter(|item| matches!(item, FeedValue::Object(_))).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns a row for each of the variants of a product.
fn variants_of(row: &RowBuilder, columns: &[Column], variants: &[&FeedValue]) -> Vec<RowBuilder> {
    let member = |variant, name: &str| match value_text::member(variant, name)? {
        FeedValue::Text(text) | FeedValue::Number(text) => Some(&**text),
        _ => None,
    };
    let mut rows = Vec::with_capacity(variants.len());
    for (number, variant) in (1..).zip(variants) {
        let mut row = row.variant();
        for column in columns {
            let condition = column.condition.as_ref();
            if condition.is_none_or(|condition| condition.is_met(|name| member(variant, name))) {
                row.add(column, variant);
            }
        }
        row.number_variant(if variants.len() > 1 { number } else { 0 });
        rows.push(row);
    }
    rows
}

/// Returns whether a record meets the condition of a column.
fn is_met(column: &Column, batch: &FeedBatch, record: &FeedRecord) -> bool {
    let Some(condition) = &column.condition else { return true };
    condition.is_met(|wanted| {
        let values = batch.values[record.values.clone()].iter();
        let mut named = values.filter(|(name, _)| fields::is_same(wanted, &batch.names[*name]));
        named.find_map(|(_, value)| match value {
            FeedRecordValue::Text(range) | FeedRecordValue::Number(range) => {
                Some(&batch.text[range.clone()])
            }
            FeedRecordValue::Other(_) => None,
        })
    })
}
