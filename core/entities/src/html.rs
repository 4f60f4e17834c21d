//! Removes the HTML that is found in product feeds.

use crate::html_names::NAMED;

/// Inline elements: their tags do not separate words.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "big", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark", "q",
    "s", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr",
];

/// Block elements and cells: their tags separate words.
const BLOCK: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "button",
    "caption",
    "center",
    "col",
    "colgroup",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "iframe",
    "img",
    "input",
    "label",
    "li",
    "link",
    "main",
    "meta",
    "nav",
    "object",
    "ol",
    "option",
    "p",
    "param",
    "picture",
    "pre",
    "section",
    "select",
    "source",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
    "video",
];

/// Elements whose content is not shown.
const HIDDEN: &[&str] = &["script", "style"];

/// The maximum length of a character reference, in bytes.
const MAX_REFERENCE: usize = 12;

/// The maximum length of a tag, in bytes.
const MAX_TAG: usize = 4_096;

/// A piece of markup, by its replacement.
enum Markup {
    /// An inline tag or a comment, which is removed.
    Nothing,
    /// A tag that separates words, which becomes a space.
    Gap,
    /// A character reference.
    Character(char),
}

/// Returns `text` without tags and with the characters that references name; `None` if it has
/// neither. If there were tags, runs of whitespace are collapsed into one space, as HTML does.
pub(crate) fn strip_markup(text: &str) -> Option<String> {
    let (mut plain, mut has_tags) = (String::new(), false);
    let (mut copied, mut at) = (0, 0);
    let mut missing = MissingEnds::default();
    while let Some(found) = text[at..].find(['<', '&']) {
        at += found;
        let Some((markup, length)) = markup(text, at, &mut missing) else {
            at += 1;
            continue;
        };
        plain.push_str(&text[copied..at]);
        match markup {
            Markup::Nothing => has_tags = true,
            Markup::Gap => {
                plain.push(' ');
                has_tags = true;
            }
            Markup::Character(character) => plain.push(character),
        }
        at += length;
        copied = at;
    }
    if copied == 0 {
        return None;
    }
    plain.push_str(&text[copied..]);
    Some(if has_tags { collapse_whitespace(&plain) } else { plain })
}

/// The end markers known to be missing from the rest of the text, so that each is searched for once.
#[derive(Debug, Default)]
struct MissingEnds {
    comment: bool,
    hidden: bool,
}

/// Returns the markup that begins at `at`, with its length in bytes.
fn markup(text: &str, at: usize, missing: &mut MissingEnds) -> Option<(Markup, usize)> {
    let rest = &text[at..];
    if rest.starts_with('&') {
        return reference(rest).map(|(character, length)| (Markup::Character(character), length));
    }
    if rest.starts_with("<!--") && !missing.comment {
        let end = rest.find("-->");
        missing.comment = end.is_none();
        return end.map(|end| (Markup::Nothing, end + 3));
    }
    let (name, length) = tag(rest)?;
    let is_in = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is_in(INLINE) {
        Some((Markup::Nothing, length))
    } else if is_in(BLOCK) {
        Some((Markup::Gap, length))
    } else if is_in(HIDDEN) && !missing.hidden {
        let content =
            if rest.starts_with("</") { Some(0) } else { hidden_length(&rest[length..], name) };
        missing.hidden = content.is_none();
        content.map(|content| (Markup::Gap, length + content))
    } else {
        None
    }
}

/// Returns the name of the tag that `text` begins with, and the length of the tag.
fn tag(text: &str) -> Option<(&str, usize)> {
    let bytes = &text.as_bytes()[..text.len().min(MAX_TAG)];
    let start = if bytes.get(1) == Some(&b'/') { 2 } else { 1 };
    let length =
        bytes[start.min(bytes.len())..].iter().take_while(|byte| byte.is_ascii_alphanumeric());
    let end = start + length.count();
    let name = text.get(start..end).filter(|name| !name.is_empty())?;
    let mut quote = None;
    for (at, &byte) in bytes.iter().enumerate().skip(end) {
        match (quote, byte) {
            (Some(open), byte) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'<') => return None,
            (None, b'>') => {
                let inside = text.get(end..at)?.trim_ascii();
                let is_tag = inside.is_empty() || inside == "/" || is_attributes(&text[end..at]);
                return is_tag.then_some((name, at + 1));
            }
            _ => {}
        }
    }
    None
}

/// Returns true if the text after a tag's name is attributes and not words: `a<b and c>d` is not a tag.
fn is_attributes(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_whitespace() || c == '/') && text.contains('=')
}

/// Returns the length of a hidden element's content and its end tag, in bytes.
fn hidden_length(text: &str, name: &str) -> Option<usize> {
    let ends = text.match_indices("</").map(|(at, _)| at);
    for at in ends {
        let end = text.get(at + 2..at + 2 + name.len());
        if end.is_some_and(|end| end.eq_ignore_ascii_case(name)) {
            return Some(at + text[at..].find('>')? + 1);
        }
    }
    None
}

/// Returns the character named by the reference that `text` begins with, and the length of the
/// reference.
fn reference(text: &str) -> Option<(char, usize)> {
    let bytes = &text.as_bytes()[..text.len().min(MAX_REFERENCE)];
    let end = bytes.iter().position(|&byte| byte == b';')?;
    let name = text.get(1..end)?;
    let character = match name.strip_prefix('#') {
        Some(number) => {
            let hex = number.strip_prefix(['x', 'X']);
            let code =
                hex.map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16)).ok()?;
            char::from_u32(code).filter(|&character| character != '\0')?
        }
        None => NAMED.iter().find(|(known, _)| *known == name)?.1,
    };
    Some((character, end + 1))
}

fn collapse_whitespace(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}
