//! Chunks of a folded text: words and numbers with what joins them, as in `t-shirt` and `3.5mm`.

use crate::characters::{CharacterClass, class, is_letter, is_term_character};
use crate::numbers::{fraction, is_number, is_symbol, is_unit_before, unit};
use crate::segments::visit_segments;
use std::borrow::Cow;

/// The maximum length of a term that is joined from parts, in bytes.
const MAX_JOINED: usize = 64;

/// The minimum length of a word that a single letter before it is joined to, in bytes: `t shirt`.
const MIN_AFTER_LETTER: usize = 3;

/// Letters that are words of their own in some languages, and are not joined to the next one.
const LETTER_WORDS: [&str; 7] = ["a", "e", "i", "o", "u", "y", "s"];

/// A term before stemming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Term<'a> {
    /// A word or number as it is written, or a part of one.
    Written(&'a str),
    /// Several terms that others write as one word.
    Joined {
        /// The word.
        term: &'a str,
        /// The number of terms visited before it that it stands for.
        parts: usize,
    },
}

/// A run of letters and digits, with single connectors inside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk<'a> {
    text: &'a str,
    /// The text from the beginning of the chunk.
    rest: &'a str,
}

/// Iterates over the chunks of a folded text.
pub(crate) fn chunks(text: &str) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(is_term_character)?;
        rest = &rest[start..];
        let mut end = run_length(rest);
        while let Some(after) = rest[end..].strip_prefix(is_connector) {
            let length = run_length(after);
            if length == 0 {
                break;
            }
            end += 1 + length;
        }
        let chunk = Chunk { text: &rest[..end], rest };
        rest = &rest[end..];
        Some(chunk)
    })
}

/// Visits every term of a folded text, not yet stemmed. `replace` may replace a part of a chunk with
/// another word.
pub(crate) fn visit_terms<'a, 'b>(
    text: &'a str,
    mut replace: impl FnMut(&'a str) -> Cow<'b, str>,
    mut visit: impl FnMut(Term<'_>),
) where
    'a: 'b,
{
    let mut before: Option<(Chunk<'_>, usize)> = None;
    for chunk in chunks(text) {
        let with_before = before.and_then(|(before, _)| chunk.joined_to(before));
        let follows_number =
            with_before.is_some() && before.is_some_and(|(one, _)| one.is_amount());
        let mut parts = 0;
        let mut is_after_number = follows_number;
        for part in chunk.parts() {
            if !(is_after_number && is_symbol(part)) {
                visit_part(&replace(part), &mut |term| {
                    parts += 1;
                    visit(term);
                });
            }
            is_after_number = is_number(part);
        }
        for term in chunk.joined().iter().chain(&chunk.inches()) {
            visit(Term::Joined { term, parts });
        }
        if let (Some((_, parts_before)), Some(term)) = (before, &with_before) {
            visit(Term::Joined { term, parts: parts_before + parts });
        }
        before = Some((chunk, parts));
    }
}

impl<'a> Chunk<'a> {
    /// Returns the chunk as it is written.
    pub(crate) fn text(self) -> &'a str {
        self.text
    }

    /// Returns where the chunk begins in the text whose chunks were taken.
    pub(crate) fn start_in(self, text: &str) -> usize {
        text.len() - self.rest.len()
    }

    /// Iterates over the parts between connectors, without the `s` of a possessive.
    pub(crate) fn parts(self) -> impl Iterator<Item = &'a str> {
        let is_whole = self.is_whole();
        let amount = self.fraction_of_unit().map(|(fraction, _)| fraction);
        let mut rest = amount.or(self.text.strip_suffix("'s")).unwrap_or(self.text);
        std::iter::from_fn(move || {
            let end = if is_whole { rest.len() } else { run_length(rest) };
            let part = &rest[..end];
            rest = rest.get(end + 1..).unwrap_or_default();
            (!part.is_empty()).then_some(part)
        })
    }

    /// Returns the parts as one word, as others write them: `tshirt` for `t-shirt`. None across a
    /// slash, a point between words, or in numbers and in scripts without spaces.
    pub(crate) fn joined(self) -> Option<String> {
        if self.is_whole() {
            return None;
        }
        if let Some((fraction, unit)) = self.fraction_of_unit() {
            return Some(quantity(fraction, unit));
        }
        let parts: Vec<_> = self.parts().collect();
        let is_possessive = parts.len() == 1 && parts[0].len() < self.text.len();
        let has = |wanted: CharacterClass| self.text.chars().any(|c| class(c) == wanted);
        if (parts.len() < 2 && !is_possessive)
            || self.text.len() > MAX_JOINED
            || self.text.contains('/')
            || !self.text.contains(is_letter)
            || has(CharacterClass::Unspaced)
        {
            return None;
        }
        let is_acronym = || parts.iter().all(|part| part.chars().nth(1).is_none());
        if self.has_connecting_point() && !has(CharacterClass::Digit) && !is_acronym() {
            return None;
        }
        Some(match &*parts {
            [name] => format!("{name}s"),
            [number, word] if is_number(number) => quantity(number, word),
            parts => term(&parts.concat()).into_owned(),
        })
    }

    /// Returns a number of inches, as in `65"`.
    pub(crate) fn inches(self) -> Option<String> {
        (self.is_amount() && self.after().starts_with('"')).then(|| quantity(self.text, "in"))
    }

    /// Returns what the chunk forms with the one `before` it: a number with its unit, or a word whose
    /// first letter stands alone, as in `t shirt`.
    pub(crate) fn joined_to(self, before: Chunk<'_>) -> Option<String> {
        let first = self.parts().next()?;
        if !before.is_one_space_before(self) {
            None
        } else if before.is_amount() {
            let is_unit = unit(first).is_some() && is_unit_before(first, self.after());
            is_unit.then(|| quantity(before.text, first))
        } else {
            let is_word = is_single_letter(before.text) && is_word_after_letter(first);
            is_word.then(|| format!("{}{first}", before.text))
        }
    }

    /// Returns true if nothing connects parts, as in nearly every chunk.
    fn is_whole(self) -> bool {
        !self.text.bytes().any(|byte| is_connector(char::from(byte)))
    }

    pub(crate) fn is_number(self) -> bool {
        is_number(self.text)
    }

    /// Returns true for a number or a fraction.
    fn is_amount(self) -> bool {
        self.is_number() || fraction(self.text) == Some(self.text)
    }

    /// Returns a fraction and the unit that follows it, as in `3/4in` and `3/4-inch`.
    fn fraction_of_unit(self) -> Option<(&'a str, &'a str)> {
        let fraction = fraction(self.text)?;
        let rest = &self.text[fraction.len()..];
        let name = rest.strip_prefix('-').unwrap_or(rest);
        unit(name).map(|_| (fraction, name))
    }

    /// Returns the text after the chunk.
    fn after(self) -> &'a str {
        &self.rest[self.text.len()..]
    }

    fn is_one_space_before(self, next: Chunk<'_>) -> bool {
        self.rest.len() == self.text.len() + 1 + next.rest.len()
            && self.after().starts_with([' ', '\t', '\n'])
    }

    /// Returns true if a point is between two parts, rather than in a number.
    fn has_connecting_point(self) -> bool {
        let points = self.text.match_indices('.').map(|(at, _)| at);
        points.into_iter().any(|at| !is_decimal_point(self.text, at))
    }
}

