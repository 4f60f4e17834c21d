//! Completes the last word of what a shopper types, from the words of the catalogue.

use crate::QueryAnalyzer;
use crate::analysis::is_word;
use crate::characters::{CharacterClass, class, is_term_character};
use crate::chunks::{Chunk, chunks};
use crate::correction::AlignmentMatrix;
use crate::folding::fold;
use crate::last_word::LastWord;
use crate::stems::stem;
use crate::stop_words::is_stop_word;
use akin_entities::{Language, Statistics};
use std::cmp::Reverse;
use std::collections::HashSet;

/// What a shopper has typed: whole words, and the beginning of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedText {
    /// The whole words as they are shown, folded; a hyphen at the end joins the last one.
    head: String,
    /// The beginning of the last word; empty after a space, and if the last word is whole. Its parts are
    /// joined, if words of the catalogue begin so.
    beginning: String,
    /// The beginning as it is written, if its parts are joined.
    written: Option<String>,
    language: Language,
}

/// A word of the catalogue that a shopper may be typing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The word, folded.
    pub word: String,
    /// Its term.
    pub term: String,
    /// The number of products that contain the word as it is written.
    pub frequency: u64,
}

/// The minimum length of a beginning with a slip, in letters.
const MIN_SLIP: usize = 4;

/// The maximum length of the beginning of a word in a script without spaces, in characters.
const MAX_UNSPACED: usize = 8;

/// The number of completions that are kept while words are visited, for each that is wanted: several words
/// have one term.
const KEPT: usize = 4;

impl TypedText {
    /// The number of characters that are used of a text.
    pub const MAX_CHARS: usize = 64;

    /// Takes the first [`Self::MAX_CHARS`] characters of `text` apart, as words of `language`. The statistics
    /// tell where a word of a script without spaces may begin.
    pub fn new(text: &str, language: Language, statistics: &dyn Statistics) -> Self {
        let end = text.char_indices().nth(Self::MAX_CHARS).map_or(text.len(), |(end, _)| end);
        let folded = fold(text[..end].trim_start());
        let last = LastWord::of(&folded).filter(|last| !last.is_known_unit(statistics));
        let whole = |head: &str| Self { head: shown_head(head), ..Self::blank(language) };
        let Some(last) = last else { return whole(&folded) };
        if let Some(joined) = last.joined(statistics) {
            let written = Some(last.written.to_owned());
            return Self { beginning: joined.to_owned(), written, ..whole(&folded[..last.start]) };
        }
        let Some(part) = last.last_part() else { return whole(&folded) };
        let start = folded.len() - part.len() + unspaced_start(part, statistics);
        let (head, beginning) = folded.split_at(start);
        Self { beginning: beginning.to_owned(), ..whole(head) }
    }

    fn blank(language: Language) -> Self {
        Self { head: String::new(), beginning: String::new(), written: None, language }
    }

    /// Returns true if there is neither a word nor the beginning of one.
    pub fn is_blank(&self) -> bool {
        self.beginning.is_empty() && self.head.is_empty()
    }

    /// Returns the whole words, folded.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// Returns the beginning of the last word, folded; empty if the last word is whole.
    pub fn beginning(&self) -> &str {
        &self.beginning
    }

    /// Returns the terms of the whole words that say something about a product; `None` if the catalogue
    /// lacks one of them.
    pub fn head_terms(&self, statistics: &dyn Statistics) -> Option<Vec<String>> {
        let terms = self.analyzer(statistics).with_corrections(&[]);
        let mut seen = HashSet::new();
        let content = terms.content().map(|term| term.text.clone());
        let distinct = content.filter(|term| seen.insert(term.clone()));
        (!terms.lacks_content()).then(|| distinct.collect())
    }

    fn analyzer<'a>(&'a self, statistics: &'a dyn Statistics) -> QueryAnalyzer<'a> {
        QueryAnalyzer::of_whole_words(&self.head, self.language, statistics)
    }

