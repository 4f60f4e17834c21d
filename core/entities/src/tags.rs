use bytestring::ByteString;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::{DetailField, NumberRange, Product, folded_value};

/// The name of a field that products may have any number of, each with any number of values:
/// `attributes.color`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TagName(ByteString);

/// The fields of a product that are found by name: each with its distinct values.
///
/// A value is a text, and also a number if it is written as one, with or without a unit
/// ([`tag_number`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(BTreeMap<TagName, BTreeSet<String>>);

/// A condition for the values of a [`TagName`]; a product meets it by one of its values.
#[derive(Clone, Debug, PartialEq)]
pub enum TagCondition {
    /// The value is one of these, without regard to case and marks.
    AnyOf(Vec<String>),
    /// The value is a number within the range.
    Within(NumberRange),
}

/// The separator of a path through categories.
const PATH_SEPARATOR: &str = " > ";

/// The name of the field with the time at which a product was first stored.
const CREATED: &str = "created";

/// Begins the names of attributes.
const ATTRIBUTES: &str = "attributes.";

/// The maximum length of a value, in bytes; longer ones are prose.
const MAX_VALUE: usize = 256;

/// The maximum number of values of a product, all names together.
const MAX_VALUES: usize = 500;

impl TagName {
    /// The maximum length of a name, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// The names that are no attributes, but for the time at which a product was first stored: shops filter
    /// by them.
    pub const FIXED: [&'static str; 3] = ["availability", "category", "item_group_id"];

    /// Returns the name of the attribute that a feed or a shopper calls `name`: in lower case, without
    /// marks, with `_` for white space. `None` if it is blank or too long.
    pub fn attribute(name: &str) -> Option<Self> {
        let folded = folded_value(name);
        let mut words = folded.split(|c: char| c.is_whitespace() || c.is_control() || c == ':');
        let mut text = String::from(ATTRIBUTES);
        for word in words.by_ref().filter(|word| !word.is_empty()) {
            if text.len() > ATTRIBUTES.len() {
                text.push('_');
            }
            text.push_str(word);
        }
        let is_possible = (ATTRIBUTES.len() + 1..=Self::MAX_BYTES).contains(&text.len());
        is_possible.then(|| Self(text.into()))
    }

    /// Returns the field with the time at which a product was first stored, in microseconds since 1970.
    pub fn created() -> Self {
        Self(ByteString::from_static(CREATED))
    }

    /// Returns the field of this name in settings and requests: `attributes.color`, `availability`, `category`
    /// or `item_group_id`.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(fixed) = Self::FIXED.into_iter().find(|fixed| *fixed == name) {
            return Some(Self(ByteString::from_static(fixed)));
        }
        Self::attribute(name.strip_prefix(ATTRIBUTES)?)
    }

    /// Returns the name in settings and responses.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Tags {
    /// Returns the attributes in the text of a product, see [`attribute_values`].
    pub fn of_attributes(text: &str) -> Self {
        let mut tags = Self::default();
        for (name, values) in attribute_values(text) {
            if let Some(name) = TagName::attribute(&name) {
                for value in values {
                    tags.insert(&name, &value);
                }
            }
        }
        tags
    }

    /// Returns what is found by name of a product: its attributes, its availability, the thing that it is a
    /// variant of, and each category on the path to it, `Home`, `Home > Kitchen`.
    pub fn of_product(product: &Product) -> Self {
        let mut tags = Self::of_attributes(&product.attributes);
        let named = |name: &'static str| TagName(ByteString::from_static(name));
        tags.insert(&named("availability"), product.details.first(DetailField::Availability));
        tags.insert(&named("item_group_id"), product.details.first(DetailField::Group));
        let below = product.sub_category.split('>');
        let mut path = String::new();
        for part in std::iter::once(&*product.main_category).chain(below).map(str::trim) {
            if !part.is_empty() {
                let separator = if path.is_empty() { "" } else { PATH_SEPARATOR };
                path.extend([separator, part]);
                tags.insert(&named("category"), &path);
            }
        }
        tags
    }

    /// Adds a value. Blank values and prose are left out, and so is what exceeds 500 values.
    pub fn insert(&mut self, name: &TagName, value: &str) {
        let value = value.trim();
        if value.is_empty() || value.len() > MAX_VALUE || self.len() >= MAX_VALUES {
            return;
        }
        let value = value.replace(char::is_control, " ");
        self.0.entry(name.clone()).or_default().insert(value);
    }

    /// Returns the number of values.
    pub fn len(&self) -> usize {
        self.0.values().map(BTreeSet::len).sum()
    }

    /// Returns true if there are no values.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Iterates over all values with their names, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&TagName, &str)> {
        self.0.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, &**value)))
    }

    /// Iterates over the values of a field.
    pub fn values(&self, name: &TagName) -> impl Iterator<Item = &str> {
        self.0.get(name).into_iter().flatten().map(String::as_str)
    }

    /// Returns the number by which products are sorted: the least of its numbers, or the greatest in a
    /// descending order.
    pub fn sort_number(&self, name: &TagName, descending: bool) -> Option<f64> {
        let better = if descending { f64::max } else { f64::min };
        self.values(name).filter_map(tag_number).reduce(better)
    }

    /// Adds a value that was stored, as it is.
    pub(crate) fn restore(&mut self, name: &str, value: &str) {
        self.0.entry(TagName(name.into())).or_default().insert(value.to_owned());
    }

    /// Returns the tags of names and values that an engine stored.
    pub fn from_stored<'a>(stored: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut tags = Self::default();
        stored.into_iter().for_each(|(name, value)| tags.restore(name, value));
        tags
    }
}

