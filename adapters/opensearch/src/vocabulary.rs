use crate::document::Lengths;
use akin_entities::{Statistics, TextField};

/// Statistics of the whole catalogue, counted by the server: sorted words, and how many products
/// hold each.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    pub(crate) lengths: Lengths,
    pub(crate) terms: Counts,
    pub(crate) words: Counts,
}

/// Words, in their order, and how many products hold each.
#[derive(Debug, Default)]
pub(crate) struct Counts(Vec<(Box<str>, u64)>);

impl Counts {
    pub(crate) fn of(mut counts: Vec<(Box<str>, u64)>) -> Self {
        counts.sort_unstable();
        counts.shrink_to_fit();
        Self(counts)
    }

    fn get(&self, word: &str) -> u64 {
        let place = self.0.binary_search_by(|(held, _)| (**held).cmp(word));
        place.map_or(0, |place| self.0[place].1)
    }

    /// Those that begin with `prefix`.
    fn beginning<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a (Box<str>, u64)> {
        let begin = self.0.partition_point(|(held, _)| **held < *prefix);
        self.0[begin..].iter().take_while(move |(held, _)| held.starts_with(prefix))
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
        self.lengths.average(field.position()) as f32
    }

    fn word_frequency(&self, word: &str) -> u64 {
        self.words.get(word)
    }

    fn visit_words(&self, initial: char, visit: &mut dyn FnMut(&str, u64)) {
        for (word, count) in self.words.beginning(initial.encode_utf8(&mut [0; 4])) {
            visit(word, *count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_themselves_and_by_their_beginning() {
        let counts = ["trip", "電話", "tripod", "phone", "u"].map(|word| (word.into(), 2));
        let counts = Counts::of(counts.to_vec());
        assert_eq!((counts.get("trip"), counts.get("tri"), counts.get("")), (2, 0, 0));
        let beginning = |prefix| counts.beginning(prefix).map(|(word, _)| &**word).collect();
        let found: Vec<_> = beginning("t");
        assert_eq!(found, ["trip", "tripod"]);
        let found: Vec<_> = beginning("電");
        assert_eq!(found, ["電話"]);
        assert!(Counts::default().beginning("t").next().is_none());
    }
}
