use super::attribute_list;
use super::attribute_text::{append, merge};
use super::category_path;
use super::column::{Column, Grouping, PairPart};
use super::fields::FIELDS;
use super::profile::Profile;
use super::rows_of_product::GroupedRow;
use super::value_text;
use akin_ports::{FeedLayout, FeedRow, FeedValue, RefusedRow};

/// The maximum number of characters that a message repeats of an offending value.
const SHOWN: usize = 80;

/// The fields that name a product: a row of which one cannot be read is refused.
const NAMING: [&str; 2] = ["name", "product_id"];

/// Puts a row together from values.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of one another")]
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
    /// What the rows of a product have in common, and the rank of the column that says it.
    group: String,
    group_rank: u8,
    is_variant: bool,
    /// The names by which variants call the row if it is their parent, each with its place.
    keys: Vec<(u8, String)>,
    is_parent: bool,
    /// What tells a variant from others.
    part: String,
    /// The attributes of the product whose variant is built.
    general: Option<String>,
    /// True if the prices are those of the product whose variant is built.
    has_general_prices: bool,
    /// The values that cannot be read.
    unread: Vec<UnreadValue>,
}

#[derive(Clone)]
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
            group_rank: 0,
            is_variant: false,
            keys: Vec::new(),
            is_parent: false,
            part: String::new(),
            general: None,
            has_general_prices: false,
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
        if let Some(grouping) = column.grouping {
            self.group_by(grouping, text.trim());
        }
        match column.pair {
            _ if column.is_silent => {}
            Some(PairPart { place, is_name: true }) => self.names.push((place, text.to_owned())),
            _ if column.ignored.as_deref() == Some(text.trim()) => {}
            Some(PairPart { place, .. }) => self.values.push((place, text.to_owned())),
            None => self.put(column, text),
        }
    }

    fn group_by(&mut self, grouping: Grouping, text: &str) {
        match grouping {
            Grouping::Group(rank) if self.group.is_empty() || rank < self.group_rank => {
                text.clone_into(&mut self.group);
                self.group_rank = rank;
            }
            Grouping::Variant => self.is_variant = true,
            Grouping::Key(place) => self.keys.push((place, text.to_owned())),
            Grouping::Kind => {
                self.is_parent = self.profile.is_some_and(|profile| profile.is_parent(text));
            }
            Grouping::Part if self.part.is_empty() => text.clone_into(&mut self.part),
            Grouping::Group(_) | Grouping::Part => {}
        }
    }

    /// Begins the row of a variant of this product, which says itself what is different.
    pub(super) fn variant(&self) -> Self {
        let mut variant = self.clone();
        variant.general = Some(std::mem::take(&mut variant.row.attributes));
        variant.has_general_prices = true;
        variant.row.product_id.clear();
        variant
    }

    /// Sets the number that tells the variant from others if it does not say so itself; 0 if it is the only one.
    pub(super) fn number_variant(&mut self, number: usize) {
        if self.part.is_empty() && number > 0 {
            self.part = number.to_string();
        }
        if self.row.item_group_id.trim().is_empty() {
            self.row.item_group_id.clone_from(&self.group);
        }
    }

    fn put(&mut self, column: &Column, text: &str) {
        if column.is_of_variant && self.has_general_prices && column.field_name().ends_with("price")
        {
            // The two prices belong together.
            self.has_general_prices = false;
            self.row.discount_price.clear();
            self.row.actual_price.clear();
        }
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
    /// into the first category and the path below it. Values that cannot be read are left out, each with the row
    /// as it was written, for correction.
    pub(super) fn finish(mut self) -> Option<Result<GroupedRow, RefusedRow>> {
        // Names that are not read are not even decoded, so that only a header tells that nothing is missing.
        if self.is_blank && matches!(self.layout, FeedLayout::Columns { .. }) {
            return None;
        }
        if self.is_path && self.row.sub_category.trim().is_empty() {
            let (main, sub) = category_path::split(&self.row.main_category);
            (self.row.main_category, self.row.sub_category) = (main, sub);
        }
        if let Some(general) = &self.general {
            self.row.attributes = merge(general, &self.row.attributes);
        }
        if self.profile.is_some_and(|profile| profile.has_current_price)
            && self.row.actual_price.is_empty()
        {
            self.row.actual_price = std::mem::take(&mut self.row.discount_price);
        }
        let left_out = if self.unread.is_empty() { Vec::new() } else { self.notes() };
        if let Some(refused) = left_out.iter().find(|note| !note.is_kept) {
            return Some(Err(refused.clone()));
        }
        Some(Ok(self.grouped(left_out)))
    }

    /// Returns the values that cannot be read. If one of them names the product, it alone is not kept.
    fn notes(&mut self) -> Vec<RefusedRow> {
        let unread = std::mem::take(&mut self.unread);
        let mut written = self.row.clone();
        for value in &unread {
            let slot = (FIELDS[value.field].slot)(&mut written);
            if slot.is_empty() {
                slot.clone_from(&value.text);
            }
        }
        let names_product = |value: &UnreadValue| NAMING.contains(&FIELDS[value.field].name);
        let fatal = unread.iter().position(names_product);
        let note = |(position, value): (usize, UnreadValue)| RefusedRow {
            line: written.line,
            is_kept: fatal != Some(position),
            field: FIELDS[value.field].name.to_owned(),
            value: value.beginning,
            reason: value.reason,
            row: Some(Box::new(written.clone())),
        };
        unread.into_iter().enumerate().map(note).collect()
    }

    /// Returns the row with what it says of the rows of its product.
    fn grouped(self, left_out: Vec<RefusedRow>) -> GroupedRow {
        let Self { mut row, mut keys, profile, group, names, values, part, .. } = self;
        let profile = profile.filter(|_| self.is_parent);
        keys.sort_by_key(|(place, _)| *place);
        let key = |(place, text): &(u8, String)| Some(profile?.parent_key(*place, text));
        let keys: Vec<_> = keys.iter().filter_map(key).collect();
        if row.item_group_id.is_empty() {
            keys.first().unwrap_or(&String::new()).clone_into(&mut row.item_group_id);
        }
        let names_parent =
            !group.is_empty() && self.profile.is_some_and(Profile::groups_are_of_variants);
        let is_variant = self.is_variant || names_parent;
        GroupedRow { row, left_out, group, keys, is_variant, names_parent, names, values, part }
    }
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
