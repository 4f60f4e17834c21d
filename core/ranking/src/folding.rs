//! Folding: texts that shoppers take for equal become equal.

use crate::numbers::{with_plain_numbers, without_commas};
use std::borrow::Cow;
use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// A replacement of a character.
enum Folded {
    As(char),
    Text(&'static str),
    Nothing,
}

/// Returns `text` in lower case and NFKC, without the marks that shoppers leave out: accents of Latin,
/// Greek and Cyrillic letters, vowel points of Hebrew and Arabic. Marks of other scripts are vowels, and
/// stay. Letters such as `ø` and `ß`, digits, fractions, hyphens and apostrophes become ASCII; what
/// separates thousands disappears, and a decimal comma becomes a point.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    let folded = if !text.is_ascii() {
        Cow::Owned(fold_unicode(text))
    } else if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    };
    with_plain_numbers(without_commas(folded))
}

fn fold_unicode(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut previous = ' ';
    let text = with_fractions_apart(text);
    let decomposed = text.chars().map(punctuation).flat_map(char::to_lowercase).nfkd();
    // Compatibility forms decompose to capitals: `㏄` to `cc`, but `𝐇` to `H`.
    for character in decomposed.flat_map(char::to_lowercase) {
        match fold_character(character, previous) {
            Folded::As(character) => folded.push(character),
            Folded::Text(text) => folded.push_str(text),
            Folded::Nothing => continue,
        }
        previous = character;
    }
    if is_nfc_quick(folded.chars()) != IsNormalized::Yes {
        folded = folded.nfc().collect();
    }
    // The vowel am of Thai and Lao, which NFKD takes apart: no dictionary has it so.
    if folded.contains(['\u{e4d}', '\u{ecd}']) {
        folded = folded.replace("\u{e4d}\u{e32}", "\u{e33}").replace("\u{ecd}\u{eb2}", "\u{eb3}");
    }
    folded
}

/// Returns `text` with a space between a whole number and a fraction of one character: NFKD would make `11/2` of
/// `1½`.
fn with_fractions_apart(text: &str) -> Cow<'_, str> {
    let is_fraction = |character| matches!(character, '¼'..='¾' | '⅐'..='⅞' | '↉');
    if !text.contains(is_fraction) {
        return Cow::Borrowed(text);
    }
    let mut apart = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if is_fraction(character) && apart.ends_with(|before: char| before.is_ascii_digit()) {
            apart.push(' ');
        }
        apart.push(character);
    }
    Cow::Owned(apart)
}

/// Returns the ASCII form of hyphens, apostrophes, inch marks and crosses, before NFKD takes some of them apart.
fn punctuation(character: char) -> char {
    match character {
        '\u{2010}'..='\u{2013}' | '\u{2212}' => '-',
        '’' | '‘' | 'ʼ' | 'ʻ' | 'ʹ' | '′' | '´' | '`' => '\'',
        '″' | '”' | '“' => '"',
        // As in `M8×40`.
        '×' | '✕' | '✖' => 'x',
        // They end a name: `LEGO™` is no word of six letters.
        '™' | '℠' => ' ',
        other => other,
    }
}

/// Folds a character of a decomposed text in lower case, after the character `previous`.
fn fold_character(character: char, previous: char) -> Folded {
    match character {
        _ if character.is_ascii() => Folded::As(character),
        // The marks of й, ў and ї, which are letters of their own.
        '\u{306}' if matches!(previous, 'и' | 'у') => Folded::As(character),
        '\u{308}' if previous == 'і' => Folded::As(character),
        _ if is_optional_mark(character) => Folded::Nothing,
        'ø' | 'ɵ' => Folded::Text("o"),
        'ł' | 'ƚ' => Folded::Text("l"),
        'ß' => Folded::Text("ss"),
        'æ' => Folded::Text("ae"),
        'œ' => Folded::Text("oe"),
        'đ' | 'ð' | 'ɗ' | 'ɖ' => Folded::Text("d"),
        'þ' => Folded::Text("th"),
        'ı' => Folded::Text("i"),
        'ħ' => Folded::Text("h"),
        'ŋ' => Folded::Text("n"),
        'ŧ' => Folded::Text("t"),
        'ƒ' => Folded::Text("f"),
        'ĸ' | 'ƙ' => Folded::Text("k"),
        'ɓ' | 'ƀ' => Folded::Text("b"),
        'ƴ' => Folded::Text("y"),
        'ǥ' | 'ɠ' => Folded::Text("g"),
        'ə' | 'ɛ' => Folded::Text("e"),
        'ς' => Folded::As('σ'),
        '⁄' => Folded::As('/'),
        // NFKD takes it from ŉ.
        'ʼ' => Folded::As('\''),
        // The forms of yeh and kaf on keyboards of Arabic and Persian, and of heh at the end of a word.
        'ى' | 'ی' => Folded::As('ي'),
        'ک' => Folded::As('ك'),
        'ة' | 'ہ' | 'ە' => Folded::As('ه'),
        'ँ' => Folded::As('ं'),
        // A joiner only shapes letters of Indic scripts, inside a word.
        '\u{200c}' | '\u{200d}' if matches!(previous, '\u{900}'..='\u{dff}') => Folded::Nothing,
        // A soft hyphen, and the lengthening of Arabic letters.
        '\u{ad}' | 'ـ' => Folded::Nothing,
        _ => digit(character).map_or(Folded::As(character), Folded::As),
    }
}

