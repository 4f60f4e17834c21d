//! Identifiers, such as product ids: matched whole, with or without hyphens, in any case.

use crate::characters::is_term_character;
use crate::folding::fold;
use akin_entities::Statistics;

/// The maximum length of an identifier that is found, in bytes.
const MAX_IDENTIFIER: usize = 256;

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

/// Returns true if the whole query is an identifier of a product in the catalogue.
pub fn query_is_identifier(query: &str, statistics: &dyn Statistics) -> bool {
    known_identifier(query, statistics).is_some()
}

/// Returns the term of the identifier that the whole query is, if the catalogue contains it.
pub fn known_identifier(query: &str, statistics: &dyn Statistics) -> Option<String> {
    identifier_term(query).filter(|term| statistics.document_frequency(term) > 0)
}
