use super::attribute_list;
use super::category_path;
use super::column::{Column, Grouping, PairPart};
use super::fields::FIELDS;
use super::profile::Profile;
use super::rows_of_product::FirstRow;
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
    profile: Option<&'static Profile>,
    /// The rank of the column that gave each field.
    ranks: [u8; FIELDS.len()],
    is_path: bool,
    is_blank: bool,
    /// The names and the values of attributes, each with its place.
    names: Vec<(u8, String)>,
    values: Vec<(u8, String)>,
    /// What the rows of a product have in common.
    group: String,
    is_variant: bool,
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
    pub(super) fn new(line: u64, layout: FeedLayout, profile: Option<&'static Profile>) -> Self {
        let row = FeedRow { line, ..FeedRow::default() };
        let ranks = [0; FIELDS.len()];
        Self {
            row,
            layout,
            profile,
            ranks,
            is_path: false,
            is_blank: true,
            names: Vec::new(),
            values: Vec::new(),
            group: String::new(),
            is_variant: false,
            unread: Vec::new(),
        }
    }

    /// Adds the value of a column.
    pub(super) fn add(&mut self, column: &Column, value: &FeedValue) {
        let value = match &column.member {
            Some(name) => match value_text::member(value, name) {
                Some(member) => member,
                None => return,
            },
            None => value,
        };
        match value {
            FeedValue::Text(text) => self.add_text(column, text),
            FeedValue::Number(text) => self.add_number(column, text),
            FeedValue::Unreadable(value) => {
                self.leave_out(column, value.beginning.clone(), &value.text, value.reason.clone());
            }
            // The values of one attribute are a list of their own.
            nested => match value_text::read(nested, column.value_field()) {
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
    /// counts, and the first of that column; attributes and further pictures are joined.
    pub(super) fn add_text(&mut self, column: &Column, text: &str) {
        if text.is_empty() || column.is_taxonomy && text.trim().bytes().all(|b| b.is_ascii_digit())
        {
            return;
        }
        let text = match column.first_of {
            Some(separator) => first_of(text, separator),
            None => text,
        };
        if text.trim().is_empty() {
            let slot = (FIELDS[column.field].slot)(&mut self.row);
            if slot.is_empty() && column.label.is_none() && column.pair.is_none() {
                text.clone_into(slot);
            }
            return;
        }
        self.is_blank = false;
        match column.grouping {
            Some(Grouping::Group) => text.trim().clone_into(&mut self.group),
            Some(Grouping::Variant) => self.is_variant = true,
            None => {}
        }
        match column.pair {
            Some(PairPart { place, is_name: true }) => self.names.push((place, text.to_owned())),
            Some(PairPart { place, .. }) if column.ignored.as_deref() != Some(text.trim()) => {
                self.values.push((place, text.to_owned()));
            }
            Some(_) => {}
            None => self.put(column, text),
        }
    }

    fn put(&mut self, column: &Column, text: &str) {
        let slot = (FIELDS[column.field].slot)(&mut self.row);
        let rank = &mut self.ranks[column.field];
        let is_free = slot.trim().is_empty();
        let is_list = column.field_name() == "attributes" && !is_free;
        if column.field_name() == "images" && !is_free && *rank == column.rank {
            slot.extend([" ", text]);
        } else if column.label.is_some() {
            append(slot, column.label.as_deref(), text);
        } else if is_list {
            match self.profile {
                Some(_) => append(slot, None, &attribute_list::read(text)),
                None => append(slot, None, text),
            }
        } else if column.field_name() == "attributes" && self.profile.is_some() {
            *slot = attribute_list::read(text);
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
    pub(super) fn finish(
        mut self,
        first_row: &mut Option<FirstRow>,
        left_out: &mut Vec<RefusedRow>,
    ) -> Option<FeedItem> {
        // Names that are not read are not even decoded, so that only a header tells that nothing is missing.
        if self.is_blank && matches!(self.layout, FeedLayout::Columns { .. }) {
            return None;
        }
        if self.is_path && self.row.sub_category.trim().is_empty() {
            let (main, sub) = category_path::split(&self.row.main_category);
            (self.row.main_category, self.row.sub_category) = (main, sub);
        }
        if !self.join_product(first_row) {
            return None;
        }
        if self.profile.is_some_and(|profile| profile.has_current_price)
            && self.row.actual_price.is_empty()
        {
            self.row.actual_price = std::mem::take(&mut self.row.discount_price);
        }
        let Self { row, unread, .. } = self;
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

    /// Adds the attributes that stand in pairs of columns, and what the first row of the product says. Returns
    /// `false` for a row that only adds a picture to it.
    fn join_product(&mut self, first_row: &mut Option<FirstRow>) -> bool {
        let is_first = !self.row.name.trim().is_empty();
        let first = first_row.as_ref().filter(|first| !is_first && first.is_of(&self.group));
        let mut options = Vec::new();
        for (place, value) in std::mem::take(&mut self.values) {
            let own = self.names.iter().find(|(other, _)| *other == place);
            let own = own.map(|(_, name)| &**name);
            let name = own.or_else(|| first.and_then(|first| first.attribute(place)));
            append(&mut self.row.attributes, name, &value);
            options.push(value);
        }
        if self.group.is_empty() {
            return true;
        }
        match first {
            Some(_) if !self.is_variant => return false,
            Some(first) => first.complete(&mut self.row),
            None if is_first => {
                let (group, names) = (self.group.clone(), std::mem::take(&mut self.names));
                *first_row = Some(FirstRow::new(group, &self.row, names));
            }
            None => {}
        }
        if self.row.product_id.is_empty() {
            // What tells a variant stays when others are added or removed.
            options.insert(0, std::mem::take(&mut self.group));
            self.row.product_id = options.join("/");
        }
        true
    }
}

/// Appends a value to attributes, `color: red; size: M`.
fn append(attributes: &mut String, name: Option<&str>, value: &str) {
    let separator = if attributes.is_empty() { "" } else { "; " };
    let colon = if name.is_some() { ": " } else { "" };
    attributes.extend([separator, name.unwrap_or_default(), colon, value]);
}

/// Returns the first of several values that is not blank.
fn first_of(text: &str, separator: char) -> &str {
    text.split(separator).map(str::trim).find(|value| !value.is_empty()).unwrap_or_default()
}

/// Returns the beginning of a text.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
