use crate::fields::{Column, Draft, Keys};
use crate::record::FIELD_LIMIT;
use akin_ports::FeedItem;

/// An item that is being read.
#[derive(Debug)]
pub(crate) struct Item {
    /// How many elements are open around what stands in it.
    pub(crate) depth: usize,
    draft: Draft,
    field: Option<Open>,
    /// What was read of the open field.
    text: String,
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
        Self { depth, draft: Draft::new(line), field: None, text: String::new() }
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
            let reason = format!("<{key}> gives this field again: keep one");
            self.draft.fault(column, text.as_bytes(), reason);
        }
    }

    /// Text in the element that is open.
    pub(crate) fn text(&mut self, text: &str) {
        let Some(field) = &self.field else { return };
        if self.text.len() + text.len() > FIELD_LIMIT {
            let reason = format!("it is longer than {} KiB", FIELD_LIMIT >> 10);
            self.draft.fault(&field.column, text.as_bytes(), reason);
            // The rest is passed over.
            self.field = None;
            return;
        }
        if text.contains('\0') {
            let reason = "it holds a NUL character: remove it".to_owned();
            self.draft.fault(&field.column, text.as_bytes(), reason);
        }
        self.text.push_str(text);
    }

    /// Something that is no text stands in the element that is open.
    pub(crate) fn refuse(&mut self, value: &str, reason: String) {
        if let Some(field) = &self.field {
            self.draft.fault(&field.column, value.as_bytes(), reason);
        }
        self.text(value);
    }

    pub(crate) fn finish(self) -> FeedItem {
        self.draft.finish()
    }
}