/// Visits a part: whole, and its runs of letters and digits if it has several.
fn visit_part(part: &str, visit: &mut impl FnMut(Term<'_>)) {
    if part.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return visit(Term::Written(part));
    }
    let mut runs = Runs { part, start: 0 };
    let Some((first_class, first)) = runs.next() else { return };
    if first.len() == part.len() {
        return visit_run(first_class, first, visit);
    }
    let all: Vec<_> = std::iter::once((first_class, first)).chain(runs).collect();
    if all.iter().all(|(class, _)| *class != CharacterClass::Unspaced) {
        match &*all {
            [(CharacterClass::Digit, number), (_, word)] if unit(word).is_some() => {
                visit(Term::Written(&quantity(number, word)));
                visit(Term::Written(&term(number)));
                if !is_symbol(word) {
                    visit(Term::Written(word));
                }
                return;
            }
            _ => visit(Term::Written(&term(part))),
        }
    }
    for (class, run) in all {
        visit_run(class, run, visit);
    }
}

fn visit_run(class: CharacterClass, run: &str, visit: &mut impl FnMut(Term<'_>)) {
    match class {
        CharacterClass::Unspaced => {
            visit_segments(run, &mut |segment| visit(Term::Written(segment)));
        }
        _ => visit(Term::Written(&term(run))),
    }
}

/// Iterates over the runs of one character class.
struct Runs<'a> {
    part: &'a str,
    start: usize,
}

impl<'a> Iterator for Runs<'a> {
    type Item = (CharacterClass, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.part[self.start..];
        let class_of = |character| match character {
            '.' => CharacterClass::Digit,
            other => class(other),
        };
        let first = class_of(rest.chars().next()?);
        let length = rest.find(|character| class_of(character) != first).unwrap_or(rest.len());
        self.start += length;
        Some((first, &rest[..length]))
    }
}

/// Returns a term as engines take it, which know points as separators.
pub(crate) fn term(part: &str) -> Cow<'_, str> {
    if part.contains('.') { Cow::Owned(part.replace('.', "_")) } else { Cow::Borrowed(part) }
}

/// Returns the term of a number or a fraction with its unit. Engines know slashes as separators too.
pub(crate) fn quantity(number: &str, word: &str) -> String {
    format!(
        "{}{}",
        term(&number.replace('/', "of")),
        unit(word).map_or_else(|| term(word), Cow::Borrowed)
    )
}

fn is_single_letter(text: &str) -> bool {
    text.len() == 1 && text.contains(is_letter) && !LETTER_WORDS.contains(&text)
}

fn is_word_after_letter(part: &str) -> bool {
    part.len() >= MIN_AFTER_LETTER && part.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Returns true for the characters that may join two parts of a chunk, all of them ASCII.
fn is_connector(character: char) -> bool {
    matches!(character, '-' | '.' | '/' | '\'' | '&')
}

/// Returns the length of the letters and digits that `text` begins with, in bytes.
fn run_length(text: &str) -> usize {
    let mut end = 0;
    loop {
        let rest = &text[end..];
        let plain = rest.bytes().take_while(u8::is_ascii_lowercase).count();
        let rest = &rest[plain..];
        end += plain;
        end += rest.find(|character| !is_term_character(character)).unwrap_or(rest.len());
        if !is_decimal_point(text, end) {
            return end;
        }
        end += 1;
    }
}

/// Returns true if a point at `at` is between two digits.
fn is_decimal_point(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    bytes.get(at) == Some(&b'.') && at > 0 && is_digit(at - 1) && is_digit(at + 1)
}
