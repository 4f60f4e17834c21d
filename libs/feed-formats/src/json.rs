mod arrangement;
mod not_a_number;
mod value;

use crate::error::Error;
use crate::invalid::{malformed, not_utf8};
use crate::limits;
use crate::names::{NameFilter, NameTable};
use crate::reader::{LineResult, Parser};
use crate::record::Layout;
use crate::values::ValueBuffer;
use crate::window::Window;
use arrangement::Arrangement;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Parses objects on lines, one after another, in an array, or in the one array of an object.
pub(crate) struct JsonParser {
    window: Window,
    arrangement: Arrangement,
    /// The number of bytes at the beginning of the window that the current record takes.
    record_length: usize,
}

impl JsonParser {
    pub(crate) fn new(mut window: Window, filter: &NameFilter) -> Result<Self, Error> {
        if window.bytes().is_empty() && !window.read_more()? {
            return Err(Error::Empty);
        }
        skip_blanks(&mut window)?;
        let (arrangement, start) = match window.bytes().first() {
            Some(b'[') => (Arrangement::Array(0), 1),
            Some(b'{') => Arrangement::detect(&mut window, filter),
            _ => (Arrangement::Lines, 0),
        };
        window.release(start);
        Ok(Self { window, arrangement, record_length: 0 })
    }

    fn next_line(
        &mut self,
        names: &mut NameTable,
        values: &mut ValueBuffer,
    ) -> Result<Option<LineResult>, Error> {
        loop {
            if !self.window.skip_line_ends()? {
                return Ok(None);
            }
            let line = self.window.line();
            let Some(length) = line_length(&mut self.window)? else {
                return self.skip_long_line(line).map(Some);
            };
            self.record_length = length;
            let text = self.window.bytes()[..length].trim_ascii();
            // Some write the lines of an array without its brackets.
            let text = text.strip_suffix(b",").unwrap_or(text);
            if !is_blank(text) {
                return Ok(Some(record(names, values, line, text)));
            }
            self.window.release(std::mem::take(&mut self.record_length));
        }
    }

    /// Skips a line that is too long, and reports it.
    fn skip_long_line(&mut self, line: u64) -> Result<LineResult, Error> {
        let reason = format!(
            "the line does not end within {} MiB: look for a missing line end",
            limits::RECORD >> 20
        );
        let record = Err(malformed(line, &self.window.bytes()[..1_024], reason));
        self.window.skip_line(0)?;
        self.record_length = 0;
        Ok(record)
    }

    /// Reads the next object of an array, after `before` others.
    fn next_element(
        &mut self,
        names: &mut NameTable,
        values: &mut ValueBuffer,
        before: u64,
    ) -> Result<Option<LineResult>, Error> {
        skip_blanks(&mut self.window)?;
        let first = self.window.bytes().first().copied();
        if first == Some(b']') {
            self.window.release(1);
            let is_wrapped = matches!(self.arrangement, Arrangement::Wrapped(_));
            self.arrangement = Arrangement::Ended;
            return if is_wrapped { self.skip_rest() } else { self.expect_end() };
        }
        if first == Some(b',') && before > 0 {
            self.window.release(1);
            skip_blanks(&mut self.window)?;
        } else if before > 0 {
            return Err(self.malformed("expected a comma or `]` in the array"));
        }
        self.arrangement = match self.arrangement {
            Arrangement::Wrapped(_) => Arrangement::Wrapped(before + 1),
            _ => Arrangement::Array(before + 1),
        };
        self.next_object(names, values).map(Some)
    }

    /// Reads the next object of those that follow one another, with or without commas.
    fn next_in_sequence(
        &mut self,
        names: &mut NameTable,
        values: &mut ValueBuffer,
    ) -> Result<Option<LineResult>, Error> {
        skip_blanks(&mut self.window)?;
        if self.window.bytes().first() == Some(&b',') {
            self.window.release(1);
            skip_blanks(&mut self.window)?;
        }
        if self.window.bytes().is_empty() {
            return Ok(None);
        }
        self.next_object(names, values).map(Some)
    }

    fn next_object(
        &mut self,
        names: &mut NameTable,
        values: &mut ValueBuffer,
    ) -> Result<LineResult, Error> {
        let line = self.window.line();
        self.record_length = self.element_length()?;
        let text = &self.window.bytes()[..self.record_length];
        Ok(record(names, values, line, text))
    }

    /// Skips what follows the array of records in an object.
    fn skip_rest(&mut self) -> Result<Option<LineResult>, Error> {
        loop {
            self.window.release(self.window.bytes().len());
            if !self.window.read_more()? {
                return Ok(None);
            }
        }
    }

    fn expect_end(&mut self) -> Result<Option<LineResult>, Error> {
        skip_blanks(&mut self.window)?;
        match self.window.bytes() {
            [] => Ok(None),
            _ => Err(self.malformed("unexpected text after the array: remove it")),
        }
    }

