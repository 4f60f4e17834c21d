/// The words by which feeds say that there is no value, in lower case.
const WORDS: [&str; 13] =
    ["n/a", "na", "n.a.", "#n/a", "none", "null", "nil", "nan", "undefined", "-", "--", "–", "—"];

/// The length of the longest word in bytes.
const LONGEST: usize = 9;

/// Returns whether a text is blank or a word for "none".
pub(super) fn is_none(text: &str) -> bool {
    let text = text.trim();
    text.is_empty()
        || text.len() <= LONGEST && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_longer_than_the_longest() {
        assert_eq!(WORDS.iter().map(|word| word.len()).max(), Some(LONGEST));
        assert!(WORDS.iter().all(|word| is_none(&format!(" {} ", word.to_uppercase()))));
        assert!(!["0", "nope", "Nanette", "no"].iter().any(|text| is_none(text)));
    }
}
