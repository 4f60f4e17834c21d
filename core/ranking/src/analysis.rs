use crate::characters::{CharacterClass, class, is_letter, is_mark};
use crate::chunks::{Chunk, Term, chunks, quantity, term, visit_terms};
use crate::folding::fold;
use crate::identifiers::identifier_term;
use crate::numbers::unit_of;
use crate::stems::stem;
use akin_entities::{Analysis, AnalyzedText, Language, Product, TextField};
use std::borrow::Cow;
use std::collections::BTreeSet;

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

/// The version of the analyzer. It grows with every change of the terms that a text has and of the values that
/// are filtered, so that indexes are written anew.
const VERSION: u32 = 4;

/// Returns the name of the analysis of texts in `language`.
pub fn analysis(language: Language) -> Analysis {
    Analysis::new(language, VERSION)
}

/// Analyzes `text` into terms.
///
/// It is folded: lower case, without accents. Scripts without spaces are cut into words by dictionaries,
/// others at everything that is no letter or digit. Words with hyphens or apostrophes are split and
/// joined (`t-shirt` gives `t`, `shirt`, `tshirt`), and so are numbers with units and model numbers
/// (`10 cm` and `10cm` give `10`, `cm`, `10cm`), but never across a decimal point, which is written `_`.
/// Words are stemmed as words of `language`.
pub fn analyze(text: &str, language: Language) -> Vec<String> {
    let mut terms = Vec::new();
    push_terms(&fold(text), language, &mut terms);
    terms
}

/// Analyzes `text` into one term for each word, however it is spelled: `t-shirt`, `t shirt` and `tshirt` give
/// the same, and so do `10 cm` and `10cm`.
pub fn canonical_terms(text: &str, language: Language) -> Vec<String> {
    let folded = fold(text);
    let mut terms = Vec::new();
    let mut before: Option<Chunk<'_>> = None;
    for chunk in chunks(&folded) {
        let with_before = before.and_then(|before| chunk.joined_to(before));
        if with_before.is_some() {
            terms.pop();
        }
        match with_before.or_else(|| chunk.joined()).or_else(|| chunk.inches()) {
            Some(term) => terms.push(stem(&term, language)),
            None => {
                for part in chunk.parts() {
                    push_canonical(part, language, &mut terms);
                }
            }
        }
        before = Some(chunk);
    }
    terms
}

fn push_canonical(part: &str, language: Language, terms: &mut Vec<String>) {
    if part.chars().any(|character| class(character) == CharacterClass::Unspaced) {
        push_terms(part, language, terms);
    } else if let Some((number, name)) = unit_of(part) {
        terms.push(quantity(number, name));
    } else {
        terms.push(stem(&term(part), language));
    }
}

/// Analyzes all text fields of a product, each up to 64 KiB, and its identifiers.
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
        let text = fold(beginning(text));
        let mut terms = Vec::new();
        push_terms(&text, language, &mut terms);
        push_words(&text, &mut words);
        if field == TextField::Attributes {
            terms.extend(product.identifiers().filter_map(identifier_term));
        }
        terms
    });
    let text = AnalyzedText::new(fields.each_ref().map(|terms| terms.iter().map(String::as_str)));
    AnalyzedProduct { text, words: words.into_iter().collect::<Vec<_>>().join(" ") }
}

/// Appends the terms of a folded text.
fn push_terms(text: &str, language: Language, terms: &mut Vec<String>) {
    visit_terms(text, Cow::Borrowed, |term| match term {
        Term::Written(term) => terms.push(stem(term, language)),
        Term::Joined { term, .. } => {
            let stem = stem(term, language);
            // `men's` is `men` and `mens`, which have one stem.
            if terms.last() != Some(&stem) {
                terms.push(stem);
            }
        }
    });
}

/// Adds the words of a folded text to the vocabulary.
fn push_words(text: &str, words: &mut BTreeSet<String>) {
    for chunk in chunks(text) {
        let parts = chunk.parts().filter(|part| is_word(part, MIN_WORD));
        words.extend(parts.map(str::to_owned));
        words.extend(chunk.joined().filter(|joined| is_word(joined, MIN_WORD)));
    }
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

/// Returns true if `part` is a word with spaces around it in its script, of `min` letters or more. Marks
/// do not count as letters.
pub(crate) fn is_word(part: &str, min: usize) -> bool {
    if part.is_ascii() {
        return part.len() >= min && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    }
    let is_spaced =
        |character| is_letter(character) && class(character) != CharacterClass::Unspaced;
    let letters = part.chars().filter(|character| !is_mark(*character));
    letters.count() >= min && part.chars().all(is_spaced)
}
