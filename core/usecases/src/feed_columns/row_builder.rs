use super::column::Column;
use super::fields::{FIELDS, PATH_SEPARATOR};
use super::value_text;
use akin_ports::{FeedItem, FeedLayout, FeedRow, FeedValue, RefusedRow};

/// The maximum number of characters that a message repeats of an offending value.
const SHOWN: usize = 80;

/// Puts a row together from values.
pub(super) struct RowBuilder {
    row: FeedRow,
    /// The rank of the column that gave each field.
    ranks: [u8; FIELDS.len()],
    is_path: bool,
    /// The first problem.
    problem: Option<Problem>,
}

struct Problem {
    field: &'static str,
    value: String,
    reason: String,
}

impl RowBuilder {
    pub(super) fn new(line: u64) -> Self {
        let row = FeedRow { line, ..FeedRow::default() };
        Self { row, ranks: [0; FIELDS.len()], is_path: false, problem: None }
    }

    /// Adds the value of a column. A value that cannot be read refuses the row, and is kept in it as
    /// it was written, for correction.
    pub(super) fn add(&mut self, column: &Column, value: FeedValue, layout: FeedLayout) {
        match value {
            FeedValue::Text(text) => self.add_text(column, text, layout),
            FeedValue::Unreadable(value) => {
                self.refuse(column, value.beginning, value.reason);
                self.put(column, value.text);
            }
            nested => match value_text::read(&nested, column.field_name()) {
                Ok(text) => self.add_text(column, text, layout),
                Err(reason) => {
                    let written = value_text::written(nested);
                    self.refuse(column, shortened(&written), reason);
                    self.put(column, written);
                }
            },
        }
    }

    fn add_text(&mut self, column: &Column, text: String, layout: FeedLayout) {
        let Some(rejected) = self.put(column, text) else { return };
        // In XML a product may have several categories and links. The first is the main one.
        let is_repeatable = layout == FeedLayout::Elements
            && matches!(column.field_name(), "main_category" | "link");
        if !is_repeatable {
            let reason = "another value is given for this field too: remove or rename one";
            self.refuse(column, shortened(&rejected), reason.to_owned());
        }
    }

    fn refuse(&mut self, column: &Column, value: String, reason: String) {
        let field = column.field_name();
        self.problem.get_or_insert(Problem { field, value, reason });
    }

    /// Puts a text into its field. Returns it if a column of the same rank gave the field before.
    fn put(&mut self, column: &Column, text: String) -> Option<String> {
        if text.is_empty() || column.is_taxonomy && text.trim().bytes().all(|b| b.is_ascii_digit())
        {
            return None;
        }
        let slot = (FIELDS[column.field].slot)(&mut self.row);
        let rank = &mut self.ranks[column.field];
        if let Some(label) = &column.label {
            let separator = if slot.is_empty() { "" } else { "; " };
            slot.extend([separator, label, ": ", &text]);
            return None;
        }
        let is_free = slot.is_empty() || slot.trim().is_empty();
        if !is_free && *rank <= column.rank {
            return (*rank == column.rank).then_some(text);
        }
        *slot = text;
        *rank = column.rank;
        if FIELDS[column.field].name == "main_category" {
            self.is_path = column.is_path;
        }
        None
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
        let Some(Problem { field, value, reason }) = self.problem else { return Ok(row) };
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
