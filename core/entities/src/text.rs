//! Text as shops write it, made text as people read it.

use crate::html;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// How often a text is freed of markup: shops escape what is escaped already.
const PASSES: usize = 3;

/// The text without tags and character references of HTML, control characters and blanks around it,
/// in NFC. What only looks like markup (`2 < 3`, `AT&T`) stays.
///
/// Costs no more than a look where there is nothing to do, as in nearly every text.
pub fn clean_text(text: String) -> String {
    if is_plain(text.as_bytes()) {
        return trimmed(text);
    }
    let mut text = text;
    for _ in 0..PASSES {
        match html::text(&text) {
            Some(changed) => text = changed,
            None => break,
        }
    }
    if text.contains(is_invisible) {
        text = text.chars().filter_map(visible).collect();
    }
    if !is_nfc(&text) {
        text = text.nfc().collect();
    }
    trimmed(text)
}

/// Keeps the allocation where there is nothing to trim.
fn trimmed(text: String) -> String {
    if text.trim().len() == text.len() { text } else { text.trim().to_owned() }
}

/// Whether a text is printable ASCII, lines and tabs, and holds nothing that begins markup.
fn is_plain(bytes: &[u8]) -> bool {
    let (mut odd, mut ampersands) = (0_u8, 0_u8);
    // All bytes are looked at, so that many are looked at side by side.
    for &byte in bytes {
        let is_visible = u8::from(byte.wrapping_sub(b' ') <= b'~' - b' ');
        let is_blank = u8::from(byte == b'\n') | u8::from(byte == b'\t');
        odd |= (is_visible | is_blank) ^ 1 | u8::from(byte == b'<');
        ampersands |= u8::from(byte == b'&');
    }
    // An `&` between words is text.
    let is_text = |pair: &[u8]| pair[0] != b'&' || pair[1] == b' ';
    odd == 0 && (ampersands == 0 || bytes.windows(2).all(is_text))
}

/// What nobody sees, and what turns the direction of the text around it.
fn is_invisible(character: char) -> bool {
    visible(character) != Some(character)
}

/// The character that stands for it, if any: a blank for most controls.
fn visible(character: char) -> Option<char> {
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
    fn markup_is_read_as_a_browser_shows_it() {
        for (text, shown) in [
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
            assert_eq!(cleaned(text), shown, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_markup_stays() {
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
    fn controls_go_and_letters_are_composed() {
        assert_eq!(cleaned("\u{feff}a\u{0}b\u{1b}[1m\u{200b}c\u{85}\r\n"), "a b [1mc");
        assert_eq!(cleaned("cafe\u{301} \u{202e}x"), "caf\u{e9} x");
        assert_eq!(cleaned("  plain \n"), "plain");
        assert_eq!(cleaned("\u{1f469}\u{200d}\u{1f4bb} ❤️"), "\u{1f469}\u{200d}\u{1f4bb} ❤️");
    }

    #[test]
    fn hostile_text_costs_no_more_than_its_length() {
        for piece in ["<", "&", "<b ", "&amp;", "<!--", "<script>", "&#", "<a href=\"", "</"] {
            let text = piece.repeat((1 << 20) / piece.len());
            assert!(cleaned(&text).len() <= text.len(), "{piece}");
        }
    }

    proptest! {
        #[test]
        fn any_text_becomes_one_without_controls_and_blanks_around_it(
            text in "([<>&;/a-z =\"'#!-]|&amp;|<b>|<br/>|e\u{301}|.){0,24}",
        ) {
            let cleaned = cleaned(&text);
            prop_assert_eq!(cleaned.trim(), &*cleaned);
            prop_assert!(is_nfc(&cleaned));
            prop_assert!(!cleaned.contains(is_invisible));
        }
    }
}
