//! Just as much HTML as stands in product feeds.

use crate::html_names::NAMED;

/// Elements within a line: what they part is one word.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "big", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark", "q",
    "s", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr",
];

/// Elements that begin or end a line or a cell.
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

/// Elements whose content nobody reads.
const HIDDEN: &[&str] = &["script", "style"];

/// How many bytes a character reference has at most, and how many a tag.
const REFERENCE_LIMIT: usize = 12;
const TAG_LIMIT: usize = 4_096;

/// What stands in a text besides characters.
enum Markup {
    /// A tag within a line, or a comment.
    Nothing,
    /// A tag that parts words.
    Gap,
    Character(char),
}

/// `text` without tags, and with characters for their references; `None` if it has neither. Where
/// there were tags, line ends and blanks in a row are one blank, as HTML has it.
pub(crate) fn text(text: &str) -> Option<String> {
    let (mut plain, mut has_tags) = (String::new(), false);
    let (mut copied, mut at) = (0, 0);
    let mut ends = Ends::default();
    while let Some(found) = text[at..].find(['<', '&']) {
        at += found;
        let Some((markup, length)) = markup(text, at, &mut ends) else {
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
    Some(if has_tags { unspaced(&plain) } else { plain })
}

/// Which ends are known not to come any more, so that nobody looks for them again.
#[derive(Debug, Default)]
struct Ends {
    no_comment: bool,
    no_hidden: bool,
}

/// The markup that begins at `at`, and how many bytes it has.
fn markup(text: &str, at: usize, ends: &mut Ends) -> Option<(Markup, usize)> {
    let rest = &text[at..];
    if rest.starts_with('&') {
        return reference(rest).map(|(character, length)| (Markup::Character(character), length));
    }
    if rest.starts_with("<!--") && !ends.no_comment {
        let end = rest.find("-->");
        ends.no_comment = end.is_none();
        return end.map(|end| (Markup::Nothing, end + 3));
    }
    let (name, length) = tag(rest)?;
    let is_in = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is_in(INLINE) {
        Some((Markup::Nothing, length))
    } else if is_in(BLOCK) {
        Some((Markup::Gap, length))
    } else if is_in(HIDDEN) && !ends.no_hidden {
        let hidden = if rest.starts_with("</") { Some(0) } else { hidden(&rest[length..], name) };
        ends.no_hidden = hidden.is_none();
        hidden.map(|hidden| (Markup::Gap, length + hidden))
    } else {
        None
    }
}

/// The name of the tag that `text` begins with, and its length.
fn tag(text: &str) -> Option<(&str, usize)> {
    let bytes = &text.as_bytes()[..text.len().min(TAG_LIMIT)];
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

/// Whether what stands behind a tag's name are attributes, and not words: `a<b and c>d` is no tag.
fn is_attributes(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_whitespace() || c == '/') && text.contains('=')
}

/// How many bytes stand before the end tag of a hidden element, and in it.
fn hidden(text: &str, name: &str) -> Option<usize> {
    let ends = text.match_indices("</").map(|(at, _)| at);
    for at in ends {
        let end = text.get(at + 2..at + 2 + name.len());
        if end.is_some_and(|end| end.eq_ignore_ascii_case(name)) {
            return Some(at + text[at..].find('>')? + 1);
        }
    }
    None
}

/// The character that the reference names with which `text` begins, and the reference's length.
fn reference(text: &str) -> Option<(char, usize)> {
    let bytes = &text.as_bytes()[..text.len().min(REFERENCE_LIMIT)];
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

fn unspaced(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}