/// Returns true for marks that are optional in writing or belong to no letter.
fn is_optional_mark(character: char) -> bool {
    matches!(character,
        // Latin, Greek, Cyrillic.
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{fe20}'..='\u{fe2f}'
        // Hebrew, Arabic, Syriac.
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}'
        | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{6e7}' | '\u{6e8}'
        | '\u{6ea}'..='\u{6ed}' | '\u{711}' | '\u{730}'..='\u{74a}' | '\u{8d3}'..='\u{8ff}'
        // The nukta of Devanagari: many write फोन for फ़ोन.
        | '\u{93c}'
        // Symbols: enclosing marks and variation selectors.
        | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Returns the ASCII form of a decimal digit. Unicode has the ten digits of a script in a row.
fn digit(character: char) -> Option<char> {
    let is_digit = |code: u32| {
        let category = char::from_u32(code).map(get_general_category);
        category == Some(GeneralCategory::DecimalNumber)
    };
    let code = u32::from(character);
    if !is_digit(code) {
        return None;
    }
    let value = (1..10).take_while(|less| is_digit(code - less)).count();
    char::from_digit(u32::try_from(value).ok()?, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_nfkd_does_not_take_apart_become_ascii() {
        for (text, folded) in [
            ("Nørdlyd Ørnevik", "nordlyd ornevik"),
            ("Łódź Straße STRASSE ẞ", "lodz strasse strasse ss"),
            ("Ærø œuvre Đà Ísafjörður þing", "aero oeuvre da isafjordur thing"),
            ("İstanbul ISPARTA ılık ħŋŧ", "istanbul isparta ilik hnt"),
            ("Café CRÈME Ångström ﬁne", "cafe creme angstrom fine"),
            ("LEGO™ H₂O ½ 1½ M8×40", "lego  h2o 1/2 1 1/2 m8x40"),
        ] {
            assert_eq!(fold(text), folded);
        }
    }

    #[test]
    fn marks_stay_on_the_letters_whose_vowels_they_are() {
        for text in [
            "लकड़ी".replace('\u{93c}', ""),
            "หูฟัง".into(),
            "น้ำ".into(),
            "கண்ணாடி".into(),
            "ガラス".into(),
            "무선".into(),
            "йод їжа".into(),
        ] {
            assert_eq!(fold(&text), text);
        }
        for (text, folded) in [
            ("שָׁלוֹם", "שלום"),
            ("كِتَابٌ أحمر كـتاب", "كتاب احمر كتاب"),
            ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
            ("Ёлка", "елка"),
            ("फ़ोन चाँद", "फोन चांद"),
            ("ﾃｽﾄ ｶﾞ", "テスト ガ"),
            ("क्\u{200d}ष", "क्ष"),
        ] {
            assert_eq!(fold(text), folded);
        }
    }

    #[test]
    fn digits_hyphens_and_apostrophes_become_ascii() {
        assert_eq!(fold("१२ ٣٤ １２"), "12 34 12");
        assert_eq!(fold("L’Oréal t‑shirt 10–20 65”"), "l'oreal t-shirt 10-20 65\"");
        assert_eq!(fold("3,5 mm ½"), "3.5 mm 1/2");
        assert_eq!(fold("10\u{202f}000 mAh"), "10000 mah");
    }
}
