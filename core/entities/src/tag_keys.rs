//! Tags as texts that sort: for engines that store, compare and list them as such.

use crate::{TagName, Tags, folded_value, tag_number};
use std::collections::BTreeSet;

/// Separates a name from its value.
const SEPARATOR: char = '\u{1f}';

/// The character after the separator, which ends the keys of a name.
const AFTER_SEPARATOR: char = '\u{20}';

impl TagName {
    /// Returns the key of a value as it is written.
    pub fn key(&self, value: &str) -> String {
        format!("{}{SEPARATOR}{value}", self.as_str())
    }

    /// Returns the key of a value as filters compare it.
    pub fn folded_key(&self, value: &str) -> String {
        self.key(&folded_value(value))
    }

    /// Returns the key of a number. Keys of one name sort like their numbers.
    pub fn number_key(&self, number: f64) -> String {
        let bits = number.to_bits();
        // The greatest bit is the sign: negative numbers sort the other way around, before all others.
        let sorted = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
        self.key(&format!("{sorted:016x}"))
    }

    /// Returns the least possible key of this name, and the least beyond.
    pub fn key_bounds(&self) -> [String; 2] {
        [SEPARATOR, AFTER_SEPARATOR].map(|end| format!("{}{end}", self.as_str()))
    }
}

impl Tags {
    /// Returns the keys of all values as they are written, sorted.
    pub fn keys(&self) -> Vec<String> {
        self.iter().map(|(name, value)| name.key(value)).collect()
    }

    /// Returns the keys of all values as filters compare them, sorted and distinct.
    pub fn folded_keys(&self) -> Vec<String> {
        let keys: BTreeSet<_> = self.iter().map(|(name, value)| name.folded_key(value)).collect();
        keys.into_iter().collect()
    }

    /// Returns the keys of all numbers, sorted and distinct.
    pub fn number_keys(&self) -> Vec<String> {
        let number = |(name, value): (&TagName, &str)| Some(name.number_key(tag_number(value)?));
        self.iter().filter_map(number).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Returns the tags of keys of values as they are written.
    pub fn from_keys(keys: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut tags = Self::default();
        for key in keys {
            if let Some((name, value)) = key.as_ref().split_once(SEPARATOR) {
                tags.restore(name, value);
            }
        }
        tags
    }

    /// Returns all values as one text, for an engine to store.
    pub fn to_stream(&self) -> String {
        self.keys().join("\n")
    }

    /// Restores the values that an engine stored as one text.
    pub fn from_stream(stream: &str) -> Self {
        Self::from_keys(stream.split('\n'))
    }
}

/// Returns the value of a key as it is written.
pub fn tag_key_value(key: &str) -> &str {
    key.split_once(SEPARATOR).map_or("", |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_of_numbers_sort_like_the_numbers(a in -1e9_f64..1e9, b in -1e9_f64..1e9) {
            let name = TagName::attribute("width").unwrap();
            let (one, other) = (name.number_key(a), name.number_key(b));
            prop_assert_eq!(a.total_cmp(&b), one.cmp(&other));
            let [least, beyond] = name.key_bounds();
            prop_assert!(least < one && one < beyond);
        }

        #[test]
        fn tags_are_restored_from_their_stream(text in "([a-c]: ?|[;,\n\\\\]|[0-9a-z.\u{1f}é]){0,40}") {
            let tags = Tags::of_attributes(&text);
            prop_assert_eq!(Tags::from_stream(&tags.to_stream()), tags);
        }
    }
}