impl TagCondition {
    /// Returns true if a product with this value meets the condition.
    pub fn admits(&self, value: &str) -> bool {
        match self {
            Self::AnyOf(listed) => {
                let value = folded_value(value);
                listed.iter().any(|listed| folded_value(listed) == value)
            }
            Self::Within(range) => tag_number(value).is_some_and(|n| range.contains(Some(n))),
        }
    }
}

/// Returns the number that a value is, with or without a unit: 30 for `30 cm`, 2.5 for `2,5l`. A value that
/// goes on with a digit after letters (`4K60`) or with another number (`10 x 20`) is none.
pub fn tag_number(value: &str) -> Option<f64> {
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    let value = value.trim();
    let (sign, rest) = value.strip_prefix('-').map_or((1.0, value), |rest| (-1.0, rest));
    let end = rest.find(|c| !is_number(c)).unwrap_or(rest.len());
    let (number, unit) = rest.split_at(end);
    let is_plain = number.starts_with(|c: char| c.is_ascii_digit())
        && number.ends_with(|c: char| c.is_ascii_digit())
        && number.matches(['.', ',']).count() <= 1
        && number.len() <= 20;
    let unit = unit.trim();
    let is_unit = unit.chars().count() <= 12 && !unit.contains(|c: char| c.is_ascii_digit());
    if !is_plain || !is_unit {
        return None;
    }
    number.replace(',', ".").parse::<f64>().ok().map(|number| sign * number)
}

/// Reads attributes as feeds write them: `color: red; size: 38, 39`. Text that is no name with values is
/// left out; a comma between digits is part of a number, and a backslash makes the next character part of a
/// value.
pub fn attribute_values(text: &str) -> Vec<(String, Vec<String>)> {
    let mut attributes = Vec::new();
    for part in split_unescaped(text, |_, c, _| matches!(c, ';' | '\n')) {
        let mut sides = split_unescaped(&part, |_, c, _| c == ':').into_iter();
        let (Some(name), Some(first)) = (sides.next(), sides.next()) else { continue };
        // An address is no attribute.
        if name.trim().is_empty() || first.starts_with("//") {
            continue;
        }
        let rest: Vec<_> = std::iter::once(first).chain(sides).collect();
        let is_comma = |before: Option<char>, c: char, after: Option<char>| {
            let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
            c == ',' && !(is_digit(before) && is_digit(after))
        };
        let values = split_unescaped(&rest.join(":"), is_comma);
        let values = values.iter().map(|value| unescaped(value).trim().to_owned());
        let values: Vec<_> = values.filter(|value| !value.is_empty()).collect();
        if !values.is_empty() {
            attributes.push((unescaped(name.trim()).into_owned(), values));
        }
    }
    attributes
}

/// Writes an attribute so that [`attribute_values`] reads it back: `size: 38, 39`.
pub fn attribute_text<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> String {
    let escape = |text: &str, marks: &[char]| {
        let mut escaped = String::with_capacity(text.len());
        for character in text.trim().chars() {
            if character == '\\' || marks.contains(&character) {
                escaped.push('\\');
            }
            escaped.push(if character == '\n' { ' ' } else { character });
        }
        escaped
    };
    let values: Vec<_> = values.into_iter().map(|value| escape(value, &[',', ';'])).collect();
    format!("{}: {}", escape(name, &[':', ';']), values.join(", "))
}

/// Splits `text` at each character that `is_separator` names, given its neighbors; escaped ones are kept.
fn split_unescaped(
    text: &str,
    is_separator: impl Fn(Option<char>, char, Option<char>) -> bool,
) -> Vec<String> {
    let (mut parts, mut part, mut before) = (Vec::new(), String::new(), None);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let after = characters.peek().copied();
        if character == '\\' && after.is_some() {
            part.push(character);
            part.extend(characters.next());
            before = after;
        } else if is_separator(before, character, after) {
            parts.push(std::mem::take(&mut part));
            before = Some(character);
        } else {
            part.push(character);
            before = Some(character);
        }
    }
    parts.push(part);
    parts
}

