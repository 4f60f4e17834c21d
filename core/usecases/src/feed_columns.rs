//! Reads the records of feeds as rows: which column gives which field, the same for every source and
//! format.

mod category_path;
mod column;
mod column_map;
mod fields;
mod header;
mod row_builder;
mod value_text;

pub use column_map::{ColumnMap, InvalidColumnMap};
pub use header::HeaderError;

use akin_ports::{
    ColumnFilter, FeedBatch, FeedItem, FeedLayout, FeedRecord, FeedRecordValue, RefusedRow,
};
use column::Column;
use row_builder::RowBuilder;
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
    /// The column of each name; `None` if it gives no field.
    columns: Vec<Option<Column>>,
    /// The values of the last batch without which rows were kept.
    left_out: Vec<RefusedRow>,
}

impl RowReader {
    /// Creates a reader for a feed whose columns `map` renames.
    pub fn new(map: ColumnMap) -> Self {
        Self { map, names: None, columns: Vec::new(), left_out: Vec::new() }
    }

    /// Returns a filter that selects the columns that it reads.
    pub fn column_filter(&self) -> ColumnFilter {
        let map = self.map.clone();
        ColumnFilter::new(move |name| {
            Column::resolve(name, &map).is_some()
                // The map does not apply to a file of refused rows.
                || Column::resolve(name, &ColumnMap::default()).is_some()
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
        self.columns = match batch.layout {
            FeedLayout::Columns { line } => header::resolve(&batch.names, line, &self.map)?,
            FeedLayout::Keys | FeedLayout::Elements => {
                batch.names.iter().map(|name| Column::resolve(name, &self.map)).collect()
            }
        };
        self.names = Some(batch.names.clone());
        Ok(())
    }

    /// Returns the values that the last [`read`](Self::read) left out.
    pub fn take_left_out(&mut self) -> Vec<RefusedRow> {
        std::mem::take(&mut self.left_out)
    }

    /// Reads a record; `None` if it is blank.
    fn row(&mut self, batch: &FeedBatch, record: &FeedRecord) -> Option<FeedItem> {
        let mut row = RowBuilder::new(record.line, batch.layout);
        for (position, value) in &batch.values[record.values.clone()] {
            let Some(Some(column)) = self.columns.get(*position) else { continue };
            match value {
                FeedRecordValue::Text(range) => row.add_text(column, &batch.text[range.clone()]),
                FeedRecordValue::Number(range) => {
                    row.add_number(column, &batch.text[range.clone()]);
                }
                FeedRecordValue::Other(value) => row.add(column, value),
            }
        }
        row.finish(&mut self.left_out)
    }
}
