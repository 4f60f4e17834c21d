use crate::{AnalyzedText, TextField};
use std::collections::{HashMap, HashSet};
use std::fmt::Debug;

/// Statistics of a whole catalogue, for ranking: a consistent snapshot.
pub trait Statistics: Debug + Send + Sync {
    /// Returns the number of products.
    fn documents(&self) -> u64;

    /// Returns the number of products that contain the analyzed `term` in any field.
    fn document_frequency(&self, term: &str) -> u64;

    /// Returns the mean number of terms in `field`, over all products.
    fn average_length(&self, field: TextField) -> f32;

    /// Returns the number of products that contain `word` as it is written: folded, not stemmed.
    fn word_frequency(&self, word: &str) -> u64;

    /// Visits every written word that begins with `initial`, with the number of products that
    /// contain it.
    fn visit_words(&self, initial: char, visit: &mut dyn FnMut(&str, u64));

    /// Visits every written word that begins with `beginning`, with the number of products that contain
    /// it. No word begins with nothing.
    fn visit_words_from(&self, beginning: &str, visit: &mut dyn FnMut(&str, u64)) {
        let Some(initial) = beginning.chars().next() else { return };
        self.visit_words(initial, &mut |word, count| {
            if word.starts_with(beginning) {
                visit(word, count);
            }
        });
    }

    /// Visits every analyzed term that begins with `beginning`, with the number of products that contain
    /// it. No term begins with nothing.
    fn visit_terms(&self, beginning: &str, visit: &mut dyn FnMut(&str, u64));
}

/// [`Statistics`] counted in memory.
#[derive(Clone, Debug, Default)]
pub struct CountedStatistics {
    documents: u64,
    lengths: [u64; TextField::ALL.len()],
    terms: HashMap<Box<str>, u64>,
    words: HashMap<char, HashMap<Box<str>, u64>>,
}

impl CountedStatistics {
    /// Counts a product: its analyzed text, and its words as written, joined by spaces.
    pub fn add(&mut self, text: &AnalyzedText, words: &str) {
        self.documents += 1;
        let mut terms = HashSet::new();
        for (field, stream) in text.fields() {
            for term in stream.split_ascii_whitespace() {
                self.lengths[field.position()] += 1;
                terms.insert(term);
            }
        }
        for term in terms {
            *self.terms.entry(term.into()).or_default() += 1;
        }
        for word in words.split_ascii_whitespace().collect::<HashSet<_>>() {
            if let Some(initial) = word.chars().next() {
                let words = self.words.entry(initial).or_default();
                *words.entry(word.into()).or_default() += 1;
            }
        }
    }
}

impl Statistics for CountedStatistics {
    fn documents(&self) -> u64 {
        self.documents
    }

    fn document_frequency(&self, term: &str) -> u64 {
        self.terms.get(term).copied().unwrap_or_default()
    }

    #[expect(clippy::cast_precision_loss, reason = "the counts stay far below 2^52")]
    #[expect(clippy::cast_possible_truncation, reason = "an average needs no more than f32")]
    fn average_length(&self, field: TextField) -> f32 {
        (self.lengths[field.position()] as f64 / self.documents.max(1) as f64) as f32
    }

    fn word_frequency(&self, word: &str) -> u64 {
        let words = word.chars().next().and_then(|initial| self.words.get(&initial));
        words.and_then(|words| words.get(word)).copied().unwrap_or_default()
    }

    fn visit_words(&self, initial: char, visit: &mut dyn FnMut(&str, u64)) {
        for (word, count) in self.words.get(&initial).into_iter().flatten() {
            visit(word, *count);
        }
    }

    fn visit_terms(&self, beginning: &str, visit: &mut dyn FnMut(&str, u64)) {
        let found = self.terms.iter().filter(|(term, _)| term.starts_with(beginning));
        found.filter(|_| !beginning.is_empty()).for_each(|(term, count)| visit(term, *count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_that_repeats_a_term_counts_once() {
        let mut statistics = CountedStatistics::default();
        let title = vec!["tripod", "tripod"];
        let empty = Vec::new;
        statistics.add(
            &AnalyzedText::new([title, vec!["tripod"], empty(), empty(), empty()]),
            "tripod tripods",
        );
        assert_eq!(statistics.document_frequency("tripod"), 1);
        assert_eq!(statistics.word_frequency("tripods"), 1);
        assert!((statistics.average_length(TextField::Title) - 2.0).abs() < f32::EPSILON);
        let mut words = Vec::new();
        statistics.visit_words('t', &mut |word, count| words.push((word.to_owned(), count)));
        assert_eq!(words.len(), 2);
    }
}
