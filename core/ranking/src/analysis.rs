use crate::stems::stem;
use akin_entities::{AnalyzedText, Language, Product, TextField};
use std::borrow::Cow;
use std::collections::BTreeSet;
use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// The analyzed text of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnalyzedProduct {
    /// The terms of each field.
    pub text: AnalyzedText,
    /// The distinct words of all fields as they are written, folded but not stemmed: the vocabulary
    /// of spelling correction. Sorted, joined by spaces.
    pub words: String,
}

/// The minimum length of a word in the vocabulary of spelling correction, in letters.
pub(crate) const MIN_WORD: usize = 3;

/// The maximum length of a text that is analyzed, in bytes: some ten thousand words. Shoppers' words are
/// not looked for in what follows, which is a document or an image rather than a description.
const MAX_TEXT: usize = 64 << 10;

/// The class of a character, for splitting text into terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CharacterClass {
    /// `a` to `z`, after folding.
    Latin,
    /// A decimal digit of any script.
    Digit,
    /// Any other letter or number.
    Other,
    /// Any character that is not part of a term.
    Separator,
}

/// Analyzes `text` into terms: lower case, NFKD without combining marks; chunks of letters and
/// digits, both split and joined if they look like a model number (`TN-2110` gives `tn`, `2110`,
/// `tn2110`); stemmed as words of `language`.
pub fn analyze(text: &str, language: Language) -> Vec<String> {
    let mut terms = Vec::new();
    for chunk in chunks(&fold(text)) {
        chunk.visit_terms(Cow::Borrowed, &mut |term| terms.push(stem(term, language)));
    }
    terms
}

/// Analyzes all text fields of a product, each up to 64 KiB.
pub fn analyze_product(product: &Product, language: Language) -> AnalyzedProduct {
    let category = format!("{} {}", product.main_category, product.sub_category);
    let mut words = BTreeSet::new();
    let fields = TextField::ALL.map(|field| {
        let text = match field {
            TextField::Title => &product.name,
            TextField::Description => &product.description,
            TextField::Category => &category,
            TextField::Brand => &product.brand,
            TextField::Attributes => &product.attributes,
        };
        let mut terms = Vec::new();
        for chunk in chunks(&fold(beginning(text))) {
            chunk.visit_terms(Cow::Borrowed, &mut |term| terms.push(stem(term, language)));
            let vocabulary = chunk.parts().filter(|part| is_word(part, MIN_WORD));
            words.extend(vocabulary.map(str::to_owned));
        }
        terms
    });
    let text = AnalyzedText::new(fields.each_ref().map(|terms| terms.iter().map(String::as_str)));
    AnalyzedProduct { text, words: words.into_iter().collect::<Vec<_>>().join(" ") }
}

/// Returns the part of `text` that is analyzed. It ends between two words where they have spaces.
fn beginning(text: &str) -> &str {
    if text.len() <= MAX_TEXT {
        return text;
    }
    let text = &text[..text.floor_char_boundary(MAX_TEXT)];
    let space = text.rfind(char::is_whitespace).filter(|space| *space > MAX_TEXT / 2);
    space.map_or(text, |end| &text[..end])
}

/// Returns `text` in lower case and NFKD, without combining marks.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        let is_base = |character: &char| canonical_combining_class(*character) == 0;
        return Cow::Owned(text.to_lowercase().nfkd().filter(is_base).collect());
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    Cow::Borrowed(text)
}

/// A run of letters and digits, with single hyphens, points and slashes inside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk<'a>(&'a str);

/// Iterates over the chunks of a folded text.
pub(crate) fn chunks(text: &str) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(is_term_character)?;
        rest = &rest[start..];
        let mut end = run_length(rest);
        while let Some(after) = rest[end..].strip_prefix(['-', '.', '/']) {
            let length = run_length(after);
            if length == 0 {
                break;
            }
            end += 1 + length;
        }
        let chunk = &rest[..end];
        rest = &rest[end..];
        Some(Chunk(chunk))
    })
}

/// Returns the length of the letters and digits that `text` begins with, in bytes.
fn run_length(text: &str) -> usize {
    text.find(|character| !is_term_character(character)).unwrap_or(text.len())
}

impl<'a> Chunk<'a> {
    /// Iterates over the parts between hyphens, points and slashes.
    pub(crate) fn parts(self) -> impl Iterator<Item = &'a str> {
        self.0.split(['-', '.', '/'])
    }

    /// Visits every term, not yet stemmed: each part, its runs of letters and digits if it has
    /// several, and last the joined parts if they look like a model number. `replace` may replace a
    /// part with another word.
    pub(crate) fn visit_terms<'b>(
        self,
        mut replace: impl FnMut(&'a str) -> Cow<'b, str>,
        visit: &mut impl FnMut(&str),
    ) where
        'a: 'b,
    {
        let mut has_several = false;
        for (index, part) in self.parts().enumerate() {
            has_several = index > 0;
            let part = replace(part);
            visit(&part);
            visit_runs(&part, visit);
        }
        let is_digit = |character| class(character) == CharacterClass::Digit;
        if has_several
            && !self.0.contains('/')
            && self.0.contains(is_digit)
            && self.0.contains(is_letter)
        {
            visit(&self.0.replace(['-', '.'], ""));
        }
    }
}

/// Visits the runs of one character class, if the part has more than one.
fn visit_runs(part: &str, visit: &mut impl FnMut(&str)) {
    let mut start = 0;
    let mut previous: Option<CharacterClass> = None;
    for (at, character) in part.char_indices() {
        let current = class(character);
        if previous.is_some_and(|previous| previous != current) {
            visit(&part[start..at]);
            start = at;
        }
        previous = Some(current);
    }
    if start > 0 {
        visit(&part[start..]);
    }
}

/// Returns true if `part` consists of letters, at least `min` of them.
pub(crate) fn is_word(part: &str, min: usize) -> bool {
    part.chars().nth(min - 1).is_some() && part.chars().all(is_letter)
}

fn is_letter(character: char) -> bool {
    use GeneralCategory as G;
    if character.is_ascii() {
        return character.is_ascii_alphabetic();
    }
    matches!(
        get_general_category(character),
        G::UppercaseLetter
            | G::LowercaseLetter
            | G::TitlecaseLetter
            | G::ModifierLetter
            | G::OtherLetter
    )
}

fn is_term_character(character: char) -> bool {
    class(character) != CharacterClass::Separator
}

fn class(character: char) -> CharacterClass {
    use GeneralCategory as G;
    match character {
        'a'..='z' => return CharacterClass::Latin,
        '0'..='9' => return CharacterClass::Digit,
        // Folding leaves capitals that come from compatibility forms: `™` is `TM`.
        'A'..='Z' => return CharacterClass::Other,
        _ if character.is_ascii() => return CharacterClass::Separator,
        _ => {}
    }
    match get_general_category(character) {
        G::DecimalNumber => CharacterClass::Digit,
        G::LetterNumber | G::OtherNumber => CharacterClass::Other,
        _ if is_letter(character) => CharacterClass::Other,
        _ => CharacterClass::Separator,
    }
}
