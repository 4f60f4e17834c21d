/// What programs write for a number that is none, which JSON does not know. The longer come first.
const WORDS: [&str; 6] = ["-Infinity", "Infinity", "-NaN", "NaN", "nan", "None"];

/// Returns a JSON text with `null` instead of NaN and infinity; `None` if it has neither outside of texts.
pub(super) fn as_null(json: &str) -> Option<String> {
    let mut replaced = String::new();
    let (mut start, mut at) = (0, 0);
    while let Some(&byte) = json.as_bytes().get(at) {
        if byte == b'"' {
            at += text_length(&json.as_bytes()[at..]);
            continue;
        }
        let is_word = |word: &&&str| json.as_bytes()[at..].starts_with(word.as_bytes());
        match WORDS.iter().find(is_word) {
            Some(word) => {
                replaced.extend([&json[start..at], "null"]);
                at += word.len();
                start = at;
            }
            None => at += 1,
        }
    }
    if start == 0 {
        return None;
    }
    replaced.push_str(&json[start..]);
    Some(replaced)
}

/// Returns the length of the text in quotes at the beginning.
fn text_length(json: &[u8]) -> usize {
    let mut at = 1;
    while let Some(&byte) = json.get(at) {
        at += match byte {
            b'\\' => 2,
            b'"' => return at + 1,
            _ => 1,
        };
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_for_a_number_is_replaced() {
        let json = r#"{"a": NaN, "NaN": "it's NaN, \"NaN\"", "b": [-Infinity,nan],"c":1}"#;
        let expected = r#"{"a": null, "NaN": "it's NaN, \"NaN\"", "b": [null,null],"c":1}"#;
        assert_eq!(as_null(json).as_deref(), Some(expected));
        assert_eq!(as_null(r#"{"a": "NaN", "b": "#), None);
        assert_eq!(as_null(r#"{"a": "\"#), None);
    }
}
