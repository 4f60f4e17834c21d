//! The texts of a request: one text, or a list of them.

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use std::fmt;

/// The maximum number of texts in a request, whatever the settings say: each takes memory, even if it is
/// empty.
pub const MAX_TEXTS: usize = 65_536;

/// The value of `input`, `inputs`, `text` or `texts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Inputs {
    /// One text.
    One(String),
    /// A list of texts.
    Many(Vec<String>),
    /// Token ids instead of texts, which belong to some vocabulary.
    TokenIds,
}

impl Inputs {
    /// Returns the texts; `None` for token ids.
    pub(crate) fn into_texts(self) -> Option<Vec<String>> {
        match self {
            Self::One(text) => Some(vec![text]),
            Self::Many(texts) => Some(texts),
            Self::TokenIds => None,
        }
    }
}

impl<'de> Deserialize<'de> for Inputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InputsVisitor)
    }
}

struct InputsVisitor;

impl<'de> Visitor<'de> for InputsVisitor {
    type Value = Inputs;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text or a list of texts")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Inputs, E> {
        Ok(Inputs::One(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Inputs, E> {
        Ok(Inputs::One(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Inputs, A::Error> {
        let mut texts = Vec::new();
        while let Some(item) = list.next_element()? {
            match item {
                Item::Text(_) if texts.len() == MAX_TEXTS => {
                    return Err(A::Error::custom(format_args!("more than {MAX_TEXTS} texts")));
                }
                Item::Text(text) => texts.push(text),
                Item::TokenIds => {
                    // The list has to be read to its end, and is not kept.
                    while list.next_element::<IgnoredAny>()?.is_some() {}
                    return Ok(Inputs::TokenIds);
                }
            }
        }
        Ok(Inputs::Many(texts))
    }
}

/// An item of the list.
enum Item {
    Text(String),
    TokenIds,
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Item, E> {
        Ok(Item::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Item, E> {
        Ok(Item::Text(text))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Item, E> {
        Ok(Item::TokenIds)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Item, E> {
        Ok(Item::TokenIds)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Item, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Item::TokenIds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Inputs, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn inputs_are_a_text_or_a_list_of_texts() {
        assert_eq!(read("\"a\""), Ok(Inputs::One("a".into())));
        assert_eq!(read("[\"a\", \"\\u00e9\"]"), Ok(Inputs::Many(vec!["a".into(), "é".into()])));
        assert_eq!(read("[]"), Ok(Inputs::Many(Vec::new())));
        for json in ["null", "1", "{}", "[null]", "[{}]", "[true]", "[1.5]", "[\"a\", false]"] {
            assert!(read(json).unwrap_err().contains("expected a text"), "{json}");
        }
    }

    #[test]
    fn the_number_of_texts_is_limited_while_they_are_read() {
        let list = |count: usize| format!("[{}\"\"]", "\"\",".repeat(count - 1));
        assert!(
            matches!(read(&list(MAX_TEXTS)), Ok(Inputs::Many(texts)) if texts.len() == MAX_TEXTS)
        );
        assert!(read(&list(MAX_TEXTS + 1)).unwrap_err().contains("more than 65536 texts"));
    }

    #[test]
    fn token_ids_are_recognized_and_not_kept() {
        for json in ["[1, 2]", "[[1, 2], [3]]", "[\"a\", 7, null]", "[-1]"] {
            assert_eq!(read(json), Ok(Inputs::TokenIds), "{json}");
        }
    }
}
