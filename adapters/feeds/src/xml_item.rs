use crate::fields::{Column, Draft, Keys};
use crate::record::FIELD_LIMIT;
use crate::refusal::refused;
use ports::{FeedItem, RefusedRow};

/// An item that is being read.
#[derive(Debug)]
pub(crate) struct Item {
    line: u64,
    /// How many elements are open around what stands in it.
    pub(crate) depth: usize,
    draft: Draft,
    field: Option<Open>,
    /// What was read of the open field.
    text: String,
    fault: Option<RefusedRow>,
}

/// A field whose element is open.
#[derive(Debug)]
struct Open {
    column: Column,
    key: String,
    depth: usize,
}

impl Item {
    pub(crate) fn new(line: u64, depth: usize) -> Self {
        let (draft, text) = (Draft::new(line), String::new());
        Self { line, depth, draft, field: None, text, fault: None }
    }

    /// An element begins, so that `depth` are open. Only those right in the item are fields: a
    /// `g:price` in a `g:shipping` is no price of the product.
    pub(crate) fn open(&mut self, keys: &mut Keys, key: &str, depth: usize) {
        if depth == self.depth + 1
            && let Some(column) = keys.column(key)
        {
            self.text.clear();
            self.field = Some(Open { column, key: key.to_owned(), depth });
        }
    }

    /// The element ends of which `depth` were open.
    pub(crate) fn close(&mut self, depth: usize) {
        if let Some(field) = self.field.take_if(|field| field.depth == depth) {
            let text = std::mem::take(&mut self.text);
            self.put(&field.column, &field.key, text.trim());
            self.text = text;
        }
    }

    /// What `key` is given in one piece.
    pub(crate) fn value(&mut self, keys: &mut Keys, key: &str, text: &str) {
        if let Some(column) = keys.column(key) {
            self.put(&column, key, text.trim());
        }
    }

    fn put(&mut self, column: &Column, key: &str, text: &str) {
        // A product may stand on several shelves; the first is the shop's own choice.
        let is_repeatable = column.field() == "main_category" || column.field() == "link";
        if !self.draft.put(column, text) && !is_repeatable {
            self.fault(column.field(), text, format!("<{key}> gives this field again: keep one"));
        }
    }

    /// Text in the element that is open.
    pub(crate) fn text(&mut self, text: &str) {
        let Some(field) = &self.field else { return };
        let reason = if self.text.len() + text.len() > FIELD_LIMIT {
            format!("it is longer than {} KiB", FIELD_LIMIT >> 10)
        } else if text.contains('\0') {
            "it holds a NUL character: remove it".to_owned()
        } else {
            return self.text.push_str(text);
        };
        let name = field.column.field();
        self.fault(name, text, reason);
    }

    /// Something that is no text stands in the element that is open.
    pub(crate) fn refuse(&mut self, value: &str, reason: String) {
        if let Some(field) = &self.field {
            let name = field.column.field();
            self.fault(name, value, reason);
        }
    }

    fn fault(&mut self, field: &str, value: &str, reason: String) {
        let line = self.line;
        self.fault.get_or_insert_with(|| refused(line, field, value.as_bytes(), reason));
    }

    pub(crate) fn finish(self) -> FeedItem {
        self.fault.map_or_else(|| Ok(self.draft.finish()), Err)
    }
}
