//! The changes of the catalogue's counts by one write.

use super::term_scores::MAX_TERM_BYTES;
use akin_entities::{AnalyzedText, TextField};
use std::collections::{BTreeMap, HashSet};

/// The changes of the counts by one batch.
#[derive(Debug, Default)]
pub(crate) struct CountChanges {
    /// The change in the number of products that contain each term. Ordered, so that all writers
    /// lock the rows in the same order.
    pub(crate) terms: BTreeMap<String, i64>,
    /// The same for each unstemmed word.
    pub(crate) words: BTreeMap<String, i64>,
    /// The change in the number of terms in each field.
    pub(crate) lengths: [i64; TextField::ALL.len()],
    /// The change in the number of searchable products.
    pub(crate) products: i64,
}

impl CountChanges {
    /// Adds a product with these texts.
    pub(crate) fn add(&mut self, text: &AnalyzedText, words: &str) {
        self.count(text, words, 1);
    }

    /// Subtracts a product with these texts.
    pub(crate) fn subtract(&mut self, text: &AnalyzedText, words: &str) {
        self.count(text, words, -1);
    }

    fn count(&mut self, text: &AnalyzedText, words: &str, by: i64) {
        self.products += by;
        for (field, stream) in text.fields() {
            let length = stream.split_ascii_whitespace().count();
            self.lengths[field.position()] += by * i64::try_from(length).unwrap_or(i64::MAX);
        }
        let terms = text.fields().flat_map(|(_, stream)| stream.split_ascii_whitespace());
        count_each(&mut self.terms, terms, by);
        count_each(&mut self.words, words.split_ascii_whitespace(), by);
    }
}

fn count_each<'a>(
    counts: &mut BTreeMap<String, i64>,
    words: impl Iterator<Item = &'a str>,
    by: i64,
) {
    let distinct: HashSet<_> = words.filter(|word| word.len() <= MAX_TERM_BYTES).collect();
    for word in distinct {
        match counts.get_mut(word) {
            Some(count) => *count += by,
            None => drop(counts.insert(word.to_owned(), by)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(title: &str, description: &str) -> AnalyzedText {
        let split = |text| str::split_ascii_whitespace(text).collect::<Vec<_>>();
        AnalyzedText::new([split(title), split(description), vec![], vec![], vec![]])
    }

    #[test]
    fn adding_and_subtracting_a_product_changes_nothing() {
        let mut counting = CountChanges::default();
        counting.add(&text("red tripod", "tripod red red"), "red tripods");
        assert_eq!(counting.terms["red"], 1, "a product counts once");
        assert_eq!((counting.products, counting.lengths), (1, [2, 3, 0, 0, 0]));
        counting.subtract(&text("red tripod", "tripod red red"), "red tripods");
        assert!(counting.terms.values().chain(counting.words.values()).all(|count| *count == 0));
        assert_eq!((counting.products, counting.lengths), (0, [0; 5]));
    }
}
