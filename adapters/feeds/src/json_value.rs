use crate::fields::PATH_SEPARATOR;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt::Write;

/// The text of a JSON value in `field`. An error says what is wrong with it.
///
/// A number is what stands there, to the last digit; `null` is blank. A list is joined, as a path
/// in a category; an object is a price (`amount` or `value`, and `currency`) or names attributes.
pub(crate) fn text_of<'a>(value: &'a str, field: &str) -> Result<Cow<'a, str>, String> {
    match value.as_bytes().first() {
        Some(b'[') => list(value, field).map(Cow::Owned),
        Some(b'{') if field == "attributes" => attributes(value).map(Cow::Owned),
        Some(b'{') if field.ends_with("price") => price(value).map(Cow::Owned),
        Some(b'{') => Err("an object stands where a text or a number belongs".to_owned()),
        _ => scalar(value),
    }
}

fn scalar(value: &str) -> Result<Cow<'_, str>, String> {
    match value.as_bytes().first() {
        Some(b'"') => match value[1..].split_once(['"', '\\']) {
            // Most texts stand there as they are.
            Some((text, "")) if value.ends_with('"') => Ok(Cow::Borrowed(text)),
            _ => serde_json::from_str(value).map(Cow::Owned).map_err(|error| error.to_string()),
        },
        Some(b'n') => Ok(Cow::Borrowed("")),
        Some(b'-' | b'0'..=b'9') if value.contains(['e', 'E']) => {
            let number: f64 = value.parse().map_err(|_| "no number".to_owned())?;
            Ok(Cow::Owned(number.to_string()))
        }
        Some(b'[' | b'{') => Err("it is nested too deeply: give a text or a number".to_owned()),
        _ => Ok(Cow::Borrowed(value)),
    }
}

fn list(value: &str, field: &str) -> Result<String, String> {
    let items: Vec<&RawValue> = serde_json::from_str(value).map_err(|error| error.to_string())?;
    let items = items.iter().map(|item| scalar(item.get()));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    Ok(match field {
        "main_category" => items.join(PATH_SEPARATOR),
        "attributes" => items.join("; "),
        // A product has one page, and one picture.
        "image" | "link" => items.into_iter().next().unwrap_or_default().into_owned(),
        _ => items.join(", "),
    })
}

fn members(value: &str) -> Result<Vec<(String, &RawValue)>, String> {
    struct Members<'a>(Vec<(String, &'a RawValue)>);

    impl<'de> serde::Deserialize<'de> for Members<'de> {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            from.deserialize_map(Visitor)
        }
    }

    struct Visitor;

    impl<'de> serde::de::Visitor<'de> for Visitor {
        type Value = Members<'de>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Members<'de>, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(Members(members))
        }
    }

    let members: Members<'_> = serde_json::from_str(value).map_err(|error| error.to_string())?;
    Ok(members.0)
}

/// `{"amount": 12.5, "currency": "USD"}` as `12.5 USD`.
fn price(value: &str) -> Result<String, String> {
    let members = members(value)?;
    let find = |names: [&str; 2]| {
        let member =
            members.iter().find(|(name, _)| names.iter().any(|n| name.eq_ignore_ascii_case(n)));
        member.map(|(_, value)| scalar(value.get())).transpose()
    };
    let amount = find(["amount", "value"])?
        .ok_or_else(|| "a price as an object has an `amount` and a `currency`".to_owned())?;
    let currency = find(["currency", "currencyCode"])?.unwrap_or_default();
    Ok(format!("{amount} {currency}").trim_end().to_owned())
}

/// `{"color": "red", "width": 30}` as `color: red; width: 30`.
fn attributes(value: &str) -> Result<String, String> {
    let mut text = String::new();
    for (name, value) in members(value)? {
        let value = text_of_attribute(value.get())?;
        if !value.is_empty() {
            let separator = if text.is_empty() { "" } else { "; " };
            // Writing to a text cannot fail.
            let _ = write!(text, "{separator}{name}: {value}");
        }
    }
    Ok(text)
}

fn text_of_attribute(value: &str) -> Result<Cow<'_, str>, String> {
    if value.starts_with('[') { list(value, "").map(Cow::Owned) } else { scalar(value) }
}