    /// Returns the typed text with `word` in place of the last one.
    pub fn with(&self, word: &str) -> String {
        let joins = |last| is_connector(last) || class(last) == CharacterClass::Unspaced;
        let gap = if self.head.is_empty() || self.head.ends_with(joins) { "" } else { " " };
        let rest = word.strip_prefix(&self.beginning);
        match (&self.written, rest) {
            (Some(written), Some(rest)) => format!("{}{gap}{written}{rest}", self.head),
            _ => format!("{}{gap}{word}", self.head),
        }
    }

    /// Returns up to `limit` words of the catalogue that begin as the last word does, the most frequent
    /// first, ties in alphabetical order; of words with one term only the most frequent. The typed word is
    /// always among them, if it is one. None after a space.
    ///
    /// If no word begins so, and it has four letters or more, those are returned that do with one letter
    /// inserted, left out or replaced, or two neighbors exchanged; the first letter is right.
    pub fn completions(&self, limit: usize, statistics: &dyn Statistics) -> Vec<Completion> {
        let Some(initial) = self.beginning.chars().next() else { return Vec::new() };
        let is_in_vocabulary = is_word(&self.beginning, 1);
        if !is_in_vocabulary {
            let found = self.best(limit, |offer| statistics.visit_terms(&self.beginning, offer));
            return without_beginnings(&found);
        }
        let found = self.best(limit, |offer| statistics.visit_words_from(&self.beginning, offer));
        let found = self.with_itself(found, limit, statistics);
        if !found.is_empty() || !is_word(&self.beginning, MIN_SLIP) {
            return found;
        }
        let letters: Vec<char> = self.beginning.chars().collect();
        let mut matrix = AlignmentMatrix::default();
        let mut start = Vec::new();
        self.best(limit, |offer| {
            statistics.visit_words(initial, &mut |word, frequency| {
                start.clear();
                start.extend(word.chars().take(letters.len() + 1));
                if matrix.begins_within(&letters, &start, 1) {
                    offer(word, frequency);
                }
            });
        })
    }

    /// Adds the word that was typed to the last of the others, if it is one and is not among them.
    fn with_itself(
        &self,
        mut found: Vec<Completion>,
        limit: usize,
        statistics: &dyn Statistics,
    ) -> Vec<Completion> {
        let frequency = statistics.word_frequency(&self.beginning);
        let term = stem(&self.beginning, self.language);
        let is_missing = frequency > 0 && !found.iter().any(|one| one.term == term);
        if limit > 0 && is_missing && !is_stop_word(&self.beginning, self.language) {
            found.truncate(limit - 1);
            found.push(Completion { word: self.beginning.clone(), term, frequency });
        }
        found
    }

    /// Returns the best of the words that are offered.
    fn best(&self, limit: usize, visit: impl FnOnce(&mut dyn FnMut(&str, u64))) -> Vec<Completion> {
        let wanted = limit.saturating_mul(KEPT);
        let mut kept: Vec<(Reverse<u64>, String)> = Vec::new();
        let mut least = 0;
        visit(&mut |word, frequency| {
            // A point in a number is written `_`, as is the mark of an identifier.
            if frequency < least || word.contains('_') || is_stop_word(word, self.language) {
                return;
            }
            kept.push((Reverse(frequency), word.to_owned()));
            if kept.len() >= wanted.saturating_mul(2).max(1) {
                kept.sort_unstable();
                kept.truncate(wanted);
                least = kept.last().map_or(0, |(frequency, _)| frequency.0);
            }
        });
        kept.sort_unstable();
        let mut seen = HashSet::new();
        let completions = kept.into_iter().filter_map(|(Reverse(frequency), word)| {
            let term = stem(&word, self.language);
            seen.insert(term.clone()).then_some(Completion { word, term, frequency })
        });
        completions.take(limit).collect()
    }

