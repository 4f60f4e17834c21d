//! What a write changes in the counts of the whole: which terms and words come, and which go.

use entities::{AnalyzedText, TextField};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A longer term cannot be searched for: an index holds no more, and nobody asks for it.
const MAX_BYTES: usize = 1_000;

/// What a batch changes in the counts.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    /// In how many more products each term is; less than 0: in fewer. In order, so that all writers
    /// touch them in one order.
    pub(crate) terms: BTreeMap<String, i64>,
    /// The same for each word as written.
    pub(crate) words: BTreeMap<String, i64>,
    /// How many terms each field has more.
    pub(crate) lengths: [i64; TextField::ALL.len()],
    /// How many more products can be found.
    pub(crate) products: i64,
}

/// How often a text's field holds a term, and how long the field is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Posting<'a> {
    pub(crate) term: &'a str,
    pub(crate) field: i16,
    pub(crate) frequency: i32,
    pub(crate) length: i32,
}

impl Counting {
    /// One more product has these texts.
    pub(crate) fn add(&mut self, text: &AnalyzedText, words: &str) {
        self.count(text, words, 1);
    }

    /// A product has these texts no longer.
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
    let distinct: HashSet<_> = words.filter(|word| word.len() <= MAX_BYTES).collect();
    for word in distinct {
        match counts.get_mut(word) {
            Some(count) => *count += by,
            None => drop(counts.insert(word.to_owned(), by)),
        }
    }
}

/// The postings of a text, in no order.
pub(crate) fn postings(text: &AnalyzedText) -> Vec<Posting<'_>> {
    let mut postings = Vec::new();
    for (field, stream) in text.fields() {
        let mut frequencies: HashMap<&str, i32> = HashMap::new();
        let mut length = 0;
        for term in stream.split_ascii_whitespace() {
            length += 1;
            *frequencies.entry(term).or_default() += 1;
        }
        let field = i16::try_from(field.position()).unwrap_or_default();
        let findable = frequencies.into_iter().filter(|(term, _)| term.len() <= MAX_BYTES);
        postings.extend(findable.map(|(term, frequency)| Posting {
            term,
            field,
            frequency,
            length,
        }));
    }
    postings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(title: &str, description: &str) -> AnalyzedText {
        let split = |text| str::split_ascii_whitespace(text).collect::<Vec<_>>();
        AnalyzedText::new([split(title), split(description), vec![], vec![], vec![]])
    }

    #[test]
    fn what_comes_and_goes_again_changes_nothing() {
        let mut counting = Counting::default();
        counting.add(&text("red tripod", "tripod red red"), "red tripods");
        assert_eq!(counting.terms["red"], 1, "a product counts once");
        assert_eq!((counting.products, counting.lengths), (1, [2, 3, 0, 0, 0]));
        counting.subtract(&text("red tripod", "tripod red red"), "red tripods");
        assert!(counting.terms.values().chain(counting.words.values()).all(|count| *count == 0));
        assert_eq!((counting.products, counting.lengths), (0, [0; 5]));
    }

    #[test]
    fn a_posting_tells_how_often_and_of_how_many() {
        let text = text("a b a", "a");
        let mut found = postings(&text);
        found.sort_by_key(|posting| (posting.field, posting.term));
        let posting = |term, field, frequency, length| Posting { term, field, frequency, length };
        assert_eq!(found, [posting("a", 0, 2, 3), posting("b", 0, 1, 3), posting("a", 1, 1, 1)]);
    }
}