/// Removes the backslashes that make a character part of a value.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let (mut plain, mut is_escaped) = (String::with_capacity(text.len()), false);
    for character in text.chars() {
        if character == '\\' && !is_escaped {
            is_escaped = true;
            continue;
        }
        plain.push(character);
        is_escaped = false;
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(text: &str) -> Vec<String> {
        let tags = Tags::of_attributes(text);
        tags.iter().map(|(name, value)| format!("{}={value}", name.as_str())).collect()
    }

    #[test]
    fn attributes_are_read_as_feeds_write_them() {
        for (text, expected) in [
            ("color: red; size: 38, 39", &["color=red", "size=38", "size=39"][..]),
            ("Screen Size:7,5 cm,12 cm", &["screen_size=12 cm", "screen_size=7,5 cm"]),
            ("Couleur: Été", &["couleur=Été"]),
            ("waterproof; light", &[]),
            ("see https://shop.example/a: b", &[]),
            ("ratio: 16:9; : x; y:", &["ratio=16:9"]),
            (r"color: red\, blue; a\:b: c\;d", &["color=red, blue", "a_b=c;d"]),
            ("color: red; Color: RED; color: red", &["color=RED", "color=red"]),
        ] {
            let expected: Vec<_> = expected.iter().map(|tag| format!("attributes.{tag}")).collect();
            let mut found = values(text);
            found.sort_by_key(|tag| expected.iter().position(|other| other == tag));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_product_is_in_each_category_on_its_path() {
        let product = Product {
            main_category: "Home".into(),
            sub_category: "Kitchen > Pans".into(),
            attributes: "color: red".into(),
            details: crate::Details::default().with(DetailField::Availability, ["in stock"]),
            ..Product::new(crate::ProductId::new("1").unwrap(), "Pan")
        };
        let tags = Tags::of_product(&product);
        let tags: Vec<_> = tags.iter().map(|(name, value)| (name.as_str(), value)).collect();
        let expected = [
            ("attributes.color", "red"),
            ("availability", "in stock"),
            ("category", "Home"),
            ("category", "Home > Kitchen"),
            ("category", "Home > Kitchen > Pans"),
        ];
        assert_eq!(tags, expected);
    }

    #[test]
    fn a_number_may_have_a_unit() {
        for (value, number) in [
            ("30 cm", Some(30.0)),
            ("2,5l", Some(2.5)),
            ("-4 °C", Some(-4.0)),
            ("38", Some(38.0)),
            ("7.5\"", Some(7.5)),
            ("4K60", None),
            ("10 x 20", None),
            ("1.234.567", None),
            ("red", None),
            ("5.", None),
            ("", None),
            ("30 of the finest sheep", None),
        ] {
            assert_eq!(tag_number(value), number, "{value}");
        }
    }

    #[test]
    fn a_condition_is_met_by_one_value() {
        let condition = TagCondition::AnyOf(vec!["RED".into(), "navy".into()]);
        assert!(condition.admits("Réd") && !condition.admits("dark red"));
        let condition = TagCondition::Within(NumberRange { min: Some(20.0), max: Some(30.0) });
        assert!(condition.admits("30 cm") && !condition.admits("31 cm") && !condition.admits("x"));
    }

    #[test]
    fn a_name_is_compared_without_regard_to_case_and_blanks() {
        let name = TagName::attribute(" Screen\u{a0} Größe ").unwrap();
        assert_eq!(name.as_str(), "attributes.screen_große");
        assert_eq!(TagName::parse("attributes.SCREEN_GROSSE"), TagName::attribute("screen_grosse"));
        for name in ["", " ", &"x".repeat(60)] {
            assert_eq!(TagName::attribute(name), None, "{name:?}");
        }
        assert_eq!(TagName::parse("brand"), None);
        assert_eq!(TagName::parse("category").unwrap().as_str(), "category");
    }

    proptest! {
        #[test]
        fn an_attribute_is_read_as_it_was_written(
            name in "[a-z:;,\\\\]{1,8}", values in prop::collection::vec("[a-z0-9,;:\\\\ ]{0,6}[a-z]", 1..4),
        ) {
            let text = attribute_text(&name, values.iter().map(String::as_str));
            let values: Vec<_> = values.iter().map(|value| value.trim().to_owned()).collect();
            // A value of an address is none.
            prop_assume!(!values[0].starts_with("//"));
            prop_assert_eq!(attribute_values(&text), vec![(name, values)]);
        }
    }
}
