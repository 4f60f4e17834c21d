use crate::{AnalyzedText, TextField};

/// Words that a product must hold, or must not: what a shopper quotes or excludes.
///
/// A product holds a phrase if one of its fields contains all terms of one spelling, adjacent and in
/// order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhraseCondition {
    /// The ways in which the phrase is written, each as its analyzed terms. None and empty ones are held by
    /// no product.
    pub spellings: Vec<Vec<String>>,
    /// True if a product must hold the phrase, false if it must not.
    pub held: bool,
}

impl PhraseCondition {
    /// Iterates over the spellings that a product can hold.
    pub fn possible(&self) -> impl Iterator<Item = &[String]> {
        self.spellings.iter().map(Vec::as_slice).filter(|terms| !terms.is_empty())
    }

    /// Returns true if a product with this text meets the condition. Every engine decides by this rule.
    pub fn admits(&self, text: &AnalyzedText) -> bool {
        self.possible().any(|terms| text.holds(terms)) == self.held
    }
}

impl AnalyzedText {
    /// Returns true if a field contains `terms`, adjacent and in order.
    pub fn holds(&self, terms: &[String]) -> bool {
        let is_in = |(_, stream): (TextField, &str)| {
            let words: Vec<_> = stream.split_ascii_whitespace().collect();
            words.windows(terms.len().max(1)).any(|window| window == terms)
        };
        self.fields().any(is_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(spellings: &[&str], held: bool) -> PhraseCondition {
        let terms = |text: &&str| text.split(' ').map(str::to_owned).collect();
        PhraseCondition { spellings: spellings.iter().map(terms).collect(), held }
    }

    #[test]
    fn a_phrase_is_held_adjacent_and_in_order_in_one_field() {
        let title = vec!["red", "phone", "tripod"];
        let text = AnalyzedText::new([title, vec!["stand", "tripod"], vec![], vec![], vec![]]);
        for (phrase, is_held) in [
            ("phone tripod", true),
            ("red phone tripod", true),
            ("red tripod", false),
            ("tripod phone", false),
            ("tripod stand", false),
            ("tri", false),
            ("tripod", true),
        ] {
            assert_eq!(condition(&[phrase], true).admits(&text), is_held, "{phrase}");
            assert_eq!(condition(&[phrase], false).admits(&text), !is_held, "{phrase}");
        }
    }

    #[test]
    fn one_spelling_is_enough_and_none_is_never_held() {
        let text = AnalyzedText::new([vec!["tshirt"], vec![], vec![], vec![], vec![]]);
        assert!(condition(&["t shirt tshirt", "tshirt"], true).admits(&text));
        let none = PhraseCondition { spellings: vec![Vec::new()], held: true };
        assert!(!none.admits(&text));
        assert!(PhraseCondition { held: false, ..none }.admits(&text));
    }
}
