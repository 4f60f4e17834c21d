use crate::invalid::{invalid, text_fault, too_long};
use crate::limits;
use crate::record::{Members, Nested, Value};
use crate::values::ValueBuffer;
use serde_json::value::RawValue;

/// Adds a JSON value to `values`. A number keeps its digits, unless it has an exponent; `null` is
/// empty.
pub(super) fn read(values: &mut ValueBuffer, name: usize, raw: &str) {
    if let Some(text) = plain_text(raw) {
        values.push_text(name, text);
    } else if is_plain_number(raw) {
        values.push_number(name, raw);
    } else {
        values.push(name, value(raw, limits::JSON_DEPTH));
    }
}

/// Reads a value, down to `depth` levels.
fn value(raw: &str, depth: usize) -> Value {
    if raw.starts_with(['[', '{']) {
        return nested(raw, depth);
    }
    match scalar(raw) {
        Ok(Value::Text(text)) if text.len() > limits::VALUE || text.contains('\0') => {
            invalid(raw.as_bytes(), text_fault(text.as_bytes()))
        }
        Ok(value) => value,
        Err(reason) => invalid(raw.as_bytes(), reason),
    }
}

/// Returns the content of a JSON string without escapes, as most are. It holds no NUL, since control
/// characters must be escaped.
fn plain_text(raw: &str) -> Option<&str> {
    let text = raw.strip_prefix('"')?.strip_suffix('"')?;
    let is_plain = text.len() <= limits::VALUE && memchr::memchr(b'\\', text.as_bytes()).is_none();
    is_plain.then_some(text)
}

fn is_plain_number(raw: &str) -> bool {
    raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && !raw.contains(['e', 'E'])
}

fn scalar(raw: &str) -> Result<Value, String> {
    let text = match raw.as_bytes().first() {
        Some(b'"') => match plain_text(raw) {
            Some(text) => text.to_owned(),
            None => serde_json::from_str(raw).map_err(|error| error.to_string())?,
        },
        Some(b'n') => String::new(),
        Some(b'-' | b'0'..=b'9') => return number(raw).map(Value::Number),
        _ => raw.to_owned(),
    };
    Ok(Value::Text(text))
}

fn number(raw: &str) -> Result<String, String> {
    if is_plain_number(raw) {
        return Ok(raw.to_owned());
    }
    let number = raw.parse::<f64>().ok().filter(|number| number.is_finite());
    number.map(|number| number.to_string()).ok_or_else(|| "the number is too large".to_owned())
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
        return Ok(Members::List(items.iter().map(|item| value(item.get(), depth)).collect()));
    }
    let object: RawObject<'_> = serde_json::from_str(raw).map_err(|error| error.to_string())?;
    let members = object.0.into_iter().map(|(name, raw)| (name, value(raw.get(), depth)));
    Ok(Members::Object(members.collect()))
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
