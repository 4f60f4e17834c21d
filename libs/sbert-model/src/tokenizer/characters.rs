//! What BERT's normalization says of a character.
//!
//! The tables are those that the `tokenizers` crate uses, of the same age: a table of a newer
//! Unicode would give other tokens for characters that have joined since.

use unicode_categories::UnicodeCategories;

/// Control characters and the like, which are dropped.
pub(crate) fn is_dropped(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => false,
        '\0' | '\u{fffd}' => true,
        _ => character.is_other(),
    }
}

/// Characters that are a word of their own.
pub(crate) fn is_punctuation(character: char) -> bool {
    character.is_ascii_punctuation() || character.is_punctuation()
}

/// Marks that stripping accents takes away.
pub(crate) fn is_mark(character: char) -> bool {
    character.is_mark_nonspacing()
}

/// Characters that have a space put on either side.
pub(crate) fn is_ideograph(character: char) -> bool {
    matches!(u32::from(character),
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x20000..=0x2A6DF | 0x2A700..=0x2B73F
        | 0x2B740..=0x2B81F | 0x2B920..=0x2CEAF | 0xF900..=0xFAFF | 0x2F800..=0x2FA1F)
}
