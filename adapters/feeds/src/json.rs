use crate::error::FeedError;
use crate::fields::{Draft, Keys};
use crate::json_value::text_of;
use crate::map::ColumnMap;
use crate::read_ahead::Rows;
use crate::record::{FIELD_LIMIT, RECORD_LIMIT};
use crate::refusal::{not_utf8, refused, text_fault};
use crate::window::Window;
use akin_ports::FeedItem;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The rows of JSON Lines, or of one array of objects.
pub(crate) struct JsonRows {
    window: Window,
    keys: Keys,
    layout: Layout,
    /// How many bytes of the window the present row takes.
    row: usize,
}

/// How the objects of a feed stand beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// One on each line.
    Lines,
    /// In an array, of which this many were read.
    Array(u64),
    /// The array has ended.
    Ended,
}

impl JsonRows {
    pub(crate) fn new(mut window: Window, map: ColumnMap) -> Result<Self, FeedError> {
        if window.bytes().is_empty() && !window.read_more()? {
            return Err(FeedError::Nothing(window.name().to_owned()));
        }
        skip_blanks(&mut window)?;
        let layout = match window.bytes().first() {
            Some(b'[') => {
                window.release(1);
                Layout::Array(0)
            }
            _ => Layout::Lines,
        };
        Ok(Self { window, keys: Keys::new(map), layout, row: 0 })
    }

    fn next_line(&mut self) -> Result<Option<FeedItem>, FeedError> {
        loop {
            if !self.window.skip_line_ends()? {
                return Ok(None);
            }
            let line = self.window.line();
            let Some(length) = line_length(&mut self.window)? else {
                return self.give_up(line).map(Some);
            };
            self.row = length;
            let text = self.window.bytes()[..length].trim_ascii();
            if !text.is_empty() {
                return Ok(Some(row(&mut self.keys, line, text)));
            }
            self.window.release(length);
        }
    }

    /// Refuses a line that is too long, and passes over it.
    fn give_up(&mut self, line: u64) -> Result<FeedItem, FeedError> {
        let reason = format!(
            "the line does not end within {} MiB: look for a missing line end",
            RECORD_LIMIT >> 20
        );
        let item = Err(refused(line, "", &self.window.bytes()[..1_024], reason));
        self.window.skip_line(0)?;
        self.row = 0;
        Ok(item)
    }

    fn next_element(&mut self, before: u64) -> Result<Option<FeedItem>, FeedError> {
        skip_blanks(&mut self.window)?;
        let first = self.window.bytes().first().copied();
        if first == Some(b']') {
            self.window.release(1);
            self.layout = Layout::Ended;
            return self.nothing_more();
        }
        if first == Some(b',') && before > 0 {
            self.window.release(1);
            skip_blanks(&mut self.window)?;
        } else if before > 0 {
            return Err(self.broken("the array does not go on with a comma or end with `]`"));
        }
        let line = self.window.line();
        self.row = self.element_length()?;
        self.layout = Layout::Array(before + 1);
        let text = &self.window.bytes()[..self.row];
        Ok(Some(row(&mut self.keys, line, text)))
    }

    fn nothing_more(&mut self) -> Result<Option<FeedItem>, FeedError> {
        skip_blanks(&mut self.window)?;
        match self.window.bytes() {
            [] => Ok(None),
            _ => Err(self.broken("something follows the end of the array")),
        }
    }

    /// How many bytes the object takes with which the window begins.
    fn element_length(&mut self) -> Result<usize, FeedError> {
        if self.window.bytes().first().is_some_and(|&byte| byte != b'{') {
            return Err(self.broken("no object `{...}` stands here"));
        }
        let mut brackets = Brackets::default();
        let mut seen = 0;
        loop {
            if let Some(end) = brackets.end(&self.window.bytes()[seen..]) {
                return Ok(seen + end);
            }
            seen = self.window.bytes().len();
            if seen > RECORD_LIMIT {
                let what = format!("an object does not end within {} MiB", RECORD_LIMIT >> 20);
                return Err(self.broken(&what));
            }
            if !self.window.read_more()? {
                return Err(self.broken(
                    "the array is cut off in or before this object; was the file written completely?",
                ));
            }
        }
    }

