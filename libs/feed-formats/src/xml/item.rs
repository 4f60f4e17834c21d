use crate::invalid::{beginning, invalid, text_fault, too_long};
use crate::limits;
use crate::names::NameTable;
use crate::record::{InvalidValue, Value};
use crate::values::ValueBuffer;

/// The names and values of the current batch.
pub(super) struct ValueSink<'a> {
    pub(super) names: &'a mut NameTable,
    pub(super) values: &'a mut ValueBuffer,
}

/// An item whose elements are being read.
#[derive(Debug)]
pub(super) struct Item {
    /// The depth of the item's own element.
    pub(super) depth: usize,
    /// The line on which it begins.
    pub(super) line: u64,
    open: Option<OpenElement>,
    /// The text of the open element so far.
    text: String,
}

/// An element directly in the item that has not ended.
#[derive(Debug)]
struct OpenElement {
    /// The position of its name.
    name: usize,
    depth: usize,
    /// The problem of its text: the offending part and the reason.
    fault: Option<(String, String)>,
    is_too_long: bool,
}

impl ValueSink<'_> {
    /// Adds a value that is given as a whole.
    pub(super) fn add(&mut self, name: &str, text: &str) {
        let text = text.trim();
        let Some(name) = self.names.position(name).filter(|_| !text.is_empty()) else { return };
        if text.len() <= limits::VALUE && !text.contains('\0') {
            self.values.push_text(name, text);
        } else {
            self.values.push(name, invalid(text.as_bytes(), text_fault(text.as_bytes())));
        }
    }
}

impl Item {
    pub(super) fn new(line: u64, depth: usize) -> Self {
        Self { depth, line, open: None, text: String::new() }
    }

    /// Begins an element at `depth`. Only those directly in the item are values: the `g:price` in a
    /// `g:shipping` is not the item's.
    pub(super) fn open(&mut self, sink: &mut ValueSink<'_>, name: &str, depth: usize) {
        if depth == self.depth + 1
            && let Some(name) = sink.names.position(name)
        {
            self.text.clear();
            self.open = Some(OpenElement { name, depth, fault: None, is_too_long: false });
        }
    }

    /// Ends the element at `depth`.
    pub(super) fn close(&mut self, sink: &mut ValueSink<'_>, depth: usize) {
        let Some(element) = self.open.take_if(|element| element.depth == depth) else { return };
        let text = self.text.trim();
        let Some((beginning, reason)) = element.fault else {
            return sink.values.push_text(element.name, text);
        };
        let text = if element.is_too_long { String::new() } else { text.to_owned() };
        let value = Value::Invalid(Box::new(InvalidValue { beginning, text, reason }));
        sink.values.push(element.name, value);
    }

    /// Appends text to the open element.
    pub(super) fn text(&mut self, text: &str) {
        let Some(element) = &mut self.open else { return };
        if element.is_too_long {
            return;
        }
        if self.text.len() + text.len() > limits::VALUE {
            element.is_too_long = true;
            element.note(text, too_long);
            return;
        }
        if text.contains('\0') {
            element.note(text, || text_fault(text.as_bytes()));
        }
        self.text.push_str(text);
    }

    /// Appends a part that is not valid text to the open element.
    pub(super) fn invalid_text(&mut self, part: &str, reason: String) {
        if let Some(element) = &mut self.open {
            element.note(part, || reason);
        }
        self.text(part);
    }
}

impl OpenElement {
    /// Keeps what is wrong first.
    fn note(&mut self, part: &str, reason: impl FnOnce() -> String) {
        self.fault.get_or_insert_with(|| (beginning(part.as_bytes()), reason()));
    }
}
