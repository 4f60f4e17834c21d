//! The character classes of BERT's normalization.
//!
//! The tables are those of the `tokenizers` crate, in the same version: a newer Unicode would produce
//! other tokens for characters added since.

use unicode_categories::UnicodeCategories;

/// Returns whether the character is a control character or similar, which is dropped.
pub(crate) fn is_dropped(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => false,
        '\0' | '\u{fffd}' => true,
        _ => character.is_other(),
    }
}

/// Returns whether the character is a word of its own.
pub(crate) fn is_punctuation(character: char) -> bool {
    character.is_ascii_punctuation() || character.is_punctuation()
}

/// Returns whether the character is a mark that stripping accents removes.
pub(crate) fn is_mark(character: char) -> bool {
    character.is_mark_nonspacing()
}

/// Returns whether the character is surrounded with spaces.
pub(crate) fn is_ideograph(character: char) -> bool {
    matches!(u32::from(character),
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x20000..=0x2A6DF | 0x2A700..=0x2B73F
        | 0x2B740..=0x2B81F | 0x2B920..=0x2CEAF | 0xF900..=0xFAFF | 0x2F800..=0x2FA1F)
}
