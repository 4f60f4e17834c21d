use crate::document::LengthTotals;
use akin_entities::{Statistics, TextField};

/// Statistics of the whole catalogue, counted by the server.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    pub(crate) lengths: LengthTotals,
    pub(crate) terms: WordCounts,
    pub(crate) words: WordCounts,
}

/// Words in ascending order, with the number of products that contain each.
#[derive(Debug, Default)]
pub(crate) struct WordCounts(Vec<(Box<str>, u64)>);

impl WordCounts {
    pub(crate) fn new(mut counts: Vec<(Box<str>, u64)>) -> Self {
        counts.sort_unstable();
        counts.shrink_to_fit();
        Self(counts)
    }

    fn get(&self, word: &str) -> u64 {
        let position = self.0.binary_search_by(|(held, _)| (**held).cmp(word));
        position.map_or(0, |position| self.0[position].1)
    }

    /// Returns the words that begin with `prefix`.
    fn starting_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a (Box<str>, u64)> {
        let start = self.0.partition_point(|(held, _)| **held < *prefix);
        self.0[start..].iter().take_while(move |(held, _)| held.starts_with(prefix))
    }
}

impl WordCounts {
    /// Visits the words that begin with `beginning`; none begins with nothing.
    fn visit(&self, beginning: &str, visit: &mut dyn FnMut(&str, u64)) {
        let found = self.starting_with(beginning).filter(|_| !beginning.is_empty());
        found.for_each(|(word, count)| visit(word, *count));
    }
}

impl Statistics for Vocabulary {
    fn documents(&self) -> u64 {
        self.lengths.documents
    }

    fn document_frequency(&self, term: &str) -> u64 {
        self.terms.get(term)
    }

    #[expect(clippy::cast_possible_truncation, reason = "an average needs no more than f32")]
    fn average_length(&self, field: TextField) -> f32 {
        self.lengths.average(field) as f32
    }

    fn word_frequency(&self, word: &str) -> u64 {
        self.words.get(word)
    }

    fn visit_words(&self, initial: char, visit: &mut dyn FnMut(&str, u64)) {
        self.visit_words_from(initial.encode_utf8(&mut [0; 4]), visit);
    }

    fn visit_words_from(&self, beginning: &str, visit: &mut dyn FnMut(&str, u64)) {
        self.words.visit(beginning, visit);
    }

    fn visit_terms(&self, beginning: &str, visit: &mut dyn FnMut(&str, u64)) {
        self.terms.visit(beginning, visit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole_and_by_prefix() {
        let counts = ["trip", "電話", "tripod", "phone", "u"].map(|word| (word.into(), 2));
        let counts = WordCounts::new(counts.to_vec());
        assert_eq!((counts.get("trip"), counts.get("tri"), counts.get("")), (2, 0, 0));
        let starting_with =
            |prefix| counts.starting_with(prefix).map(|(word, _)| &**word).collect();
        let found: Vec<_> = starting_with("t");
        assert_eq!(found, ["trip", "tripod"]);
        let found: Vec<_> = starting_with("電");
        assert_eq!(found, ["電話"]);
        assert!(WordCounts::default().starting_with("t").next().is_none());
    }
}
