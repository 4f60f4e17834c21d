use super::fields::PATH_SEPARATOR;
use akin_ports::FeedValue;
use std::borrow::Cow;

/// The names under which an object has its text, the address of a picture or page, an amount and its currency,
/// a rating, and the values of an attribute; the best first.
const TEXT: [&str; 6] = ["name", "title", "label", "value", "text", "#text"];
const ADDRESS: [&str; 7] = ["src", "url", "href", "link", "contentUrl", "large", "original"];
const AMOUNT: [&str; 4] = ["amount", "value", "price", "gross"];
const CURRENCY: [&str; 5] =
    ["currency", "currencyCode", "currency_code", "priceCurrency", "currency_id"];
const RATING: [&str; 6] = ["ratingValue", "average", "rate", "rating", "value", "stars"];
const VALUES: [&str; 5] = ["options", "values", "value", "option", "label"];
const KEYS: [&str; 4] = ["name", "key", "attribute_code", "label"];

type Text<'a> = Result<Cow<'a, str>, String>;

/// Returns the text of a value in `field`; the error says what is wrong with it.
///
/// A list of texts is joined, as a path in a category, and a list of lists has several paths. An object gives
/// its name, a picture its address, a price its amount and currency; in attributes it gives pairs.
pub(super) fn read<'a>(value: &'a FeedValue, field: &str) -> Text<'a> {
    match value {
        FeedValue::Text(text) => Ok(Cow::Borrowed(text)),
        FeedValue::Number(number) => Ok(self::number(number, field)),
        FeedValue::Unreadable(value) => Err(value.reason.clone()),
        FeedValue::List(list) => join(&list.items, field),
        FeedValue::Object(object) => members(&object.members, field),
    }
}

/// Returns the member at a path of names: `offers.price`. Of a list, it is that of the first object that has it,
/// or of the item whose number the path names, `options.1.name`. An item that is a text is its own name.
pub(super) fn member<'a>(value: &'a FeedValue, path: &str) -> Option<&'a FeedValue> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let found = match value {
        FeedValue::Object(object) => find(&object.members, &[name]),
        FeedValue::List(list) => match name.parse::<usize>() {
            Ok(number) => list.items.get(number.checked_sub(1)?),
            Err(_) => return list.items.iter().find_map(|item| member(item, path)),
        },
        FeedValue::Text(_) if path == "name" => Some(value),
        _ => None,
    };
    match rest {
        Some(rest) => member(found?, rest),
        None => found,
    }
}

/// Returns the value as the feed writes it.
pub(super) fn written(value: &FeedValue) -> &str {
    match value {
        FeedValue::Text(text) | FeedValue::Number(text) => text,
        FeedValue::List(list) => &list.text,
        FeedValue::Object(object) => &object.text,
        FeedValue::Unreadable(value) => &value.text,
    }
}

/// Writes a number in `field`. Its point stands before decimals, which a price with three of them does not
/// show: another digit does.
pub(super) fn number<'a>(number: &'a str, field: &str) -> Cow<'a, str> {
    let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    if field.ends_with("price") && decimals == 3 {
        Cow::Owned(format!("{number}0"))
    } else {
        Cow::Borrowed(number)
    }
}

fn join<'a>(items: &'a [FeedValue], field: &str) -> Text<'a> {
    let is_single = match field {
        // A product has one page, picture, price and rating.
        "image" | "link" | "ratings" | "no_of_ratings" | "product_id" | "sku" | "gtin" | "mpn"
        | "availability" | "item_group_id" => true,
        "main_category" => !items.iter().all(is_text),
        _ => field.ends_with("price"),
    };
    if is_single {
        let mut texts = items.iter().map(|item| read(item, field));
        let first = texts.find(|text| text.as_ref().map_or(true, |text| !text.trim().is_empty()));
        return first.unwrap_or(Ok(Cow::Borrowed("")));
    }
    let separator = match field {
        "main_category" => PATH_SEPARATOR,
        "attributes" => "; ",
        "description" | "images" => " ",
        _ => ", ",
    };
    let texts = items.iter().map(|item| read(item, field)).collect::<Result<Vec<_>, _>>()?;
    let texts: Vec<_> = texts.iter().map(|text| &**text).filter(|text| !text.is_empty()).collect();
    Ok(Cow::Owned(texts.join(separator)))
}

fn is_text(value: &FeedValue) -> bool {
    matches!(value, FeedValue::Text(_) | FeedValue::Number(_))
}

type Members<'a> = &'a [(String, FeedValue)];

fn members<'a>(members: Members<'a>, field: &str) -> Text<'a> {
    let names: &[&str] = match field {
        "attributes" => return attributes(members),
        "image" | "images" | "link" => &ADDRESS,
        "ratings" => &RATING,
        _ if field.ends_with("price") => return price(members),
        _ => &TEXT,
    };
    match find(members, names) {
        Some(value) => read(value, field),
        None => Err(format!("found an object without {}: use a text or a number", names[0])),
    }
}

/// Returns the member with the first of `names` that is there.
fn find<'a>(members: Members<'a>, names: &[&str]) -> Option<&'a FeedValue> {
    names.iter().find_map(|wanted| {
        let mut members = members.iter();
        members.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    })
}

/// `{"amount": 12.5, "currency": "USD"}` as `12.5 USD`.
fn price(members: Members<'_>) -> Text<'_> {
    let needed = "a price as an object needs an `amount` and a `currency`";
    let amount = read(find(members, &AMOUNT).ok_or_else(|| needed.to_owned())?, "price")?;
    let currency = find(members, &CURRENCY).map(|value| read(value, "currency")).transpose()?;
    Ok(match currency {
        Some(currency) if !amount.is_empty() => Cow::Owned(format!("{amount} {currency}")),
        _ => amount,
    })
}

/// `{"color": "red", "width": 30}` as `color: red; width: 30`, and so `{"name": "color", "value": "red"}`.
fn attributes(members: Members<'_>) -> Text<'_> {
    if let (Some(key), Some(value)) = (find(members, &KEYS), find(members, &VALUES)) {
        return Ok(pair(&read(key, "name")?, &read(value, "")?).into());
    }
    let mut pairs = Vec::new();
    for (name, value) in members {
        pairs.push(pair(name, &read(value, "")?));
    }
    pairs.retain(|pair| !pair.is_empty());
    Ok(pairs.join("; ").into())
}

fn pair(name: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!("{name}: {value}") }
}
