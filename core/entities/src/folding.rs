use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// Returns the form of a filter's value that is compared: lower case and NFKD, without combining
/// marks, so that `Brackwell` is `BRACKWELL` and `Café` is `cafe`. Spaces and punctuation count.
pub fn folded_value(value: &str) -> Cow<'_, str> {
    if !value.is_ascii() {
        let is_base = |character: &char| canonical_combining_class(*character) == 0;
        // Compatibility forms such as ™ contain capitals, and a lower case may contain marks.
        let lower = value.nfkd().flat_map(char::to_lowercase);
        return Cow::Owned(lower.nfkd().filter(is_base).collect());
    }
    if value.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(value.to_ascii_lowercase());
    }
    Cow::Borrowed(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_marks_do_not_count_and_everything_else_does() {
        for (value, folded) in [
            ("Brackwell", "brackwell"),
            ("CAFÉ", "cafe"),
            ("Cafe\u{301}", "cafe"),
            ("TV & Audio ", "tv & audio "),
            ("İstanbul", "istanbul"),
            ("", ""),
        ] {
            assert_eq!(folded_value(value), folded);
        }
    }

    #[test]
    fn a_folded_value_stays_as_it_is() {
        for value in ["ÅNGSTRÖM", "ﬁne ™", "ΣΊΣΥΦΟΣ", "केक", "ǅ"] {
            let once = folded_value(value).into_owned();
            assert_eq!(folded_value(&once), once, "{value}");
        }
    }
}
