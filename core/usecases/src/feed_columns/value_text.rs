use super::fields::PATH_SEPARATOR;
use akin_ports::FeedValue;
use std::borrow::Cow;

/// Returns the text of a value in `field`; the error says what is wrong with it.
///
/// A list is joined, as a path in a category. An object is a price (`amount` or `value`, and
/// `currency`) or names attributes.
pub(super) fn read(value: &FeedValue, field: &str) -> Result<String, String> {
    match value {
        FeedValue::List(list) => join(&list.items, field),
        FeedValue::Object(object) if field == "attributes" => attributes(&object.members),
        FeedValue::Object(object) if field.ends_with("price") => price(&object.members),
        FeedValue::Object(_) => Err("found an object: use a text or a number".to_owned()),
        FeedValue::Text(_) | FeedValue::Unreadable(_) => scalar(value).map(str::to_owned),
    }
}

/// Returns the value as the feed writes it.
pub(super) fn written(value: &FeedValue) -> &str {
    match value {
        FeedValue::Text(text) => text,
        FeedValue::List(list) => &list.text,
        FeedValue::Object(object) => &object.text,
        FeedValue::Unreadable(value) => &value.text,
    }
}

fn scalar(value: &FeedValue) -> Result<&str, String> {
    match value {
        FeedValue::Text(text) => Ok(text),
        FeedValue::Unreadable(value) => Err(value.reason.clone()),
        FeedValue::List(_) | FeedValue::Object(_) => {
            Err("nested too deeply: use a text or a number".to_owned())
        }
    }
}

fn join(items: &[FeedValue], field: &str) -> Result<String, String> {
    let items = items.iter().map(scalar).collect::<Result<Vec<_>, _>>()?;
    Ok(match field {
        "main_category" => items.join(PATH_SEPARATOR),
        "attributes" => items.join("; "),
        // A product has one page and one picture.
        "image" | "link" => items.first().copied().unwrap_or_default().to_owned(),
        _ => items.join(", "),
    })
}

/// `{"amount": 12.5, "currency": "USD"}` as `12.5 USD`.
fn price(members: &[(String, FeedValue)]) -> Result<String, String> {
    let find = |names: [&str; 2]| {
        let mut members = members.iter();
        let member =
            members.find(|(name, _)| names.iter().any(|other| name.eq_ignore_ascii_case(other)));
        member.map(|(_, value)| scalar(value)).transpose()
    };
    let amount = find(["amount", "value"])?
        .ok_or_else(|| "a price as an object needs an `amount` and a `currency`".to_owned())?;
    let currency = find(["currency", "currencyCode"])?.unwrap_or_default();
    Ok(format!("{amount} {currency}").trim_end().to_owned())
}

/// `{"color": "red", "width": 30}` as `color: red; width: 30`.
fn attributes(members: &[(String, FeedValue)]) -> Result<String, String> {
    let mut text = String::new();
    for (name, value) in members {
        let value = match value {
            FeedValue::List(list) => Cow::Owned(join(&list.items, "")?),
            value => Cow::Borrowed(scalar(value)?),
        };
        if !value.is_empty() {
            let separator = if text.is_empty() { "" } else { "; " };
            text.extend([separator, name, ": ", &value]);
        }
    }
    Ok(text)
}
