//! What a shopper demands by quotes and by a minus.

use crate::chunks::chunks;
use crate::folding::fold;
use crate::spellings::spellings;
use akin_entities::{Language, PhraseCondition, Statistics};

/// A query, taken apart: `"quoted words"` must be held as they stand, `-word` and `-"quoted words"` must not
/// be held.
///
/// - A minus counts at the beginning of a word, before a letter, a digit or a quotation: not in `wi-fi`,
///   `5-7` or `10 - 20`.
/// - A quotation begins at the beginning of a word, and ends before a space, punctuation or the end: not at
///   the inches of `12" shelf`. One that does not end is a plain character. Typographic quotes count too.
/// - A query with more than 16 of them is a text rather than a query, and taken as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParsedQuery {
    text: String,
    free: String,
    phrases: Vec<QueryPhrase>,
    ends_in_phrase: bool,
    quotes_last_word: bool,
}

/// What is quoted or excluded.
#[derive(Clone, Debug, PartialEq, Eq)]
struct QueryPhrase {
    text: String,
    held: bool,
}

/// A phrase at the beginning of a text, with the length of what it is written as.
struct Found<'a> {
    phrase: &'a str,
    held: bool,
    length: usize,
}

/// The maximum number of phrases of a query.
const MAX_PHRASES: usize = 16;

/// The quotation marks: each that opens, with those that close.
const QUOTES: [(char, &[char]); 9] = [
    ('"', &['"']),
    ('“', &['”', '“']),
    ('”', &['”']),
    ('„', &['“', '”']),
    ('«', &['»']),
    ('»', &['«', '»']),
    ('「', &['」']),
    ('『', &['』']),
    ('＂', &['＂']),
];

/// The marks that open a quotation inside a text without spaces, too.
const BRACKETS: [char; 2] = ['「', '『'];

impl ParsedQuery {
    /// Takes `query` apart.
    pub fn parse(query: &str) -> Self {
        let mut parsed = Self::default();
        let mut before = None;
        let mut rest = query;
        while let Some(first) = rest.chars().next() {
            let begins = before.is_none_or(char::is_whitespace);
            let length = if let Some(Found { phrase, held, length }) = phrase_at(rest, begins) {
                parsed.push_phrase(phrase, held);
                length
            } else {
                parsed.push(first);
                first.len_utf8()
            };
            before = rest[..length].chars().next_back();
            rest = &rest[length..];
        }
        if (1..=MAX_PHRASES).contains(&parsed.phrases.len()) { parsed } else { Self::plain(query) }
    }

    /// Returns a query in which no sign counts.
    pub fn plain(query: &str) -> Self {
        Self { text: query.to_owned(), free: query.to_owned(), ..Self::default() }
    }

    fn push(&mut self, character: char) {
        self.text.push(character);
        self.free.push(character);
        self.ends_in_phrase &= character.is_whitespace();
        self.quotes_last_word &= !character.is_alphanumeric();
    }

    fn push_phrase(&mut self, phrase: &str, held: bool) {
        if held {
            if self.text.ends_with(char::is_alphanumeric) {
                self.text.push(' ');
            }
            self.text.push_str(phrase);
            self.quotes_last_word = true;
        }
        self.ends_in_phrase = true;
        // What stands on both sides does not become one word.
        self.free.push(' ');
        self.phrases.push(QueryPhrase { text: phrase.to_owned(), held });
    }

    /// Returns true if something is quoted or excluded.
    pub fn has_phrases(&self) -> bool {
        !self.phrases.is_empty()
    }

    /// Returns the words to search for and to embed: without quotation marks, and without what is excluded.
    pub fn text(&self) -> &str {
        self.text.trim()
    }

    /// Returns true if the query ends in a quotation or an exclusion, so that its last word is finished.
    pub fn ends_in_phrase(&self) -> bool {
        self.ends_in_phrase
    }

    /// Returns true if the last word to search for is quoted, so that it is not completed.
    pub fn quotes_last_word(&self) -> bool {
        self.quotes_last_word
    }

    /// Returns true if `word`, which is folded, is in a quotation, so that it is not corrected.
    pub fn quotes(&self, word: &str) -> bool {
        let quoted = self.phrases.iter().filter(|phrase| phrase.held);
        quoted.into_iter().any(|phrase| {
            let folded = fold(&phrase.text);
            chunks(&folded).any(|chunk| chunk.parts().any(|part| part == word))
        })
    }

    /// Returns true if all words are in quotations, of which there are `count`.
    pub fn has_only_quotations(&self, count: usize) -> bool {
        let held = self.phrases.iter().filter(|phrase| phrase.held).count();
        held > 0 && held == count && !self.free.contains(char::is_alphanumeric)
    }

    /// Returns the conditions that products must meet. A phrase that no product can hold, because the
    /// catalogue lacks one of its words, is none: what is excluded so excludes nothing, and what is quoted is
    /// searched for like other words.
    pub fn conditions(
        &self,
        language: Language,
        statistics: &dyn Statistics,
    ) -> Vec<PhraseCondition> {
        let condition = |phrase: &QueryPhrase| {
            let spellings = spellings(&phrase.text, language, statistics);
            (!spellings.is_empty()).then_some(PhraseCondition { spellings, held: phrase.held })
        };
        self.phrases.iter().filter_map(condition).collect()
    }
}

