//! Reads the records of feeds as rows: which column gives which field, the same for every source and
//! format.

mod attribute_list;
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
    ColumnFilter, FeedBatch, FeedItem, FeedLayout, FeedRecord, FeedRecordValue, RefusedRow,
};
use column::Column;
use profile::Profile;
use row_builder::RowBuilder;
use rows_of_product::FirstRow;
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
    /// The row that named the current product, whose variants follow.
    first_row: Option<FirstRow>,
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
            first_row: None,
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

    /// Reads a batch. A blank record is no row. An optional value that cannot be read is left out. An error
    /// means that the header does not describe products.
    pub fn read(&mut self, batch: &FeedBatch) -> Result<Vec<FeedItem>, HeaderError> {
        self.resolve(batch)?;
        self.left_out.clear();
        let mut items = Vec::with_capacity(batch.records.len());
        for record in &batch.records {
            match record {
                Ok(record) => items.extend(self.row(batch, record)),
                Err(unreadable) => items.push(Err(RefusedRow {
                    line: unreadable.line,
                    is_kept: false,
                    field: String::new(),
                    value: unreadable.beginning.clone(),
                    reason: unreadable.reason.clone(),
                    row: None,
                })),
            }
        }
        Ok(items)
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

    /// Reads a record; `None` if it is blank.
    fn row(&mut self, batch: &FeedBatch, record: &FeedRecord) -> Option<FeedItem> {
        let mut row = RowBuilder::new(record.line, batch.layout, self.profile);
        for (position, value) in &batch.values[record.values.clone()] {
            for column in self.columns.get(*position).into_iter().flatten() {
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
        row.finish(&mut self.first_row, &mut self.left_out)
    }
}
