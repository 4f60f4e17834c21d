//! Rows of one product that follow one another: the first names it, and the others repeat only what is theirs.

mod completion;
mod parents;

use super::attribute_text::append;
use akin_ports::{FeedItem, FeedRow, RefusedRow};
use completion::complete;
use parents::RememberedParents;

/// A row, and what it says of the rows of its product.
#[derive(Debug, Default)]
pub(super) struct GroupedRow {
    pub(super) row: FeedRow,
    /// The values without which it is kept.
    pub(super) left_out: Vec<RefusedRow>,
    /// The text that all rows of the product have in common; empty if the row stands alone.
    pub(super) group: String,
    /// The names by which variants call this row, if it only says what they have in common.
    pub(super) keys: Vec<String>,
    pub(super) is_variant: bool,
    /// True if its group is the name of a parent.
    pub(super) names_parent: bool,
    /// The names and the values of attributes, each with its place.
    pub(super) names: Vec<(u8, String)>,
    pub(super) values: Vec<(u8, String)>,
    /// What tells a variant from others, if it is no attribute.
    pub(super) part: String,
}

/// The rows of a batch that are complete.
#[derive(Debug, Default)]
pub(super) struct ReadyRows {
    pub(super) items: Vec<FeedItem>,
    pub(super) left_out: Vec<RefusedRow>,
}

/// Puts the rows of products together.
#[derive(Debug, Default)]
pub(super) struct RowsOfProduct {
    held: Option<HeldRows>,
    parents: RememberedParents,
}

/// The rows of the product that is being read.
#[derive(Debug)]
struct HeldRows {
    keys: Vec<String>,
    /// True if the first row is no product where there are variants.
    is_parent: bool,
    first: FeedRow,
    /// The names of the attributes of the first row.
    names: Vec<(u8, String)>,
    rows: Vec<(FeedRow, Vec<RefusedRow>)>,
    /// The pictures of all rows.
    pictures: Vec<String>,
    size: usize,
    /// True if its first rows have been released, to hold no more.
    is_released: bool,
}

/// The number of rows of a product that are held, and of the bytes of their texts: bounds the memory.
const MAX_ROWS: usize = 2_048;
const MAX_BYTES: usize = 8 << 20;

/// The number of pictures of a product that count.
const MAX_PICTURES: usize = 100;

impl RowsOfProduct {
    /// Adds a row. Rows become ready when those of another product begin.
    pub(super) fn add(&mut self, mut row: GroupedRow, ready: &mut ReadyRows) {
        if let Some(held) = self.held.as_mut().filter(|held| held.takes(&row)) {
            held.add(row);
            if held.rows.len() >= MAX_ROWS || held.size > MAX_BYTES {
                held.release(ready);
            }
            return;
        }
        self.release(ready);
        let is_parent = !row.keys.is_empty();
        if is_parent {
            self.parents.remember(&row.keys, &row.row);
            let keys = std::mem::take(&mut row.keys);
            self.held = Some(HeldRows::begin(keys, is_parent, row));
        } else if let Some(parent) = self.parents.find(&row.group) {
            complete(&mut row.row, parent);
            row.finish(&[]);
            ready.push(row.row, row.left_out);
        } else if row.names_parent || row.group.is_empty() || row.row.name.trim().is_empty() {
            row.finish(&[]);
            ready.push(row.row, row.left_out);
        } else {
            self.held = Some(HeldRows::begin(vec![row.group.clone()], is_parent, row));
        }
    }

    /// Releases the rows that are held: no more follow.
    pub(super) fn release(&mut self, ready: &mut ReadyRows) {
        if let Some(mut held) = self.held.take() {
            held.release(ready);
        }
    }
}

impl HeldRows {
    fn begin(keys: Vec<String>, is_parent: bool, mut row: GroupedRow) -> Self {
        row.finish(&[]);
        let mut held = Self {
            keys,
            is_parent,
            first: row.row.clone(),
            names: row.names,
            size: row.row.size(),
            rows: Vec::new(),
            pictures: Vec::new(),
            is_released: false,
        };
        held.add_pictures(&row.row);
        held.rows.push((row.row, row.left_out));
        held
    }

    /// Adds the pictures of a row to those of the product.
    fn add_pictures(&mut self, row: &FeedRow) {
        for picture in row.images.split_whitespace().chain([row.image.trim()]) {
            let is_new = !picture.is_empty() && !self.pictures.iter().any(|known| known == picture);
            if is_new && self.pictures.len() < MAX_PICTURES {
                self.pictures.push(picture.to_owned());
            }
        }
    }

    /// Returns whether a row belongs to the product.
    fn takes(&self, row: &GroupedRow) -> bool {
        let is_possible = row.is_variant || row.row.name.trim().is_empty();
        is_possible && !row.group.is_empty() && self.keys.contains(&row.group)
    }

    fn add(&mut self, mut row: GroupedRow) {
        self.add_pictures(&row.row);
        if !row.is_variant {
            if let Some((_, left_out)) = self.rows.last_mut() {
                left_out.append(&mut row.left_out);
            }
            return;
        }
        row.finish(&self.names);
        complete(&mut row.row, &self.first);
        self.size += row.row.size();
        self.rows.push((row.row, row.left_out));
    }

    fn release(&mut self, ready: &mut ReadyRows) {
        let has_variants = self.rows.len() > 1 || self.is_released;
        let skipped = usize::from(self.is_parent && has_variants && !self.is_released);
        for (position, (mut row, left_out)) in self.rows.drain(..).enumerate() {
            if position < skipped {
                ready.left_out.extend(left_out);
                continue;
            }
            // A variant that has a parent says itself what it shows.
            if !self.is_parent {
                let others = self.pictures.iter().filter(|picture| **picture != row.image.trim());
                row.images = others.map(String::as_str).collect::<Vec<_>>().join(" ");
            }
            ready.push(row, left_out);
        }
        (self.size, self.is_released) = (0, true);
    }
}

impl GroupedRow {
    /// Adds the attributes that stand in pairs of columns, whose names the first row of the product may have, and
    /// the id of a variant.
    pub(super) fn finish(&mut self, first_names: &[(u8, String)]) {
        let mut parts = Vec::new();
        for (place, value) in std::mem::take(&mut self.values) {
            let mut names = self.names.iter().chain(first_names);
            let name = names.find(|(other, _)| *other == place).map(|(_, name)| &**name);
            append(&mut self.row.attributes, name, &value);
            parts.push(value);
        }
        if !self.row.product_id.is_empty() || self.group.is_empty() {
            return;
        }
        if parts.is_empty() && !self.part.is_empty() {
            parts.push(std::mem::take(&mut self.part));
        }
        // What tells a variant stays when others are added or removed.
        parts.insert(0, self.group.clone());
        self.row.product_id = parts.join("/");
    }
}

impl ReadyRows {
    pub(super) fn push(&mut self, row: FeedRow, left_out: Vec<RefusedRow>) {
        self.items.push(Ok(row));
        self.left_out.extend(left_out);
    }
}
