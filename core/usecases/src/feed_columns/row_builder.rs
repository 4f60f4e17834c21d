use super::column::Column;
use super::fields::{FIELDS, PATH_SEPARATOR};
use super::value_text;
use akin_ports::{FeedItem, FeedLayout, FeedRow, FeedValue, RefusedRow};

/// The maximum number of characters that a message repeats of an offending value.
const SHOWN: usize = 80;

/// Puts a row together from values.
pub(super) struct RowBuilder {
    row: FeedRow,
    layout: FeedLayout,
    /// The rank of the column that gave each field.
    ranks: [u8; FIELDS.len()],
    is_path: bool,
    /// The first problem.
    problem: Option<InvalidField>,
}

struct InvalidField {
    field: &'static str,
    value: String,
    reason: String,
}

impl RowBuilder {
    pub(super) fn new(line: u64, layout: FeedLayout) -> Self {
        let row = FeedRow { line, ..FeedRow::default() };
        Self { row, layout, ranks: [0; FIELDS.len()], is_path: false, problem: None }
    }

    /// Adds the value of a column. A value that cannot be read refuses the row, and is kept in it as
    /// it was written, for correction.
    pub(super) fn add(&mut self, column: &Column, value: &FeedValue) {
        match value {
            FeedValue::Text(text) => self.add_text(column, text),
            FeedValue::Unreadable(value) => {
                self.refuse(column, value.beginning.clone(), value.reason.clone());
                self.put(column, &value.text);
            }
            nested => match value_text::read(nested, column.field_name()) {
                Ok(text) => self.add_text(column, &text),
                Err(reason) => {
                    let written = value_text::written(nested);
                    self.refuse(column, shortened(written), reason);
                    self.put(column, written);
                }
            },
        }
    }

    /// Adds the text of a column.
    pub(super) fn add_text(&mut self, column: &Column, text: &str) {
        if self.put(column, text) {
            return;
        }
        // In XML a product may have several categories and links. The first is the main one.
        let is_repeatable = self.layout == FeedLayout::Elements
            && matches!(column.field_name(), "main_category" | "link");
        if !is_repeatable {
            let reason = "another value is given for this field too: remove or rename one";
            self.refuse(column, shortened(text), reason.to_owned());
        }
    }

    fn refuse(&mut self, column: &Column, value: String, reason: String) {
        let field = column.field_name();
        self.problem.get_or_insert(InvalidField { field, value, reason });
    }

    /// Puts a text into its field. Returns `false` if a column of the same rank gave the field before.
    fn put(&mut self, column: &Column, text: &str) -> bool {
        if text.is_empty() || column.is_taxonomy && text.trim().bytes().all(|b| b.is_ascii_digit())
        {
            return true;
        }
        let slot = (FIELDS[column.field].slot)(&mut self.row);
        let rank = &mut self.ranks[column.field];
        if let Some(label) = &column.label {
            let separator = if slot.is_empty() { "" } else { "; " };
            slot.extend([separator, label, ": ", text]);
            return true;
        }
        let is_free = slot.is_empty() || slot.trim().is_empty();
        if !is_free && *rank <= column.rank {
            return *rank != column.rank;
        }
        text.clone_into(slot);
        *rank = column.rank;
        if FIELDS[column.field].name == "main_category" {
            self.is_path = column.is_path;
        }
        true
    }

    /// Returns the row, or why it is refused. A path through categories is split into the first
    /// category and the path below it.
    pub(super) fn finish(self) -> FeedItem {
        let mut row = self.row;
        if self.is_path && row.sub_category.trim().is_empty() && row.main_category.contains('>') {
            let path = std::mem::take(&mut row.main_category);
            let mut parts = path.split('>').map(str::trim).filter(|part| !part.is_empty());
            parts.next().unwrap_or_default().clone_into(&mut row.main_category);
            row.sub_category = parts.collect::<Vec<_>>().join(PATH_SEPARATOR);
        }
        let Some(InvalidField { field, value, reason }) = self.problem else { return Ok(row) };
        let line = row.line;
        Err(RefusedRow { line, field: field.to_owned(), value, reason, row: Some(Box::new(row)) })
    }
}

/// Returns the beginning of a text.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
