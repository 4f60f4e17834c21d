//! Cleans text of feeds: markup, control characters, Unicode normalization.

use crate::html;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The number of times markup is removed from a text: feeds escape text that is escaped already.
const PASSES: usize = 3;

/// Returns the text in NFC, without HTML tags, character references, control characters and
/// surrounding whitespace. Text that only looks like markup (`2 < 3`, `AT&T`) is kept.
///
/// A text without any of these, like nearly every text, is only scanned.
pub fn clean_text(text: String) -> String {
    if is_plain(text.as_bytes()) {
        return trim(text);
    }
    let mut text = text;
    for _ in 0..PASSES {
        match html::strip_markup(&text) {
            Some(changed) => text = changed,
            None => break,
        }
    }
    if text.contains(is_invisible) {
        text = text.chars().filter_map(replacement).collect();
    }
    if !is_nfc(&text) {
        text = text.nfc().collect();
    }
    trim(text)
}

/// Trims the text; keeps the allocation if there is nothing to trim.
fn trim(text: String) -> String {
    if text.trim().len() == text.len() { text } else { text.trim().to_owned() }
}

/// Returns true if a text is printable ASCII, newlines and tabs, and contains no start of markup.
fn is_plain(bytes: &[u8]) -> bool {
    let (mut odd, mut ampersands) = (0_u8, 0_u8);
    // No early exit, so that the loop is vectorized.
    for &byte in bytes {
        let is_visible = u8::from(byte.wrapping_sub(b' ') <= b'~' - b' ');
        let is_blank = u8::from(byte == b'\n') | u8::from(byte == b'\t');
        odd |= (is_visible | is_blank) ^ 1 | u8::from(byte == b'<');
        ampersands |= u8::from(byte == b'&');
    }
    // An `&` before a space is text.
    let is_text = |pair: &[u8]| pair[0] != b'&' || pair[1] == b' ';
    odd == 0 && (ampersands == 0 || bytes.windows(2).all(is_text))
}

/// Returns true for control characters, invisible characters and marks of text direction.
fn is_invisible(character: char) -> bool {
    replacement(character) != Some(character)
}

/// Returns the replacement of a character: a space for most control characters, `None` for
/// invisible ones.
fn replacement(character: char) -> Option<char> {
    match character {
        '\n' | '\t' => Some(character),
        '\u{ad}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2060}'
        | '\u{feff}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => None,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => Some(' '),
        _ => Some(character),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cleaned(text: &str) -> String {
        clean_text(text.to_owned())
    }

    #[test]
    fn markup_becomes_the_text_that_a_browser_shows() {
        for (text, expected) in [
            ("<p>Warm <b>light</b></p><p>beside&nbsp;the bed</p>", "Warm light beside the bed"),
            ("one<br/>two<BR>three", "one two three"),
            ("<ul>\n  <li class=\"x\">a</li>\n  <li>b</li>\n</ul>", "a b"),
            ("a<!-- hidden > here -->b", "ab"),
            ("a<script>if (1 < 2) { x() }</script>b<STYLE>p{}</style>c", "a b c"),
            ("H<sub>2</sub>O", "H2O"),
            ("Tom &amp; Jerry &lt;3", "Tom & Jerry <3"),
            ("&quot;5&#39;&#x2033; &frac12; &euro;3 &eacute;t&eacute;&quot;", "\"5'″ ½ €3 été\""),
            ("&lt;b&gt;bold&lt;/b&gt; &amp;amp; more", "bold & more"),
            ("<a href='https://shop.example/?a=1&b=2' target=_blank>here</a>", "here"),
        ] {
            assert_eq!(cleaned(text), expected, "{text}");
        }
    }

    #[test]
    fn text_that_only_looks_like_markup_is_kept() {
        for text in [
            "AT&T & co",
            "2 < 3 > 1",
            "x<y",
            "I <3 you",
            "a &unknown; b",
            "&#xD800; &#0; &#99999999;",
            "List<String>",
            "if a<b and c>d",
            "<",
            "&",
            "<b",
            "&amp",
            "R&D;",
            "100 %\n\tsteel",
        ] {
            assert_eq!(cleaned(text), text);
        }
    }

    #[test]
    fn control_characters_are_removed_and_letters_composed() {
        assert_eq!(cleaned("\u{feff}a\u{0}b\u{1b}[1m\u{200b}c\u{85}\r\n"), "a b [1mc");
        assert_eq!(cleaned("cafe\u{301} \u{202e}x"), "caf\u{e9} x");
        assert_eq!(cleaned("  plain \n"), "plain");
        assert_eq!(cleaned("\u{1f469}\u{200d}\u{1f4bb} ❤️"), "\u{1f469}\u{200d}\u{1f4bb} ❤️");
    }

    #[test]
    fn hostile_text_is_cleaned_in_linear_time() {
        for piece in ["<", "&", "<b ", "&amp;", "<!--", "<script>", "&#", "<a href=\"", "</"] {
            let text = piece.repeat((1 << 20) / piece.len());
            assert!(cleaned(&text).len() <= text.len(), "{piece}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_cleaned_of_control_characters_and_surrounding_whitespace(
            text in "([<>&;/a-z =\"'#!-]|&amp;|<b>|<br/>|e\u{301}|.){0,24}",
        ) {
            let cleaned = cleaned(&text);
            prop_assert_eq!(cleaned.trim(), &*cleaned);
            prop_assert!(is_nfc(&cleaned));
            prop_assert!(!cleaned.contains(is_invisible));
        }
    }
}
