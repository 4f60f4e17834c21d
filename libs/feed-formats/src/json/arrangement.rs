//! How the objects of a JSON text are arranged.

use super::Brackets;
use crate::names::NameFilter;
use crate::window::Window;

/// The number of bytes from which the arrangement is detected.
const SAMPLE: usize = 64 << 10;

/// The arrangement of the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrangement {
    /// One on each line.
    Lines,
    /// One after another, each on any number of lines.
    Sequence,
    /// In an array, of which this many have been read.
    Array(u64),
    /// In the one array of an object, of which this many have been read.
    Wrapped(u64),
    /// The array has ended.
    Ended,
}

impl Arrangement {
    /// Detects the arrangement of a text that begins with an object. Returns the number of bytes before the
    /// first of the objects.
    pub(super) fn detect(window: &mut Window, filter: &NameFilter) -> (Self, usize) {
        let is_whole = window.read_ahead(SAMPLE);
        let sample = window.bytes();
        let end = Brackets::default().end(sample);
        let is_alone = end.is_none_or(|end| is_whole && sample[end..].trim_ascii().is_empty());
        if is_alone && let Some(start) = Wrapper::find(sample, filter) {
            return (Self::Wrapped(0), start);
        }
        let line = memchr::memchr2(b'\n', b'\r', sample).unwrap_or(sample.len());
        let is_sequence = match end {
            // Several on a line, or one on several.
            Some(end) => end > line || !rest_is_blank(&sample[end..line]),
            // A line that lacks its end is malformed, and the others are not.
            None => line < sample.len() && !sample[line..].trim_ascii_start().starts_with(b"{"),
        };
        (if is_sequence { Self::Sequence } else { Self::Lines }, 0)
    }
}

fn rest_is_blank(rest: &[u8]) -> bool {
    rest.iter().all(|byte| byte.is_ascii_whitespace() || *byte == b',')
}

/// The array of objects within an object that has most of the selected names.
#[derive(Debug, Default)]
struct Wrapper {
    /// The position behind the bracket that opens it.
    start: usize,
    /// The number of selected names in its first object.
    selected: usize,
}

/// The depth of objects down to which an array is looked for.
const DEPTH: usize = 4;

impl Wrapper {
    /// Returns the position behind the bracket that opens the array of records within the object at the
    /// beginning of `sample`; `None` if the object is a record itself.
    fn find(sample: &[u8], filter: &NameFilter) -> Option<usize> {
        let mut best = Self::default();
        let (mut at, mut depth, mut own) = (0, 0, 0);
        while let Some(token) = Token::next(sample, &mut at) {
            match token {
                Token::Open(b'{') => depth += 1,
                Token::Open(_) => {
                    let (start, selected) = (at, selected_names(sample, at, filter));
                    if depth <= DEPTH && selected > best.selected {
                        best = Self { start, selected };
                    }
                    // What the array holds belongs to its records.
                    at = end_of_array(sample, at)?;
                }
                Token::Close => depth -= 1,
                Token::Name(name) => own += usize::from(filter.selects(name)),
                Token::Other => {}
            }
            if depth == 0 {
                break;
            }
        }
        (best.selected > own).then_some(best.start)
    }
}

/// Returns the number of selected names of the object at `at`; 0 if there is none.
fn selected_names(sample: &[u8], mut at: usize, filter: &NameFilter) -> usize {
    at += sample[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let (mut depth, mut count) = (0, 0);
    while let Some(token) = Token::next(sample, &mut at) {
        match token {
            Token::Open(b'[') if depth == 0 => return 0,
            Token::Open(_) => depth += 1,
            Token::Close => depth -= 1,
            Token::Name(name) if depth == 1 => count += usize::from(filter.selects(name)),
            Token::Name(_) | Token::Other => {}
        }
        if depth <= 0 {
            break;
        }
    }
    count
}

/// Returns the position behind the array whose content begins at `at`, or the end of the sample.
fn end_of_array(sample: &[u8], at: usize) -> Option<usize> {
    let mut brackets = Brackets { depth: 1, ..Brackets::default() };
    Some(brackets.end(sample.get(at..)?).map_or(sample.len(), |end| at + end))
}

/// A part of a JSON text.
enum Token<'a> {
    Open(u8),
    Close,
    /// The name of a member without its quotes.
    Name(&'a str),
    Other,
}

impl<'a> Token<'a> {
    /// Returns the part at `at`, and moves behind it.
    fn next(sample: &'a [u8], at: &mut usize) -> Option<Self> {
        let byte = *sample.get(*at)?;
        *at += 1;
        Some(match byte {
            b'{' | b'[' => Self::Open(byte),
            b'}' | b']' => Self::Close,
            b'"' => {
                let start = *at;
                let mut is_escaped = false;
                let length = sample[start..].iter().position(|&byte| {
                    let is_end = byte == b'"' && !is_escaped;
                    is_escaped = byte == b'\\' && !is_escaped;
                    is_end
                })?;
                *at = start + length + 1;
                let is_name = sample[*at..].trim_ascii_start().starts_with(b":");
                let text = std::str::from_utf8(&sample[start..start + length]).ok();
                text.filter(|_| is_name).map_or(Self::Other, Self::Name)
            }
            _ => Self::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(text: &'static str) -> (Arrangement, &'static str) {
        let names = ["id", "title", "name", "price", "images"];
        let filter = NameFilter::new(move |name| names.contains(&name));
        let mut window = Window::new(Box::new(text.as_bytes()));
        assert!(window.read_more().unwrap());
        let (arrangement, start) = Arrangement::detect(&mut window, &filter);
        (arrangement, &text[start..])
    }

    #[test]
    fn the_arrangement_is_detected_from_the_content() {
        use Arrangement::{Lines, Sequence, Wrapped};
        for (text, expected) in [
            ("{\"name\":\"a\"}\n{\"name\":\"b\"}\n", Lines),
            ("{\"name\":\"a\"} {\"name\":\"b\"}\n", Sequence),
            ("{\n \"name\":\"a\"\n}\n{\n \"name\":\"b\"\n}\n", Sequence),
            ("{\"name\":\"a\"\n{\"name\":\"b\"}\n", Lines),
            ("{\"name\":\"a\"},\n{\"name\":\"b\"}\n", Lines),
            ("{\"id\":1,\"name\":\"a\",\"images\":[{\"id\":1,\"src\":\"x\"}]}", Lines),
            ("{\"x\":1}\n{\"x\":[{\"id\":1}]}", Lines),
            ("{\"total\":2,\"products\":[{\"id\":1,\"title\":\"a\"}]}", Wrapped(0)),
            ("{\"data\":{\"list\":[{\"id\":1,\"tags\":[{\"id\":2}]}]}}", Wrapped(0)),
            ("{\"a\":[{\"id\":1}],\"b\":[{\"id\":1,\"name\":\"\"}],\"n\":[]}", Wrapped(0)),
        ] {
            assert_eq!(detect(text).0, expected, "{text}");
        }
        let rest = detect("{\"a\":[{\"id\":1}],\"b\":[ {\"id\":1,\"name\":\"\"}]}").1;
        assert_eq!(rest, " {\"id\":1,\"name\":\"\"}]}");
    }
}
