use crate::analysis::{MIN_WORD, is_word};
use akin_entities::Statistics;
use std::cmp::Reverse;

/// The shortest word that is corrected, in letters.
const SHORTEST: usize = 4;

/// How many products must hold a word before another is turned into it.
const KNOWN_WELL: u64 = 2;

/// The word of the catalogue that `word` was most likely meant to be: the same first letter, at an
/// optimal string alignment distance of 1 (2 from eight letters on); the nearest, then the most
/// frequent, then the first by alphabet. `None` if the catalogue holds the word itself, if it is
/// shorter than four letters or no word, or if nothing is near.
pub fn correct(word: &str, statistics: &dyn Statistics) -> Option<String> {
    if !is_word(word, SHORTEST) || statistics.word_frequency(word) > 0 {
        return None;
    }
    let letters: Vec<char> = word.chars().collect();
    let limit = if letters.len() >= 8 { 2 } else { 1 };
    let mut rows = Rows::default();
    let mut other = Vec::new();
    let mut best: Option<(usize, Reverse<u64>, String)> = None;
    statistics.visit_words(letters[0], &mut |candidate, frequency| {
        // Bytes bound letters from above, so this spares most words the count of their letters.
        if frequency < KNOWN_WELL || candidate.len() + limit < letters.len() {
            return;
        }
        other.clear();
        other.extend(candidate.chars());
        if other.len() < MIN_WORD || other.len().abs_diff(letters.len()) > limit {
            return;
        }
        let Some(distance) = rows.distance(&letters, &other, limit) else { return };
        let found = (distance, Reverse(frequency));
        let better = best.as_ref().is_none_or(|(distance, frequency, word)| {
            (found.0, found.1, candidate) < (*distance, *frequency, word.as_str())
        });
        if better {
            best = Some((found.0, found.1, candidate.to_owned()));
        }
    });
    best.map(|(_, _, word)| word)
}

/// Three rows of the distance matrix, kept between words.
#[derive(Debug, Default)]
struct Rows([Vec<usize>; 3]);

impl Rows {
    /// Insertions, deletions, replacements and swaps of neighbors that make `b` of `a`; `None`
    /// above `limit`.
    fn distance(&mut self, a: &[char], b: &[char], limit: usize) -> Option<usize> {
        let [two_before, before, row] = &mut self.0;
        before.clear();
        before.extend(0..=b.len());
        for i in 1..=a.len() {
            row.clear();
            row.push(i);
            for j in 1..=b.len() {
                let replaced = before[j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut least = replaced.min(before[j] + 1).min(row[j - 1] + 1);
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
        Rows::default().distance(&a, &b, 20)
    }

    #[test]
    fn a_swap_of_neighbors_is_one_step() {
        assert_eq!(distance("camrea", "camera"), Some(1));
        assert_eq!(distance("ca", "abc"), Some(3));
        assert_eq!(distance("", "abc"), Some(3));
    }

    proptest! {
        #[test]
        fn distance_is_symmetric_and_bounded_by_the_longer_word(a in "[a-d]{0,8}", b in "[a-d]{0,8}") {
            let one = distance(&a, &b).unwrap();
            prop_assert_eq!(Some(one), distance(&b, &a));
            prop_assert!(one <= a.len().max(b.len()));
            prop_assert_eq!(one == 0, a == b);
        }
    }
}
