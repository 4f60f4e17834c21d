use crate::{AnalyzedText, TextField};

/// Decides from a product's words alone whether it matches a query: the weights of the terms that it
/// contains must add up. Weights are whole numbers, so that every engine computes the same sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WordRule {
    /// The terms, each once.
    pub terms: Vec<WeightedTerm>,
    /// The minimum sum of a product that matches; at least 1.
    pub least: u32,
}

/// An analyzed term of a [`WordRule`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightedTerm {
    /// The term.
    pub text: String,
    /// The weight that counts if any field contains the term.
    pub anywhere: u32,
    /// The weight that counts besides if the title contains it.
    pub title: u32,
}

impl WordRule {
    /// Returns true if a product with this text matches. Every engine decides by this rule.
    pub fn admits(&self, text: &AnalyzedText) -> bool {
        let weight = |term: &WeightedTerm| {
            let (mut is_anywhere, mut is_in_title) = (false, false);
            for (field, stream) in text.fields() {
                let contains = stream.split_ascii_whitespace().any(|word| word == term.text);
                is_anywhere |= contains;
                is_in_title |= contains && field == TextField::Title;
            }
            term.anywhere * u32::from(is_anywhere) + term.title * u32::from(is_in_title)
        };
        self.terms.iter().map(weight).sum::<u32>() >= self.least.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(least: u32) -> WordRule {
        let term =
            |text: &str, anywhere, title| WeightedTerm { text: text.to_owned(), anywhere, title };
        WordRule { terms: vec![term("red", 3, 1), term("tripod", 5, 2)], least }
    }

    #[test]
    fn the_weights_of_the_terms_add_up() {
        let text = AnalyzedText::new([vec!["tripod"], vec!["red", "red"], vec![], vec![], vec![]]);
        assert!(rule(10).admits(&text), "5 + 2 for the title, 3 for the description");
        assert!(!rule(11).admits(&text));
        let none = AnalyzedText::new([vec!["tripods"], vec![], vec![], vec![], vec![]]);
        assert!(!rule(0).admits(&none), "no term is no match");
    }
}
