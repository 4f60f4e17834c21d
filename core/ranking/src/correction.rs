use crate::analysis::is_word;
use crate::chunks::chunks;
use crate::folding::fold;
use crate::identifiers::query_is_identifier;
use crate::stems::stem;
use akin_entities::{Language, Statistics};
use std::cmp::Reverse;

/// A spelling correction of a query word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The word of the query, which the catalogue lacks.
    pub from: String,
    /// The word of the catalogue that replaces it.
    pub to: String,
}

/// The maximum number of distinct words of a query that are corrected, the first ones: each is
/// compared with every word of the catalogue that begins with the same letter.
pub const MAX_CORRECTED_WORDS: usize = 16;

/// The minimum length of a word to correct, and of its replacement, in letters: a shorter one is often one
/// letter away from another word, as `bike` is from `bake`.
const MIN_CORRECTED: usize = 5;

/// The minimum number of products that contain a replacement.
const MIN_FREQUENCY: u64 = 2;

/// Returns the distinct words of `query` that may be misspelled, at most [`MAX_CORRECTED_WORDS`]: the
/// catalogue contains neither them, nor their stems, nor what they are joined to, as in `wi-fi`. Empty if
/// the query is an identifier.
pub fn misspelled_words(
    query: &str,
    language: Language,
    statistics: &dyn Statistics,
) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    if query_is_identifier(query, statistics) {
        return words;
    }
    let is_known = |word: &str| statistics.document_frequency(&stem(word, language)) > 0;
    for chunk in chunks(&fold(query)) {
        if chunk.joined().is_some_and(|joined| is_known(&joined)) {
            continue;
        }
        for part in chunk.parts() {
            if words.len() == MAX_CORRECTED_WORDS {
                return words;
            }
            if !words.iter().any(|word| word == part)
                && !is_known(part)
                && may_be_misspelled(part, statistics)
            {
                words.push(part.to_owned());
            }
        }
    }
    words
}

/// Returns the corrections of `words`, of those that have one. It compares each with thousands of words:
/// call it where that may take tens of milliseconds, and end it early with `is_stopped`.
pub fn correct_words(
    words: &[String],
    statistics: &dyn Statistics,
    is_stopped: &dyn Fn() -> bool,
) -> Vec<Correction> {
    let correction = |from: &String| {
        let to = correct_unless(from, statistics, is_stopped)?;
        Some(Correction { from: from.clone(), to })
    };
    words.iter().filter_map(correction).collect()
}

fn may_be_misspelled(word: &str, statistics: &dyn Statistics) -> bool {
    is_word(word, MIN_CORRECTED) && statistics.word_frequency(word) == 0
}

/// Returns the word of the catalogue that `word` most likely misspells: one with the same first
/// letter within an optimal string alignment distance of 1 (2 for words of eight or more letters);
/// the nearest, then the most frequent, then the first in alphabetical order. `None` if the
/// catalogue contains `word`, if `word` is not at least five letters, or if no word is near.
pub fn correct(word: &str, statistics: &dyn Statistics) -> Option<String> {
    correct_unless(word, statistics, &|| false)
}

fn correct_unless(
    word: &str,
    statistics: &dyn Statistics,
    is_stopped: &dyn Fn() -> bool,
) -> Option<String> {
    if is_stopped() || !may_be_misspelled(word, statistics) {
        return None;
    }
    let letters: Vec<char> = word.chars().collect();
    let limit = if letters.len() >= 8 { 2 } else { 1 };
    let mut matrix = AlignmentMatrix::default();
    let mut candidate_letters = Vec::new();
    let mut best: Option<(usize, Reverse<u64>, String)> = None;
    statistics.visit_words(letters[0], &mut |candidate, frequency| {
        // A word has at most as many letters as bytes: most words are skipped without decoding.
        if frequency < MIN_FREQUENCY || candidate.len() + limit < letters.len() {
            return;
        }
        candidate_letters.clear();
        candidate_letters.extend(candidate.chars());
        if candidate_letters.len() < MIN_CORRECTED
            || candidate_letters.len().abs_diff(letters.len()) > limit
            || is_stopped()
        {
            return;
        }
        let Some(distance) = matrix.distance(&letters, &candidate_letters, limit) else { return };
        let rank = (distance, Reverse(frequency), candidate);
        let is_better = best.as_ref().is_none_or(|(distance, frequency, word)| {
            rank < (*distance, *frequency, word.as_str())
        });
        if is_better {
            best = Some((distance, Reverse(frequency), candidate.to_owned()));
        }
    });
    best.map(|(_, _, word)| word)
}

/// Three rows of the matrix of alignment distances, reused between words.
#[derive(Debug, Default)]
pub(crate) struct AlignmentMatrix([Vec<usize>; 3]);

