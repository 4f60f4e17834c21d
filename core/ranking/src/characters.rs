//! Classes of characters, after folding.

use unicode_general_category::{GeneralCategory, get_general_category};

/// The class of a character, for splitting text into terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CharacterClass {
    /// `a` to `z`.
    Latin,
    /// A decimal digit, or the point inside a number.
    Digit,
    /// Any other letter or number, or a mark that belongs to a letter.
    Other,
    /// A letter or mark of a script that is written without spaces.
    Unspaced,
    /// Any character that is not part of a term.
    Separator,
}

pub(crate) fn class(character: char) -> CharacterClass {
    use GeneralCategory as G;
    match character {
        'a'..='z' => return CharacterClass::Latin,
        '0'..='9' => return CharacterClass::Digit,
        _ if character.is_ascii() => return CharacterClass::Separator,
        _ => {}
    }
    match get_general_category(character) {
        G::DecimalNumber => CharacterClass::Digit,
        _ if is_letter(character) && is_unspaced(character) => CharacterClass::Unspaced,
        G::LetterNumber | G::OtherNumber => CharacterClass::Other,
        _ if is_letter(character) => CharacterClass::Other,
        _ => CharacterClass::Separator,
    }
}

pub(crate) fn is_term_character(character: char) -> bool {
    class(character) != CharacterClass::Separator
}

/// Returns true for letters, and for the marks that folding leaves: those are vowels and other parts of
/// the letter before them.
pub(crate) fn is_letter(character: char) -> bool {
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
    ) || is_mark(character)
}

/// Returns true for a mark that folding leaves.
pub(crate) fn is_mark(character: char) -> bool {
    use GeneralCategory as G;
    !character.is_ascii()
        && matches!(get_general_category(character), G::NonspacingMark | G::SpacingMark)
}

/// Returns true for the scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, Japanese
/// and Chinese.
fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}' | '\u{a9e0}'..='\u{a9ff}' | '\u{aa60}'..='\u{aa7f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}' | '\u{3031}'..='\u{3035}' | '\u{3040}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}')
        || is_ideograph(character)
}

/// Returns true for Chinese characters.
pub(crate) fn is_ideograph(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Returns true for katakana and the mark of long vowels.
pub(crate) fn is_katakana(character: char) -> bool {
    matches!(character, '\u{30a1}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}')
}
