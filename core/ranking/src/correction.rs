use crate::analysis::{MIN_WORD, is_word};
use akin_entities::Statistics;
use std::cmp::Reverse;

/// The minimum length of a word to correct, in letters.
const MIN_CORRECTED: usize = 4;

/// The minimum number of products that contain a replacement.
const MIN_FREQUENCY: u64 = 2;

/// Returns the word of the catalogue that `word` most likely misspells: one with the same first
/// letter within an optimal string alignment distance of 1 (2 for words of eight or more letters);
/// the nearest, then the most frequent, then the first in alphabetical order. `None` if the
/// catalogue contains `word`, if `word` is not at least four letters, or if no word is near.
pub fn correct(word: &str, statistics: &dyn Statistics) -> Option<String> {
    if !is_word(word, MIN_CORRECTED) || statistics.word_frequency(word) > 0 {
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
        if candidate_letters.len() < MIN_WORD
            || candidate_letters.len().abs_diff(letters.len()) > limit
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
struct AlignmentMatrix([Vec<usize>; 3]);

impl AlignmentMatrix {
    /// Returns the number of insertions, deletions, substitutions and transpositions of neighbors that
    /// turn `a` into `b`; `None` if it is above `limit`.
    fn distance(&mut self, a: &[char], b: &[char], limit: usize) -> Option<usize> {
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
        Some(before[b.len()]).filter(|distance| *distance <= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