impl AlignmentMatrix {
    /// Returns the number of insertions, deletions, substitutions and transpositions of neighbors that
    /// turn `a` into `b`; `None` if it is above `limit`.
    fn distance(&mut self, a: &[char], b: &[char], limit: usize) -> Option<usize> {
        let distance = self.last_row(a, b, limit)?[b.len()];
        Some(distance).filter(|distance| *distance <= limit)
    }

    /// Returns true if a beginning of `b` is within a distance of `limit` of `a`.
    pub(crate) fn begins_within(&mut self, a: &[char], b: &[char], limit: usize) -> bool {
        self.last_row(a, b, limit).is_some_and(|row| row.iter().any(|found| *found <= limit))
    }

    /// Returns the distance of `a` from each beginning of `b`; `None` if all are above `limit`.
    fn last_row(&mut self, a: &[char], b: &[char], limit: usize) -> Option<&[usize]> {
        let [two_before, before, row] = &mut self.0;
        before.clear();
        before.extend(0..=b.len());
        for i in 1..=a.len() {
            row.clear();
            row.push(i);
            for j in 1..=b.len() {
                let substituted = before[j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut least = substituted.min(before[j] + 1).min(row[j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(two_before[j - 2] + 1);
                }
                row.push(least);
            }
            if row.iter().min().is_some_and(|least| *least > limit) {
                return None;
            }
            std::mem::swap(two_before, before);
            std::mem::swap(before, row);
        }
        Some(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use akin_entities::TextField;
    use proptest::prelude::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn distance(a: &str, b: &str) -> Option<usize> {
        let (a, b): (Vec<_>, Vec<_>) = (a.chars().collect(), b.chars().collect());
        AlignmentMatrix::default().distance(&a, &b, 20)
    }

    #[test]
    fn a_transposition_of_neighbors_counts_once() {
        assert_eq!(distance("camrea", "camera"), Some(1));
        assert_eq!(distance("ca", "abc"), Some(3));
        assert_eq!(distance("", "abc"), Some(3));
    }

    /// Counts how many words are visited.
    #[derive(Debug, Default)]
    struct Vocabulary {
        words: Vec<String>,
        visits: AtomicUsize,
    }

    impl Statistics for Vocabulary {
        fn documents(&self) -> u64 {
            1
        }

        fn document_frequency(&self, _: &str) -> u64 {
            0
        }

        fn average_length(&self, _: TextField) -> f32 {
            1.0
        }

        fn word_frequency(&self, _: &str) -> u64 {
            0
        }

        fn visit_words(&self, _: char, visit: &mut dyn FnMut(&str, u64)) {
            self.visits.fetch_add(1, Ordering::Relaxed);
            self.words.iter().for_each(|word| visit(word, 2));
        }

        fn visit_terms(&self, _: &str, _: &mut dyn FnMut(&str, u64)) {}
    }

    #[test]
    fn only_the_first_distinct_words_of_a_long_query_are_corrected() {
        let vocabulary = Vocabulary::default();
        let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap());
        let words: Vec<_> =
            (0..500).map(|n| format!("x{}{}qq", letter(n), letter(n / 26))).collect();
        let query = format!("{0} {0} {1}", words[0], words.join(" "));
        let misspelled = misspelled_words(&query, Language::English, &vocabulary);
        assert_eq!(misspelled, words[..MAX_CORRECTED_WORDS]);
        correct_words(&misspelled, &vocabulary, &|| false);
        assert_eq!(vocabulary.visits.load(Ordering::Relaxed), MAX_CORRECTED_WORDS);
    }

    #[test]
    fn a_correction_can_be_stopped() {
        let words = (0..1_000).map(|_| "tripod".to_owned()).collect();
        let vocabulary = Vocabulary { words, ..Vocabulary::default() };
        let misspelled = vec!["tripot".to_owned(), "tripof".to_owned()];
        assert_eq!(correct_words(&misspelled, &vocabulary, &|| false).len(), 2);
        let checks = AtomicUsize::new(0);
        let is_stopped = || checks.fetch_add(1, Ordering::Relaxed) >= 10;
        vocabulary.visits.store(0, Ordering::Relaxed);
        correct_words(&misspelled, &vocabulary, &is_stopped);
        assert_eq!(vocabulary.visits.load(Ordering::Relaxed), 1, "the second word is left");
    }

    proptest! {
        #[test]
        fn the_distance_is_symmetric_and_at_most_the_longer_length(a in "[a-d]{0,8}", b in "[a-d]{0,8}") {
            let forward = distance(&a, &b).unwrap();
            prop_assert_eq!(Some(forward), distance(&b, &a));
            prop_assert!(forward <= a.len().max(b.len()));
            prop_assert_eq!(forward == 0, a == b);
        }
    }
}
