use crate::AnalyzedText;

/// Decides from a product's words alone whether it matches a query: the weights of the terms that it
/// contains must add up. Weights are whole numbers, so that every engine computes the same sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WordRule {
    /// The terms, each once.
    pub terms: Vec<WeightedTerm>,
    /// The minimum sum of a product that matches; at least 1.
    pub least: u32,
}

/// An analyzed term of a [`WordRule`], or what may stand in its place.
///
/// A product contains it if it contains the term itself, or all terms of one of the alternatives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WeightedTerm {
    /// The term.
    pub text: String,
    /// The weight that counts if any field contains it. The terms of an alternative may be in several
    /// fields.
    pub anywhere: u32,
    /// The weight that counts besides if the product's name contains it: its title and its brand together
    /// contain the term, or all of one alternative.
    pub named: u32,
    /// What may stand in its place, none of them empty; at most
    /// [`WeightedTerm::MAX_ALTERNATIVES`] with at most [`WeightedTerm::MAX_ALTERNATIVE_TERMS`] terms.
    pub alternatives: Vec<Vec<String>>,
}

/// The terms that a text contains.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    anywhere: bool,
    named: bool,
}

impl WordRule {
    /// Returns true if a product with this text matches. Every engine decides by this rule.
    pub fn admits(&self, text: &AnalyzedText) -> bool {
        let weight = |term: &WeightedTerm| {
            let held = term.held_by(text);
            term.anywhere * u32::from(held.anywhere) + term.named * u32::from(held.named)
        };
        self.terms.iter().map(weight).sum::<u32>() >= self.least.max(1)
    }
}

impl WeightedTerm {
    /// The maximum number of alternatives of a term: servers limit the clauses of a request.
    pub const MAX_ALTERNATIVES: usize = 32;

    /// The maximum number of terms of an alternative.
    pub const MAX_ALTERNATIVE_TERMS: usize = 8;

    /// Iterates over the term and its alternatives, each as a list of terms.
    pub fn choices(&self) -> impl Iterator<Item = &[String]> {
        let alternatives = self.alternatives.iter().map(Vec::as_slice);
        std::iter::once(std::slice::from_ref(&self.text)).chain(alternatives)
    }

    fn held_by(&self, text: &AnalyzedText) -> Held {
        let mut held = Held::default();
        for terms in self.choices().filter(|terms| !terms.is_empty()) {
            let all = terms.iter().map(|term| held_term(term, text));
            let all = all.reduce(|one, other| Held {
                anywhere: one.anywhere && other.anywhere,
                named: one.named && other.named,
            });
            let all = all.unwrap_or_default();
            (held.anywhere, held.named) = (held.anywhere | all.anywhere, held.named | all.named);
        }
        held
    }
}

fn held_term(term: &str, text: &AnalyzedText) -> Held {
    let mut held = Held::default();
    for (field, stream) in text.fields() {
        let contains = stream.split_ascii_whitespace().any(|word| word == term);
        held.anywhere |= contains;
        held.named |= contains && field.is_name();
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(text: &str, anywhere: u32, named: u32) -> WeightedTerm {
        WeightedTerm { text: text.to_owned(), anywhere, named, alternatives: Vec::new() }
    }

    fn rule(least: u32) -> WordRule {
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

    #[test]
    fn an_alternative_counts_once_and_only_whole() {
        let either = |named, least| {
            let alternatives = [&["cell", "phone"][..], &["handset"]]
                .map(|terms| terms.iter().map(|t| (*t).into()));
            let alternatives = alternatives.map(Iterator::collect).to_vec();
            let term = WeightedTerm { alternatives, ..term("mobile", 2, named) };
            WordRule { terms: vec![term], least }
        };
        let text = |title: &'static str, rest: &'static str| {
            AnalyzedText::new([title, rest, "", "", ""].map(|text| text.split_ascii_whitespace()))
        };
        for (title, rest, sum) in [
            ("mobile", "", 5),
            ("mobile handset", "cell phone", 5),
            ("cell phone", "", 5),
            ("phone", "cell", 2),
            ("", "handset", 2),
            ("phone", "phone", 0),
        ] {
            let text = text(title, rest);
            assert!(sum == 0 || either(3, sum).admits(&text), "{title}, {rest}");
            assert!(!either(3, sum + 1).admits(&text), "{title}, {rest}");
        }
    }
}
