//! Texts on their way into the database and back: Postgres keeps every character but NUL.

use std::borrow::Cow;

/// Stands before what took a character's place. The least that Postgres keeps, so that escaped texts
/// stand in the order of the plain ones.
const MARK: char = '\u{1}';

/// What follows the mark, for NUL and for the mark itself.
const NUL: char = '\u{1}';
const ITSELF: char = '\u{2}';

/// `text` without NUL; [`unescape`] gives it back.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', MARK]) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\0' => escaped.extend([MARK, NUL]),
            MARK => escaped.extend([MARK, ITSELF]),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// The text that was escaped. A mark that [`escape`] did not make stays as it is.
pub(crate) fn unescape(text: String) -> String {
    if !text.contains(MARK) {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let meant = match (character, characters.peek()) {
            (MARK, Some(&NUL)) => Some('\0'),
            (MARK, Some(&ITSELF)) => Some(MARK),
            _ => None,
        };
        if meant.is_some() {
            characters.next();
        }
        plain.push(meant.unwrap_or(character));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_and_none_holds_nul() {
        for text in ["", "plain", "\0", "a\0b\0", "\u{1}", "\u{1}\u{1}", "\0\u{1}\u{2}\0", "é\0"] {
            let escaped = escape(text);
            assert!(!escaped.contains('\0'), "{text:?}");
            assert_eq!(unescape(escaped.into_owned()), text);
        }
        assert!(matches!(escape("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn escaped_texts_stand_in_the_order_of_the_plain_ones() {
        let plain =
            ["", "\0", "\0\0", "\0\u{1}", "\0a", "\u{1}", "\u{1}\0", "\u{2}", "a", "a\0", "a "];
        assert!(plain.is_sorted());
        let escaped = plain.map(escape);
        assert!(escaped.is_sorted_by(|a, b| a < b), "{escaped:?}");
    }

    #[test]
    fn a_mark_that_another_program_wrote_stays() {
        assert_eq!(unescape("a\u{1}".to_owned()), "a\u{1}");
        assert_eq!(unescape("\u{1}x".to_owned()), "\u{1}x");
    }
}
