//! Makes text from outside safe to print: feeds, servers and file names may contain terminal escapes.

use std::borrow::Cow;
use std::fmt::Write;
use std::io;

/// Returns the text with an escape such as `\u001b` in place of each character that can control a
/// terminal or reorder what it shows: control characters other than newline and tab, separators of
/// lines, and marks that override the direction of text.
///
/// The escapes are those of JSON, so a JSON document stays valid and keeps its meaning.
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, is_unprintable)
}

/// Returns the same with newlines escaped, so that a text cannot pass for several lines of a log.
pub fn printable_line(text: &str) -> Cow<'_, str> {
    escaped(text, |character| character == '\n' || is_unprintable(character))
}

/// A writer that makes complete texts printable before it passes them on.
///
/// Each call of `write` must contain whole characters, as a log's do.
#[derive(Debug)]
pub(crate) struct PrintableWriter<W>(pub(crate) W);

impl<W: io::Write> io::Write for PrintableWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(printable(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn escaped(text: &str, is_bad: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_bad) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            _ if !is_bad(character) => safe.push(character),
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            // All of them have at most four digits. Writing to a string cannot fail.
            _ => _ = write!(safe, "\\u{:04x}", u32::from(character)),
        }
    }
    Cow::Owned(safe)
}

fn is_unprintable(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => character.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every character that must not reach a terminal.
    fn unprintable() -> impl Iterator<Item = char> {
        let controls = ('\0'..='\u{9f}').filter(|is| is.is_control() && !['\n', '\t'].contains(is));
        controls.chain('\u{2028}'..='\u{202e}').chain('\u{2066}'..='\u{2069}')
    }

    #[test]
    fn no_character_that_controls_a_terminal_is_left() {
        for character in unprintable() {
            let text = format!("a{character}b");
            for safe in [printable(&text), printable_line(&text)] {
                let is_plain = safe.bytes().all(|byte| (b' '..=b'~').contains(&byte));
                assert!(is_plain && safe.len() > 3, "{text:?} became {safe:?}");
            }
        }
        assert_eq!(printable("\u{1b}]0;x\u{7}\r\u{9b}2J"), r"\u001b]0;x\u0007\r\u009b2J");
    }

    #[test]
    fn text_of_every_script_is_kept_without_a_copy() {
        for text in
            ["", "Tripod\n\t₹1,299", "三脚架", "حامل ثلاثي", "e\u{301} 👩\u{200d}💻", r"\u001b"]
        {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text), "{text:?}");
        }
        assert_eq!(printable_line("one\ntwo"), r"one\ntwo");
    }

    #[test]
    fn a_json_document_keeps_its_meaning() {
        let text: String = unprintable().flat_map(|character| ['\\', character, '"']).collect();
        let document = serde_json::json!({ "name": text });
        for written in [document.to_string(), format!("{document:#}")] {
            let safe = printable(&written);
            assert!(!safe.contains(is_unprintable), "{safe:?}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), document);
        }
    }
}
