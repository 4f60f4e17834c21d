use crate::record::{RecordValue, Value};

/// The values of a batch while its records are read.
#[derive(Debug, Default)]
pub(crate) struct ValueBuffer {
    pub(crate) text: String,
    pub(crate) values: Vec<(usize, RecordValue)>,
    /// The number of bytes of the values outside of `text`.
    other_size: usize,
}

impl ValueBuffer {
    /// Creates a buffer for a batch that is likely to be about as large as the one before, with
    /// `text` bytes of text and `values` values.
    pub(crate) fn with_capacity(text: usize, values: usize) -> Self {
        Self {
            text: String::with_capacity(text + text / 4),
            values: Vec::with_capacity(values + values / 4),
            other_size: 0,
        }
    }

    /// Returns the number of values.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Returns the number of bytes of the values.
    pub(crate) fn size(&self) -> usize {
        self.text.len() + self.other_size
    }

    /// Adds a text to the current record, unless it is empty.
    pub(crate) fn push_text(&mut self, name: usize, text: &str) {
        if !text.is_empty() {
            let start = self.text.len();
            self.text.push_str(text);
            self.values.push((name, RecordValue::Text(start..self.text.len())));
        }
    }

    /// Adds a number to the current record.
    pub(crate) fn push_number(&mut self, name: usize, number: &str) {
        let start = self.text.len();
        self.text.push_str(number);
        self.values.push((name, RecordValue::Number(start..self.text.len())));
    }

    /// Adds a value to the current record, unless it is an empty text.
    pub(crate) fn push(&mut self, name: usize, value: Value) {
        match &value {
            Value::Text(text) => self.push_text(name, text),
            Value::Number(number) => self.push_number(name, number),
            _ => {
                self.other_size += value.size();
                self.values.push((name, RecordValue::Other(value)));
            }
        }
    }

    /// Removes the values of a record that turned out to be malformed: those from `start` on.
    pub(crate) fn truncate(&mut self, start: usize) {
        for (_, value) in self.values.drain(start..).rev() {
            match value {
                RecordValue::Text(range) | RecordValue::Number(range) => {
                    self.text.truncate(range.start);
                }
                RecordValue::Other(value) => self.other_size -= value.size(),
            }
        }
    }
}
