//! Stop words: words that say nothing about a product, such as `the` and `for`.

use crate::chunks::chunks;
use crate::folding::fold;
use akin_entities::Language;
use std::collections::HashSet;
use std::sync::OnceLock;

/// Returns true if a folded word is a stop word of `language`.
pub(crate) fn is_stop_word(word: &str, language: Language) -> bool {
    static LISTS: [OnceLock<HashSet<String>>; Language::ALL.len()] =
        [const { OnceLock::new() }; Language::ALL.len()];
    let position = Language::ALL.iter().position(|other| *other == language);
    let Some(list) = position.and_then(|position| LISTS.get(position)) else { return false };
    list.get_or_init(|| stop_words(language)).contains(word)
}

/// Returns the stop words of `language`, folded: whole, and the parts of those with an apostrophe.
/// Empty for the few languages that have no list.
fn stop_words(language: Language) -> HashSet<String> {
    let list = language.code().and_then(stop_words::lookup).unwrap_or_default();
    let mut folded = HashSet::new();
    for word in list {
        let word = fold(word);
        for chunk in chunks(&word) {
            folded.extend(chunk.parts().map(str::to_owned));
        }
        folded.insert(word.replace(['\'', '’'], ""));
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_say_nothing_are_stop_words_of_their_language_only() {
        for (language, stop, content) in [
            (Language::English, "the", "tripod"),
            (Language::English, "dont", "red"),
            (Language::German, "fur", "stuhl"),
            (Language::French, "les", "chaise"),
            (Language::Polish, "dla", "lampa"),
            (Language::Hindi, "और", "कुर्सी"),
        ] {
            assert!(is_stop_word(stop, language), "{stop}");
            assert!(!is_stop_word(content, language), "{content}");
        }
        assert!(!is_stop_word("the", Language::German));
        assert!(!is_stop_word("the", Language::Any));
    }

    #[test]
    fn every_language_but_two_has_stop_words() {
        let lacking = Language::ALL.iter().filter(|language| stop_words(**language).is_empty());
        let lacking: Vec<_> = lacking.collect();
        assert_eq!(lacking, [&Language::Serbian, &Language::Yiddish, &Language::Any]);
    }
}
