//! Which values of a field a shopper may be typing.

use crate::characters::{CharacterClass, class, is_term_character};
use crate::folding::fold;

/// Tells which values of a field a shopper may be typing: each typed word begins a word of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuePattern {
    whole: String,
    words: Vec<String>,
}

impl ValuePattern {
    /// Creates the pattern of what was typed.
    pub fn new(text: &str) -> Self {
        let whole = folded_words(text);
        let words = whole.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        Self { whole, words }
    }

    /// Returns how well a value matches that [`folded_words`] returned: 0 if it begins with what was typed,
    /// 1 if its words do; `None` if they do not.
    pub fn rank(&self, value: &str) -> Option<u8> {
        if value.starts_with(&self.whole) {
            return Some(0);
        }
        self.words.iter().all(|word| has_word_from(value, word)).then_some(1)
    }
}

/// Returns a value as a [`ValuePattern`] compares it: folded, its words separated by single spaces.
pub fn folded_words(value: &str) -> String {
    let folded = fold(value);
    let words: Vec<_> = folded.split(|c| !is_term_character(c)).collect();
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Returns true if a word of `value` begins with `start`. In scripts without spaces, words begin anywhere.
fn has_word_from(value: &str, start: &str) -> bool {
    let is_unspaced = start.starts_with(|c| class(c) == CharacterClass::Unspaced);
    value.match_indices(start).any(|(at, _)| is_unspaced || at == 0 || value[..at].ends_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_matches_by_the_beginnings_of_its_words() {
        for (typed, value, rank) in [
            ("gear", "Camera Gear", Some(1)),
            ("CAM", "Caméra & Gear", Some(0)),
            ("gear cam", "Camera Gear", Some(1)),
            ("camera  g", "Camera & Gear", Some(0)),
            ("era", "Camera Gear", None),
            ("gear x", "Camera Gear", None),
            ("脚架", "三脚架", Some(1)),
            ("orn", "Ørnevik", Some(0)),
            ("", "Lumo", Some(0)),
        ] {
            assert_eq!(
                ValuePattern::new(typed).rank(&folded_words(value)),
                rank,
                "{typed} in {value}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_pattern_of_itself(typed in "\\PC{0,80}|[a-z '\"-]{0,20}|[一-龥ก-๛ ]{0,90}") {
            prop_assert_eq!(ValuePattern::new(&typed).rank(&folded_words(&typed)), Some(0));
        }
    }
}
