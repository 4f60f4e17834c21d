//! Escapes NUL, the only character that Postgres does not store.

use std::borrow::Cow;

/// Begins an escape sequence. It is the smallest character that Postgres stores, so that escaped
/// texts sort like the originals.
const MARK: char = '\u{1}';

/// Follows the mark in place of NUL.
const NUL: char = '\u{1}';

/// Follows the mark in place of the mark itself.
const LITERAL_MARK: char = '\u{2}';

/// Returns `text` without NUL; [`unescape`] restores it.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', MARK]) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\0' => escaped.extend([MARK, NUL]),
            MARK => escaped.extend([MARK, LITERAL_MARK]),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// Restores an escaped text. A mark that [`escape`] did not write stays as it is.
pub(crate) fn unescape(text: String) -> String {
    if !text.contains(MARK) {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let original = match (character, characters.peek()) {
            (MARK, Some(&NUL)) => Some('\0'),
            (MARK, Some(&LITERAL_MARK)) => Some(MARK),
            _ => None,
        };
        if original.is_some() {
            characters.next();
        }
        plain.push(original.unwrap_or(character));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_restored_and_no_escaped_text_contains_nul() {
        for text in ["", "plain", "\0", "a\0b\0", "\u{1}", "\u{1}\u{1}", "\0\u{1}\u{2}\0", "é\0"] {
            let escaped = escape(text);
            assert!(!escaped.contains('\0'), "{text:?}");
            assert_eq!(unescape(escaped.into_owned()), text);
        }
        assert!(matches!(escape("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn escaped_texts_sort_like_the_originals() {
        let plain =
            ["", "\0", "\0\0", "\0\u{1}", "\0a", "\u{1}", "\u{1}\0", "\u{2}", "a", "a\0", "a "];
        assert!(plain.is_sorted());
        let escaped = plain.map(escape);
        assert!(escaped.is_sorted_by(|a, b| a < b), "{escaped:?}");
    }

    #[test]
    fn a_mark_of_another_program_stays() {
        assert_eq!(unescape("a\u{1}".to_owned()), "a\u{1}");
        assert_eq!(unescape("\u{1}x".to_owned()), "\u{1}x");
    }
}