    /// Returns the length of the object at the beginning of the window.
    fn element_length(&mut self) -> Result<usize, Error> {
        if self.window.bytes().first().is_some_and(|&byte| byte != b'{') {
            return Err(self.malformed("expected an object `{...}`"));
        }
        let mut brackets = Brackets::default();
        let mut seen = 0;
        loop {
            if let Some(end) = brackets.end(&self.window.bytes()[seen..]) {
                return Ok(seen + end);
            }
            seen = self.window.bytes().len();
            if seen > limits::RECORD {
                let reason = format!(
                    "the object does not end within {} MiB: look for a missing `}}`",
                    limits::RECORD >> 20
                );
                return Err(self.malformed(&reason));
            }
            if !self.window.read_more()? {
                return Err(
                    self.malformed("the text is cut off here; was the file written completely?")
                );
            }
        }
    }

    fn malformed(&self, reason: &str) -> Error {
        Error::Malformed { line: self.window.line(), reason: reason.to_owned() }
    }
}

impl Parser for JsonParser {
    fn layout(&self) -> Layout {
        Layout::Keys
    }

    fn next(
        &mut self,
        names: &mut NameTable,
        values: &mut ValueBuffer,
    ) -> Result<Option<LineResult>, Error> {
        self.window.release(std::mem::take(&mut self.record_length));
        match self.arrangement {
            Arrangement::Lines => self.next_line(names, values),
            Arrangement::Sequence => self.next_in_sequence(names, values),
            Arrangement::Array(before) | Arrangement::Wrapped(before) => {
                self.next_element(names, values, before)
            }
            Arrangement::Ended => Ok(None),
        }
    }

    fn bytes_read(&self) -> u64 {
        self.window.offset() + self.record_length as u64
    }
}

/// Finds the end of a JSON value that arrives in pieces, by counting its brackets.
#[derive(Debug, Default)]
struct Brackets {
    depth: usize,
    is_text: bool,
    is_escaped: bool,
}

impl Brackets {
    /// Returns the position in `bytes` at which the value ends, if it does.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (position, byte) in bytes.iter().enumerate() {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.is_text => self.is_escaped = true,
                b'"' => self.is_text = !self.is_text,
                _ if self.is_text => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(position + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// Returns the length of the line at the beginning of the window; `None` if it is too long.
fn line_length(window: &mut Window) -> Result<Option<usize>, Error> {
    let mut seen = 0;
    loop {
        if let Some(at) = memchr::memchr2(b'\n', b'\r', &window.bytes()[seen..]) {
            return Ok((seen + at <= limits::RECORD).then_some(seen + at));
        }
        seen = window.bytes().len();
        if seen > limits::RECORD {
            return Ok(None);
        }
        if !window.read_more()? {
            return Ok(Some(seen));
        }
    }
}

/// Returns whether a line has no object, or an empty one.
fn is_blank(line: &[u8]) -> bool {
    let inner = line.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
    inner.unwrap_or(line).trim_ascii().is_empty()
}

fn skip_blanks(window: &mut Window) -> Result<(), Error> {
    loop {
        let blanks = window.bytes().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        window.release(blanks);
        if !window.bytes().is_empty() || !window.read_more()? {
            return Ok(());
        }
    }
}

/// Reads the text of an object.
fn record(names: &mut NameTable, values: &mut ValueBuffer, line: u64, text: &[u8]) -> LineResult {
    let object = std::str::from_utf8(text)
        .map_err(|error| malformed(line, text, not_utf8(text, error.valid_up_to())))?;
    let first = values.len();
    let read = match read_object(names, values, object) {
        Err(error) => match not_a_number::as_null(object) {
            Some(object) => {
                values.truncate(first);
                read_object(names, values, &object)
            }
            None => Err(error),
        },
        read => read,
    };
    read.map(|()| line).map_err(|error| malformed(line, text, not_an_object(&error)))
}

fn read_object(
    names: &mut NameTable,
    values: &mut ValueBuffer,
    object: &str,
) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_str(object);
    Object { names, values }.deserialize(&mut deserializer)?;
    deserializer.end()
}

/// Returns why a text is not a JSON object, with the position within the text.
fn not_an_object(error: &serde_json::Error) -> String {
    let (message, column) = (error.to_string(), error.column());
    let message = message.split(" at line ").next().unwrap_or_default();
    match error.line() {
        _ if column == 0 => format!("not a JSON object: {message}"),
        0 | 1 => format!("not a JSON object: {message}, at byte {column}"),
        line => format!("not a JSON object: {message}, at byte {column} of line {line} in it"),
    }
}

/// Deserializes an object as the values of a record.
struct Object<'a> {
    names: &'a mut NameTable,
    values: &'a mut ValueBuffer,
}

#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        self.names.restart();
        while let Some(Key(key)) = map.next_key()? {
            let Some(position) = self.names.position(&key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            value::read(self.values, position, map.next_value::<&RawValue>()?.get());
        }
        Ok(())
    }
}
