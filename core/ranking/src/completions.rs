//! Completions of a word that is not typed to its end.

use crate::analysis::is_word;
use crate::folding::fold;
use crate::last_word::LastWord;
use crate::stems::stem;
use crate::stop_words::is_stop_word;
use akin_entities::{Language, Statistics};
use std::cmp::Reverse;

/// The maximum number of terms that complete a word: the most frequent ones.
pub const MAX_COMPLETIONS: usize = 24;

/// The minimum length in letters of a word that a shopper is still typing.
const MIN_UNFINISHED: usize = 2;

/// The minimum length in letters of a word that is completed because the catalogue does not know it.
const MIN_UNKNOWN: usize = 4;

/// The last word of a query, and the terms that begin like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CompletedWord {
    /// The word as the query has it, folded; its parts joined, if hyphens connect several.
    pub(crate) word: String,
    /// Its parts; one, unless hyphens connect several.
    pub(crate) parts: Vec<String>,
    /// The terms, the most frequent word first. Never empty.
    pub(crate) terms: Vec<String>,
    /// True if the shopper is still typing it, so that it is completed even if the catalogue knows it.
    pub(crate) is_unfinished: bool,
}

impl CompletedWord {
    /// Completes the last word of `query`, if it ends with a word that begins others. `is_unfinished`
    /// says that the shopper is still typing it; other words must be longer.
    pub(crate) fn of(
        query: &str,
        is_unfinished: bool,
        language: Language,
        statistics: &dyn Statistics,
    ) -> Option<Self> {
        let folded = fold(query);
        let last = LastWord::of(&folded).filter(|last| !last.is_known_unit(statistics))?;
        let min = if is_unfinished { MIN_UNFINISHED } else { MIN_UNKNOWN };
        let is_known = |word: &str| statistics.document_frequency(&stem(word, language)) > 0;
        if !is_unfinished && last.parts.last().is_some_and(|part| is_known(part)) {
            return None;
        }
        let complete = |word: &str, parts: &[&str]| {
            if !is_word(word, min) || !is_unfinished && is_known(word) {
                return None;
            }
            let terms = completions(word, language, statistics);
            let parts = parts.iter().copied().map(str::to_owned).collect();
            (!terms.is_empty()).then(|| Self { word: word.to_owned(), parts, terms, is_unfinished })
        };
        let joined = last.joined(statistics).and_then(|word| complete(word, &last.parts));
        joined.or_else(|| last.last_part().and_then(|part| complete(part, &[part])))
    }
}

/// Returns the terms of the words that begin with `word`, without its own and without stop words.
fn completions(word: &str, language: Language, statistics: &dyn Statistics) -> Vec<String> {
    let mut words = Vec::new();
    statistics.visit_words_from(word, &mut |other, frequency| {
        if other.len() > word.len() {
            words.push((Reverse(frequency), other.to_owned()));
        }
    });
    words.sort_unstable();
    let own = stem(word, language);
    let mut terms = Vec::new();
    for (_, other) in words {
        let term = stem(&other, language);
        let is_new = term != own && !terms.contains(&term) && !is_stop_word(&other, language);
        if is_new && statistics.document_frequency(&term) > 0 {
            terms.push(term);
        }
        if terms.len() == MAX_COMPLETIONS {
            break;
        }
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;
    use akin_entities::{AnalyzedText, CountedStatistics};

    fn statistics(products: &[&str]) -> CountedStatistics {
        let mut statistics = CountedStatistics::default();
        for words in products {
            let stems = words.split(' ').map(|word| stem(word, Language::English));
            let title: Vec<_> = stems.collect();
            let title = title.iter().map(String::as_str).collect();
            statistics.add(&AnalyzedText::new([title, vec![], vec![], vec![], vec![]]), words);
        }
        statistics
    }

    #[test]
    fn a_word_is_completed_by_the_most_frequent_terms_that_begin_like_it() {
        let statistics = statistics(&[
            "headphones red",
            "headphone",
            "headset",
            "headset",
            "heads the",
            "12in indoor",
        ]);
        let complete = |query: &str, is_unfinished| {
            CompletedWord::of(query, is_unfinished, Language::English, &statistics)
                .map(|completed| completed.terms.join(" "))
        };
        assert_eq!(complete("red Head", true).unwrap(), "headset headphon");
        assert_eq!(complete("headph", false).unwrap(), "headphon");
        assert_eq!(complete("he", true).unwrap(), "headset headphon head");
        assert_eq!(complete("red head-s", true).unwrap(), "headset", "joined");
        assert_eq!(complete("red-headp", true).unwrap(), "headphon", "its last part");
        for (query, is_unfinished) in [
            ("head", false),
            ("h", true),
            ("hea", false),
            ("head ", true),
            ("head,", true),
            ("th", true),
            ("headx", true),
            ("12", true),
            ("", true),
            ("head's", true),
            ("12 in", true),
        ] {
            assert_eq!(complete(query, is_unfinished), None, "{query}");
        }
    }

    #[test]
    fn the_number_of_completions_is_limited() {
        let words: Vec<_> =
            ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("qx{a}{b}"))).collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let statistics = statistics(&words);
        let completed = CompletedWord::of("qx", true, Language::Any, &statistics).unwrap();
        assert_eq!(completed.terms.len(), MAX_COMPLETIONS);
    }
}
