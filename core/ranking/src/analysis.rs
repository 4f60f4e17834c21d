use akin_entities::{AnalyzedText, Product, TextField};
use rust_stemmers::{Algorithm, Stemmer};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// A product's text, analyzed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnalyzedProduct {
    /// The terms of each field.
    pub text: AnalyzedText,
    /// The distinct words of all fields as they are written, folded but not stemmed: what a
    /// misspelled word is corrected from. Sorted, space-joined.
    pub words: String,
}

/// The shortest word that a misspelled one is turned into, in letters.
pub(crate) const MIN_WORD: usize = 3;

/// How many stems a thread remembers: a catalogue repeats its words.
const REMEMBERED: usize = 1 << 16;

/// What sort of character it is, as far as terms care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `a` to `z`, after folding.
    Latin,
    /// A decimal digit of any script.
    Digit,
    /// Any other letter or number.
    Other,
    /// Nothing that a term holds.
    Separator,
}

/// The terms of `text`: lower case, NFKD without marks; chunks of letters and digits; both split
/// and joined where a model number mixes them (`TN-2110` gives `tn`, `2110`, `tn2110`); stemmed by
/// Snowball English.
pub fn analyze(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    for chunk in chunks(&fold(text)) {
        chunk.visit_terms(Cow::Borrowed, &mut |term| terms.push(stem(term)));
    }
    terms
}

/// The terms and words of a product.
pub fn analyze_product(product: &Product) -> AnalyzedProduct {
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
        for chunk in chunks(&fold(text)) {
            chunk.visit_terms(Cow::Borrowed, &mut |term| terms.push(stem(term)));
            let written = chunk.parts().filter(|part| is_word(part, MIN_WORD));
            words.extend(written.map(str::to_owned));
        }
        terms
    });
    let text = AnalyzedText::new(fields.each_ref().map(|terms| terms.iter().map(String::as_str)));
    AnalyzedProduct { text, words: words.into_iter().collect::<Vec<_>>().join(" ") }
}

/// Lower case, compatibility forms taken apart, without combining marks.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        let marks = |character: &char| canonical_combining_class(*character) == 0;
        return Cow::Owned(text.to_lowercase().nfkd().filter(marks).collect());
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    Cow::Borrowed(text)
}

/// Letters and digits, with single hyphens, points and slashes between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk<'a>(&'a str);

/// The chunks of a folded text.
pub(crate) fn chunks(text: &str) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let begin = rest.find(is_term_character)?;
        rest = &rest[begin..];
        let mut end = run(rest);
        while let Some(joint) = rest[end..].strip_prefix(['-', '.', '/']) {
            let next = run(joint);
            if next == 0 {
                break;
            }
            end += 1 + next;
        }
        let chunk = &rest[..end];
        rest = &rest[end..];
        Some(Chunk(chunk))
    })
}

/// How many bytes of letters and digits the text begins with.
fn run(text: &str) -> usize {
    text.find(|character| !is_term_character(character)).unwrap_or(text.len())
}

impl<'a> Chunk<'a> {
    /// What stands between the hyphens, points and slashes.
    pub(crate) fn parts(self) -> impl Iterator<Item = &'a str> {
        self.0.split(['-', '.', '/'])
    }

    /// Visits every term, not yet stemmed: each part, its runs of letters and of digits if it has
    /// several, and last the parts joined, if they look like a model number. `replace` may put
    /// another word in a part's place.
    pub(crate) fn visit_terms<'b>(
        self,
        mut replace: impl FnMut(&'a str) -> Cow<'b, str>,
        visit: &mut impl FnMut(&str),
    ) where
        'a: 'b,
    {
        let mut several = false;
        for (place, part) in self.parts().enumerate() {
            several = place > 0;
            let part = replace(part);
            visit(&part);
            visit_runs(&part, visit);
        }
        let digit = |character| kind(character) == Kind::Digit;
        if several && !self.0.contains('/') && self.0.contains(digit) && self.0.contains(is_letter)
        {
            visit(&self.0.replace(['-', '.'], ""));
        }
    }
}

/// Visits the runs of one kind, if the part has more than one.
fn visit_runs(part: &str, visit: &mut impl FnMut(&str)) {
    let mut begin = 0;
    let mut before: Option<Kind> = None;
    for (at, character) in part.char_indices() {
        let now = kind(character);
        if before.is_some_and(|before| before != now) {
            visit(&part[begin..at]);
            begin = at;
        }
        before = Some(now);
    }
    if begin > 0 {
        visit(&part[begin..]);
    }
}

/// Whether all of `part` is letters, at least `shortest` of them.
pub(crate) fn is_word(part: &str, shortest: usize) -> bool {
    part.chars().nth(shortest - 1).is_some() && part.chars().all(is_letter)
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
    kind(character) != Kind::Separator
}

fn kind(character: char) -> Kind {
    use GeneralCategory as G;
    match character {
        'a'..='z' => return Kind::Latin,
        '0'..='9' => return Kind::Digit,
        // Folding leaves these where a compatibility form hid them: `™` is `TM`.
        'A'..='Z' => return Kind::Other,
        _ if character.is_ascii() => return Kind::Separator,
        _ => {}
    }
    match get_general_category(character) {
        G::DecimalNumber => Kind::Digit,
        G::LetterNumber | G::OtherNumber => Kind::Other,
        _ if is_letter(character) => Kind::Other,
        _ => Kind::Separator,
    }
}

/// The stem of a folded word. Snowball English changes Latin letters only, so others are spared it.
pub(crate) fn stem(word: &str) -> String {
    thread_local! {
        static STEMS: RefCell<Stems> = RefCell::new(Stems {
            stemmer: Stemmer::create(Algorithm::English),
            remembered: HashMap::new(),
        });
    }
    STEMS.with_borrow_mut(|stems| stems.stem(word))
}

/// A stemmer that remembers what it was asked.
struct Stems {
    stemmer: Stemmer,
    remembered: HashMap<Box<str>, Box<str>>,
}

impl Stems {
    fn stem(&mut self, word: &str) -> String {
        if let Some(stem) = self.remembered.get(word) {
            return stem.to_string();
        }
        let stem = self.stemmer.stem(word).into_owned();
        if self.remembered.len() >= REMEMBERED {
            self.remembered.clear();
        }
        self.remembered.insert(word.into(), stem.as_str().into());
        stem
    }
}
