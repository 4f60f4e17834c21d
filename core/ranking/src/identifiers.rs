//! Identifiers, such as product ids: matched whole, with or without hyphens, in any case.

use crate::characters::is_term_character;
use crate::folding::fold;
use akin_entities::Statistics;

/// The maximum length of an identifier that is found, in bytes.
const MAX_IDENTIFIER: usize = 256;

/// The digits of the shortest number of a trade item (GTIN).
const TRADE_ITEM_DIGITS: usize = 8;

/// Begins the term of an identifier: no word of a text begins so.
const MARK: char = '_';

/// Returns the term of an identifier; `None` if it holds no letter or digit.
///
/// The term is the letters and digits after a mark, in the attributes of a product. An engine takes it
/// like any other term.
pub(crate) fn identifier_term(identifier: &str) -> Option<String> {
    if identifier.len() > MAX_IDENTIFIER {
        return None;
    }
    let mut term = String::from(MARK);
    term.extend(fold(identifier).chars().filter(|character| is_term_character(*character)));
    (term.len() > MARK.len_utf8()).then_some(term)
}

/// Returns the term of the identifier that a query may be; `None` if it is none. Letters make one, and so do
/// digits alone or, if they are as many as in a number of a trade item, with hyphens or spaces among
/// them: `1.5`, `1/2` and `5-7` are sizes.
pub(crate) fn queried_identifier(query: &str) -> Option<String> {
    let folded = fold(query);
    let has_letters = folded.chars().any(char::is_alphabetic);
    let digits = folded.chars().filter(char::is_ascii_digit).count();
    let is_number = folded.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ' '));
    let is_whole = folded.trim().chars().all(|c| c.is_ascii_digit());
    let is_possible = has_letters || is_number && (is_whole || digits >= TRADE_ITEM_DIGITS);
    is_possible.then(|| identifier_term(query)).flatten()
}

/// Returns true if the whole query is an identifier of a product in the catalogue.
pub fn query_is_identifier(query: &str, statistics: &dyn Statistics) -> bool {
    known_identifier(query, statistics).is_some()
}

/// Returns the term of the identifier that the whole query is, if the catalogue contains it.
pub fn known_identifier(query: &str, statistics: &dyn Statistics) -> Option<String> {
    queried_identifier(query).filter(|term| statistics.document_frequency(term) > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_no_identifiers() {
        for text in ["1.5", "1,5", "1/2", "½", "1 2", "5-7", "12%", "(5) 0", "2.4", "12\"", "-", ""]
        {
            assert_eq!(queried_identifier(text), None, "{text:?}");
        }
        for (text, term) in [
            ("12", "_12"),
            (" 12 ", "_12"),
            ("PH-006", "_ph006"),
            ("ph 006", "_ph006"),
            ("sku/12.3", "_sku123"),
            ("978-3-16-148410-0", "_9783161484100"),
        ] {
            assert_eq!(queried_identifier(text).as_deref(), Some(term), "{text:?}");
        }
    }
}