    /// Returns the words that follow `term` in `title`, with their terms: those that a shopper may type next.
    pub fn following(&self, term: &str, title: &str) -> Vec<(String, String)> {
        let folded = fold(title);
        let words: Vec<_> = chunks(&folded).flat_map(Chunk::parts).collect();
        let pairs = words.windows(2).filter(|pair| stem(pair[0], self.language) == term);
        let next = pairs.map(|pair| pair[1]);
        let next = next.filter(|word| is_word(word, 3) && !is_stop_word(word, self.language));
        next.map(|word| (word.to_owned(), stem(word, self.language))).collect()
    }
}

/// Returns the completions that are not the beginning of another one in as many products: in a script
/// without spaces, the parts of a word are terms as well.
fn without_beginnings(found: &[Completion]) -> Vec<Completion> {
    let is_beginning = |one: &Completion| {
        let mut others = found.iter().filter(|other| other.word.len() > one.word.len());
        others.any(|other| other.frequency == one.frequency && other.word.starts_with(&one.word))
    };
    found.iter().filter(|one| !is_beginning(one)).cloned().collect()
}

/// Returns the whole words before the last one, separated by single spaces.
fn shown_head(head: &str) -> String {
    let words: Vec<_> = head.split_whitespace().collect();
    let words = words.join(" ");
    let joined = words.trim_end_matches(is_connector);
    let is_joined = words.len() == joined.len() + 1
        && !head.ends_with(char::is_whitespace)
        && joined.ends_with(is_term_character);
    // The mark of inches belongs to its number.
    let is_inches =
        words.strip_suffix('"').is_some_and(|text| text.ends_with(|c: char| c.is_ascii_digit()));
    let is_kept = is_joined || is_inches;
    let kept = if is_kept { &words } else { words.trim_end_matches(|c| !is_term_character(c)) };
    kept.to_owned()
}

/// Returns where the last word of `run` may begin, if its script has no spaces: the longest end that a word
/// of the catalogue begins with.
fn unspaced_start(run: &str, statistics: &dyn Statistics) -> usize {
    if !run.ends_with(|last| class(last) == CharacterClass::Unspaced) {
        return 0;
    }
    let starts: Vec<_> = run.char_indices().map(|(at, _)| at).collect();
    let mut starts = starts.into_iter().rev().take(MAX_UNSPACED).rev();
    let begins_word = |start: &usize| {
        let mut is_known = false;
        statistics.visit_terms(&run[*start..], &mut |_, _| is_known = true);
        is_known
    };
    starts.find(begins_word).unwrap_or_default()
}