/// Returns the phrase that `text` begins with, if it does; `begins` is true at the beginning of a word.
fn phrase_at(text: &str, begins: bool) -> Option<Found<'_>> {
    let quoted =
        |text| quotation(text).map(|(phrase, length)| Found { phrase, held: true, length });
    if !begins {
        return text.starts_with(BRACKETS).then(|| quoted(text)).flatten();
    }
    let Some(after) = text.strip_prefix(['-', '−', '－']) else { return quoted(text) };
    let sign = text.len() - after.len();
    if let Some((phrase, length)) = quotation(after) {
        return Some(Found { phrase, held: false, length: sign + length });
    }
    let end = after.find(char::is_whitespace).unwrap_or(after.len());
    let is_word = after.starts_with(char::is_alphanumeric);
    is_word.then(|| Found { phrase: &after[..end], held: false, length: sign + end })
}

/// Returns the quotation that `text` begins with, and its length with both marks.
fn quotation(text: &str) -> Option<(&str, usize)> {
    let mark = text.chars().next()?;
    let (_, closing) = QUOTES.iter().find(|(opening, _)| *opening == mark)?;
    let is_bracket = BRACKETS.contains(&mark);
    let inside = &text[mark.len_utf8()..];
    let ends = |after: &str| is_bracket || !after.starts_with(char::is_alphanumeric);
    let mut closings = inside.match_indices(*closing);
    let (end, mark) = closings.find(|(at, mark)| {
        inside[..*at].contains(char::is_alphanumeric) && ends(&inside[at + mark.len()..])
    })?;
    let length = text.len() - inside.len() + end + mark.len();
    Some((inside[..end].trim(), length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn phrases(query: &str) -> Vec<String> {
        let parsed = ParsedQuery::parse(query);
        let sign = |phrase: &QueryPhrase| {
            format!("{}{}", if phrase.held { '+' } else { '-' }, phrase.text)
        };
        parsed.phrases.iter().map(sign).collect()
    }

    #[test]
    fn quoted_and_excluded_words_are_taken_out_of_the_text() {
        for (query, found, text) in [
            ("tripod -bluetooth", &["-bluetooth"][..], "tripod"),
            ("-bluetooth", &["-bluetooth"], ""),
            ("red \"phone tripod\" lamp", &["+phone tripod"], "red phone tripod lamp"),
            ("tripod -\"for phones\" -red", &["-for phones", "-red"], "tripod"),
            ("\"red lamp\", -t-shirt, x", &["+red lamp", "-t-shirt,"], "red lamp,  x"),
            (
                "“red lamp” „blau“ «vert» »gelb«",
                &["+red lamp", "+blau", "+vert", "+gelb"],
                "red lamp blau vert gelb",
            ),
            ("« red lamp » ”röd”", &["+red lamp", "+röd"], "red lamp röd"),
            ("三脚架　－蓝牙 「蓝牙耳机」红", &["-蓝牙", "+蓝牙耳机"], "三脚架　 蓝牙耳机红"),
            ("耳机「蓝牙」", &["+蓝牙"], "耳机 蓝牙"),
            ("\"12\" shelf\"", &["+12"], "12 shelf\""),
            ("−20 bag", &["-20"], "bag"),
        ] {
            assert_eq!(phrases(query), found, "{query}");
            assert_eq!(ParsedQuery::parse(query).text(), text, "{query}");
        }
    }

    #[test]
    fn hyphens_ranges_and_inches_mean_nothing_special() {
        for query in [
            "wi-fi",
            "t-shirt",
            "10 - 20",
            "-",
            "--",
            "--red",
            "5-7",
            "3\" pipe",
            "12\" x 5\" shelf",
            "65” tv",
            "\"unclosed",
            "red \"unclosed lamp",
            "\"\"",
            "\"!\"",
            "a-\"b c\"",
            "- red",
            "-!",
            "rock'n'roll",
            "-\"",
            "\" \"",
            "a\"b c\"",
            "",
            " ",
        ] {
            assert_eq!(ParsedQuery::parse(query), ParsedQuery::plain(query));
            assert!(!ParsedQuery::parse(query).has_phrases());
        }
    }

    #[test]
    fn a_text_with_many_signs_is_no_query_of_phrases() {
        let query = |count: usize| format!("tripod{}", " -red".repeat(count));
        assert_eq!(phrases(&query(16)).len(), 16);
        assert_eq!(ParsedQuery::parse(&query(17)), ParsedQuery::plain(&query(17)));
    }

    #[test]
    fn words_in_quotations_are_not_free() {
        let parsed = ParsedQuery::parse("tripof \"Phone-Tripof\" -tripoff");
        assert_eq!(parsed.free.split_whitespace().collect::<Vec<_>>(), ["tripof"]);
        assert!(parsed.quotes("tripof") && parsed.quotes("phone") && !parsed.quotes("tripoff"));
        assert!(!parsed.has_only_quotations(1));
        let ends = |query: &str| {
            let parsed = ParsedQuery::parse(query);
            (parsed.ends_in_phrase(), parsed.quotes_last_word())
        };
        assert_eq!(ends("red \"lamp\" "), (true, true));
        assert_eq!(ends("red \"lamp\" -x"), (true, true));
        assert_eq!(ends("red -x"), (true, false));
        assert_eq!(ends("\"red\" lamp"), (false, false));
        assert_eq!(ends("red lam"), (false, false));
        let quoted = ParsedQuery::parse("\"red lamp\" ! -x");
        assert!(quoted.has_only_quotations(1) && !quoted.has_only_quotations(0));
        assert!(!ParsedQuery::parse("-x").has_only_quotations(0));
    }

    proptest! {
        #[test]
        fn any_text_is_taken_apart(query in "[-\"“”„«» a1é蓝「」\u{3000}−.']{0,40}|\\PC{0,30}") {
            let parsed = ParsedQuery::parse(&query);
            prop_assert!(parsed.phrases.len() <= MAX_PHRASES);
            for phrase in &parsed.phrases {
                prop_assert!(phrase.text.contains(char::is_alphanumeric));
                prop_assert!(query.contains(&phrase.text));
            }
        }
    }
}
