use crate::invalid::{invalid, text_fault, too_long};
use crate::limits;
use crate::record::{Members, Nested, Value};
use crate::values::ValueBuffer;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Adds a JSON value to `values`. A number keeps its digits, unless it has an exponent; `null` is
/// empty.
pub(super) fn read(values: &mut ValueBuffer, name: usize, raw: &str) {
    if raw.starts_with(['[', '{']) {
        return values.push(name, nested(raw, limits::JSON_DEPTH));
    }
    if let Some(text) = plain_text(raw) {
        return values.push_text(name, text);
    }
    let fault = match scalar(raw) {
        Ok(text) if text.len() > limits::VALUE || text.contains('\0') => {
            text_fault(text.as_bytes())
        }
        Ok(text) => return values.push_text(name, &text),
        Err(reason) => reason,
    };
    values.push(name, invalid(raw.as_bytes(), fault));
}

/// Returns the content of a JSON string without escapes, as most are. It holds no NUL, since control
/// characters must be escaped.
fn plain_text(raw: &str) -> Option<&str> {
    let text = raw.strip_prefix('"')?.strip_suffix('"')?;
    let is_plain = text.len() <= limits::VALUE && memchr::memchr(b'\\', text.as_bytes()).is_none();
    is_plain.then_some(text)
}

fn scalar(raw: &str) -> Result<Cow<'_, str>, String> {
    match raw.as_bytes().first() {
        Some(b'"') => match plain_text(raw) {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => serde_json::from_str(raw).map(Cow::Owned).map_err(|error| error.to_string()),
        },
        Some(b'n') => Ok(Cow::Borrowed("")),
        Some(b'-' | b'0'..=b'9') if raw.contains(['e', 'E']) => {
            let number: f64 = raw.parse().map_err(|_| "not a number".to_owned())?;
            Ok(Cow::Owned(number.to_string()))
        }
        _ => Ok(Cow::Borrowed(raw)),
    }
}

/// Reads a list or an object, down to `depth` levels.
fn nested(raw: &str, depth: usize) -> Value {
    if depth == 0 {
        let reason = "nested too deeply: use a text or a number".to_owned();
        return invalid(raw.as_bytes(), reason);
    }
    if raw.len() > limits::VALUE {
        return invalid(raw.as_bytes(), too_long());
    }
    match members(raw, depth - 1) {
        Ok(members) => Value::Nested(Box::new(Nested { text: raw.to_owned(), members })),
        Err(reason) => invalid(raw.as_bytes(), reason),
    }
}

fn members(raw: &str, depth: usize) -> Result<Members, String> {
    if raw.starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(raw).map_err(|error| error.to_string())?;
        let items = items.into_iter().map(|item| member(item.get(), depth));
        return items.collect::<Result<_, _>>().map(Members::List);
    }
    let object: RawObject<'_> = serde_json::from_str(raw).map_err(|error| error.to_string())?;
    let mut members = Vec::with_capacity(object.0.len());
    for (name, value) in object.0 {
        members.push((name, member(value.get(), depth)?));
    }
    Ok(Members::Object(members))
}

/// Reads a value within another. A NUL in it makes the outer value invalid.
fn member(raw: &str, depth: usize) -> Result<Value, String> {
    if raw.starts_with(['[', '{']) {
        return Ok(nested(raw, depth));
    }
    let text = scalar(raw)?;
    if text.contains('\0') {
        Err(text_fault(text.as_bytes()))
    } else {
        Ok(Value::Text(text.into_owned()))
    }
}

/// The members of an object, in their order; names may be repeated.
struct RawObject<'a>(Vec<(String, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for RawObject<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> serde::de::Visitor<'de> for ObjectVisitor {
    type Value = RawObject<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(
        self,
        mut map: A,
    ) -> Result<RawObject<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(RawObject(members))
    }
}