/// Returns true for a character that joins the parts of a word.
fn is_connector(character: char) -> bool {
    matches!(character, '-' | '\'' | '/' | '&' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze_product;
    use akin_entities::{CountedStatistics, Product, ProductId};
    use proptest::prelude::*;

    fn catalogue(names: &[&str]) -> CountedStatistics {
        let mut statistics = CountedStatistics::default();
        for (number, name) in names.iter().enumerate() {
            let id = ProductId::new(number.to_string()).unwrap();
            let product = analyze_product(&Product::new(id, *name), Language::English);
            statistics.add(&product.text, &product.words);
        }
        statistics
    }

    fn completed(typed: &str, statistics: &CountedStatistics) -> Vec<String> {
        let typed = TypedText::new(typed, Language::English, statistics);
        let completions = typed.completions(5, statistics);
        completions.iter().map(|completion| typed.with(&completion.word)).collect()
    }

    #[test]
    fn the_last_word_is_completed_by_the_most_frequent_words() {
        let statistics = catalogue(&[
            "Travel tripod",
            "Travel tripods",
            "Tripods for travel",
            "Trail camera",
            "The trowel",
            "Café T-Shirt",
            "4K TV 10cm",
            "Trpod",
            "Wi-Fi router",
            "Men's Shoes",
        ]);
        for (typed, expected) in [
            ("tra", &["travel", "trail"][..]),
            ("TRÁ", &["travel", "trail"]),
            ("t", &["travel", "tripods", "trail", "trowel", "trpod"]),
            ("red  Trav", &["red travel"]),
            ("travel ", &[]),
            ("caf", &["cafe"]),
            ("t-sh", &["t-shirt"]),
            ("tsh", &["tshirt"]),
            ("red t-shi", &["red t-shirt"]),
            ("wi-f", &["wi-fi"]),
            ("wi-fi", &["wi-fi"]),
            ("men's", &[]),
            ("men's sho", &["men's shoes"]),
            ("travel-trip", &["travel-tripods"]),
            ("the", &[]),
            ("4", &["4k", "4"]),
            ("trvael", &["travel"]),
            ("tripd", &["tripods"]),
            ("vtrap", &[]),
            ("trv", &[]),
            ("xqz", &[]),
            ("", &[]),
        ] {
            let mut completed = completed(typed, &statistics);
            completed.retain(|text| typed != "4" || text.starts_with("4k"));
            let expected: Vec<_> = expected.iter().filter(|text| **text != "4").collect();
            assert!(completed.iter().eq(expected.iter().copied()), "{typed}: {completed:?}");
        }
    }

    #[test]
    fn a_word_of_a_script_without_spaces_begins_anywhere() {
        let statistics = catalogue(&["红色三脚架", "蓝牙耳机", "หูฟังไร้สาย"]);
        assert_eq!(completed("三脚", &statistics), ["三脚架"]);
        assert_eq!(completed("红色三脚", &statistics), ["红色三脚架"]);
        assert_eq!(completed("หูฟ", &statistics), ["หูฟัง"]);
        assert_eq!(completed("red 蓝", &statistics), ["red 蓝牙"]);
    }

    #[test]
    fn a_known_number_with_its_unit_is_whole() {
        let statistics = catalogue(&["Shelf 12 inch", "Jack 3.5mm", "Indoor lamp"]);
        for (text, term) in [("12 inch", "12in"), ("12\"", "12in"), ("3.5 mm", "3_5mm")] {
            let typed = TypedText::new(text, Language::English, &statistics);
            assert!(typed.completions(5, &statistics).is_empty(), "{text}");
            assert_eq!(typed.head_terms(&statistics), Some(vec![term.to_owned()]), "{text}");
        }
        assert_eq!(completed("4 in", &statistics), ["4 inch", "4 indoor"]);
    }

    #[test]
    fn the_typed_word_is_among_few_completions() {
        let statistics = catalogue(&["trip", "tripod", "tripod", "triple", "triple", "trippy"]);
        assert_eq!(
            TypedText::new("trip", Language::Any, &statistics)
                .completions(2, &statistics)
                .iter()
                .map(|one| one.word.as_str())
                .collect::<Vec<_>>(),
            ["triple", "trip"]
        );
    }

    #[test]
    fn the_words_before_the_last_one_are_terms() {
        let statistics = catalogue(&["Red phone tripods"]);
        let head =
            |typed| TypedText::new(typed, Language::English, &statistics).head_terms(&statistics);
        assert_eq!(head("the Red phones tri"), Some(vec!["red".to_owned(), "phone".to_owned()]));
        assert_eq!(head("tri"), Some(Vec::new()));
        assert_eq!(head("unheard tri"), None);
    }

    #[test]
    fn words_follow_a_term_in_a_title() {
        let typed = TypedText::new("trav", Language::English, &CountedStatistics::default());
        let title = "Travels: the Travel Tripods, travel-mug & travel of TRAVEL";
        let following: Vec<_> =
            typed.following("travel", title).into_iter().map(|(word, _)| word).collect();
        assert_eq!(following, ["tripods", "mug"]);
    }

    proptest! {
        #[test]
        fn any_text_is_completed(typed in "\\PC{0,80}|[a-z '\"-]{0,20}|[一-龥ก-๛ ]{0,90}") {
            let statistics = catalogue(&["Travel tripod", "三脚架", "หูฟัง"]);
            let text = TypedText::new(&typed, Language::English, &statistics);
            prop_assert!(text.completions(3, &statistics).len() <= 3);
            prop_assert_eq!(text.is_blank(), text.with(text.beginning()).is_empty());
            text.head_terms(&statistics);
        }
    }
}