    fn broken(&self, reason: &str) -> FeedError {
        let (name, line) = (self.window.name().to_owned(), self.window.line());
        FeedError::Broken { name, line, reason: reason.to_owned() }
    }
}

impl Rows for JsonRows {
    fn next(&mut self) -> Result<Option<FeedItem>, FeedError> {
        self.window.release(std::mem::take(&mut self.row));
        match self.layout {
            Layout::Lines => self.next_line(),
            Layout::Array(before) => self.next_element(before),
            Layout::Ended => Ok(None),
        }
    }

    fn passed(&self) -> u64 {
        self.window.offset() + self.row as u64
    }
}

/// Counts the brackets of a JSON value, in as many pieces as it comes in.
#[derive(Debug, Default)]
struct Brackets {
    depth: usize,
    is_text: bool,
    is_escaped: bool,
}

impl Brackets {
    /// Where in `bytes` the value ends, if it does.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.is_text => self.is_escaped = true,
                b'"' => self.is_text = !self.is_text,
                _ if self.is_text => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// How many bytes the line takes with which the window begins; `None` if they are too many.
fn line_length(window: &mut Window) -> Result<Option<usize>, FeedError> {
    let mut seen = 0;
    loop {
        if let Some(at) = memchr::memchr2(b'\n', b'\r', &window.bytes()[seen..]) {
            return Ok((seen + at <= RECORD_LIMIT).then_some(seen + at));
        }
        seen = window.bytes().len();
        if seen > RECORD_LIMIT {
            return Ok(None);
        }
        if !window.read_more()? {
            return Ok(Some(seen));
        }
    }
}

fn skip_blanks(window: &mut Window) -> Result<(), FeedError> {
    loop {
        let blanks = window.bytes().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        window.release(blanks);
        if !window.bytes().is_empty() || !window.read_more()? {
            return Ok(());
        }
    }
}

/// The row that an object's text gives.
fn row(keys: &mut Keys, line: u64, text: &[u8]) -> FeedItem {
    let object = std::str::from_utf8(text)
        .map_err(|fault| refused(line, "", text, not_utf8(text, fault.valid_up_to())))?;
    let mut deserializer = serde_json::Deserializer::from_str(object);
    let row = Object { keys, line }.deserialize(&mut deserializer);
    let row = row.and_then(|row| deserializer.end().map(|()| row));
    row.unwrap_or_else(|fault| Err(refused(line, "", text, no_object(&fault))))
}

/// What is wrong with a text that is no JSON object.
fn no_object(fault: &serde_json::Error) -> String {
    let (said, column) = (fault.to_string(), fault.column());
    let what = said.split(" at line ").next().unwrap_or_default();
    match fault.line() {
        _ if column == 0 => format!("no JSON object: {what}"),
        0 | 1 => format!("no JSON object: {what}, at byte {column} of it"),
        line => format!("no JSON object: {what}, in its line {line} at byte {column}"),
    }
}

/// Reads an object as a row; what is wrong with a value is said by its field.
struct Object<'a> {
    keys: &'a mut Keys,
    line: u64,
}

#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = FeedItem;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = FeedItem;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a product's fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut draft = Draft::new(self.line);
        while let Some(Key(key)) = map.next_key()? {
            let Some(column) = self.keys.column(&key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value::<&RawValue>()?.get();
            let reason = match text_of(value, column.field()) {
                Ok(text) if text.len() > FIELD_LIMIT || text.contains('\0') => {
                    text_fault(text.as_bytes())
                }
                Ok(text) if draft.put(&column, &text) => continue,
                Ok(_) => "another key gives this field too: remove or rename one".to_owned(),
                Err(reason) => reason,
            };
            draft.refuse(&column, value.as_bytes(), reason);
        }
        Ok(draft.finish())
    }
}
