use super::category_path;
use super::column::Column;
use super::fields::FIELDS;
use super::value_text;
use akin_ports::{FeedItem, FeedLayout, FeedRow, FeedValue, RefusedRow};

/// The maximum number of characters that a message repeats of an offending value.
const SHOWN: usize = 80;

/// The fields that name a product: a row of which one cannot be read is refused.
const NAMING: [&str; 2] = ["name", "product_id"];

/// Puts a row together from values.
pub(super) struct RowBuilder {
    row: FeedRow,
    layout: FeedLayout,
    /// The rank of the column that gave each field.
    ranks: [u8; FIELDS.len()],
    is_path: bool,
    is_blank: bool,
    /// The values that cannot be read.
    unread: Vec<UnreadValue>,
}

struct UnreadValue {
    /// The position of the field in [`FIELDS`].
    field: usize,
    /// The beginning of the value, and all of it as far as it is text.
    beginning: String,
    text: String,
    reason: String,
}

impl RowBuilder {
    pub(super) fn new(line: u64, layout: FeedLayout) -> Self {
        let row = FeedRow { line, ..FeedRow::default() };
        let ranks = [0; FIELDS.len()];
        Self { row, layout, ranks, is_path: false, is_blank: true, unread: Vec::new() }
    }

    /// Adds the value of a column.
    pub(super) fn add(&mut self, column: &Column, value: &FeedValue) {
        match value {
            FeedValue::Text(text) => self.add_text(column, text),
            FeedValue::Number(text) => self.add_number(column, text),
            FeedValue::Unreadable(value) => {
                self.leave_out(column, value.beginning.clone(), &value.text, value.reason.clone());
            }
            nested => match value_text::read(nested, column.field_name()) {
                Ok(text) => self.add_text(column, &text),
                Err(reason) => {
                    let written = value_text::written(nested);
                    self.leave_out(column, shortened(written), written, reason);
                }
            },
        }
    }

    /// Adds the number of a column.
    pub(super) fn add_number(&mut self, column: &Column, number: &str) {
        self.add_text(column, &value_text::number(number, column.field_name()));
    }

    /// Adds the text of a column. Of several texts of one field that of the column with the lowest rank
    /// counts, and the first of that column; attributes are joined.
    pub(super) fn add_text(&mut self, column: &Column, text: &str) {
        if text.is_empty() || column.is_taxonomy && text.trim().bytes().all(|b| b.is_ascii_digit())
        {
            return;
        }
        self.is_blank &= text.trim().is_empty();
        let slot = (FIELDS[column.field].slot)(&mut self.row);
        let rank = &mut self.ranks[column.field];
        let is_free = slot.trim().is_empty();
        let is_list = column.field_name() == "attributes" && !is_free && *rank == column.rank;
        if column.label.is_some() || is_list {
            let separator = if slot.is_empty() { "" } else { "; " };
            let (label, colon) = column.label.as_deref().map_or(("", ""), |label| (label, ": "));
            slot.extend([separator, label, colon, text]);
        } else if is_free || column.rank < *rank {
            text.clone_into(slot);
            if column.field_name() == "main_category" {
                self.is_path = column.is_path;
            }
        } else {
            return;
        }
        *rank = column.rank;
    }

    fn leave_out(&mut self, column: &Column, beginning: String, text: &str, reason: String) {
        self.is_blank = false;
        let (field, text) = (column.field, text.to_owned());
        self.unread.push(UnreadValue { field, beginning, text, reason });
    }

    /// Returns the row, or why it is refused; `None` if it is blank. A path through categories is split
    /// into the first category and the path below it. Values that cannot be read are added to `left_out`,
    /// each with the row as it was written, for correction.
    pub(super) fn finish(self, left_out: &mut Vec<RefusedRow>) -> Option<FeedItem> {
        // Names that are not read are not even decoded, so that only a header tells that nothing is missing.
        if self.is_blank && matches!(self.layout, FeedLayout::Columns { .. }) {
            return None;
        }
        let Self { mut row, unread, .. } = self;
        if self.is_path && row.sub_category.trim().is_empty() {
            let (main, sub) = category_path::split(&row.main_category);
            (row.main_category, row.sub_category) = (main, sub);
        }
        if unread.is_empty() {
            return Some(Ok(row));
        }
        let mut written = row.clone();
        for value in &unread {
            let slot = (FIELDS[value.field].slot)(&mut written);
            if slot.is_empty() {
                slot.clone_from(&value.text);
            }
        }
        let names_product = |value: &UnreadValue| NAMING.contains(&FIELDS[value.field].name);
        let fatal = unread.iter().position(names_product);
        let mut notes = unread.into_iter().map(|value| RefusedRow {
            line: row.line,
            is_kept: fatal.is_none(),
            field: FIELDS[value.field].name.to_owned(),
            value: value.beginning,
            reason: value.reason,
            row: Some(Box::new(written.clone())),
        });
        if let Some(fatal) = fatal {
            return notes.nth(fatal).map(Err);
        }
        left_out.extend(notes);
        Some(Ok(row))
    }
}

/// Returns the beginning of a text.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
