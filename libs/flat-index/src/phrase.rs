//! Phrases: terms that stand side by side in a text field.

use crate::rows::Rows;
use crate::segment::{Postings, Segment};

/// Terms that a document must hold, or must not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhraseFilter {
    /// The ways in which the phrase is written, each as its analyzed terms: one must be in a text field,
    /// adjacent and in order. Empty ones are in none.
    pub spellings: Vec<Vec<String>>,
    /// True if a document must hold the phrase, false if it must not.
    pub held: bool,
}

impl PhraseFilter {
    /// Removes from `rows` those that do not match the filter.
    pub(crate) fn apply(&self, segment: &Segment, rows: &mut Rows) {
        let mut found = Rows::none(segment.rows());
        for terms in &self.spellings {
            add_holding(segment, terms, rows, &mut found);
        }
        if self.held {
            rows.intersect(&found);
        } else {
            rows.subtract(&found);
        }
    }
}

/// Adds those of `rows` to `found` that hold `terms`.
fn add_holding(segment: &Segment, terms: &[String], rows: &Rows, found: &mut Rows) {
    let postings = terms.iter().map(|term| Some(segment.postings(segment.terms().find(term)?)));
    // Of a term that the segment lacks, there is no row.
    let Some(mut postings) = postings.collect::<Option<Vec<Postings<'_>>>>() else { return };
    postings.sort_by_key(|postings| postings.rows.len());
    let Some((rarest, others)) = postings.split_first() else { return };
    let has_all = |row: &u32| others.iter().all(|other| other.rows.binary_search(row).is_ok());
    let holding = rarest.rows.iter().copied().filter(|row| rows.contains(*row));
    if terms.len() == 1 {
        holding.for_each(|row| found.insert(row));
        return;
    }
    let phrase = terms.join(" ");
    let texts = segment.texts();
    let holding = holding.filter(|row| !found.contains(*row) && has_all(row));
    let holding: Vec<_> = holding.filter(|row| contains(texts.get(*row), &phrase)).collect();
    for row in holding {
        found.insert(row);
    }
}

/// Returns true if the terms of `text`, separated by spaces and in fields by newlines, contain those of
/// `phrase`, which are separated by single spaces.
fn contains(text: &str, phrase: &str) -> bool {
    let is_end = |byte: Option<&u8>| byte.is_none_or(|byte| matches!(byte, b' ' | b'\n'));
    text.match_indices(phrase).any(|(start, _)| {
        let before = start.checked_sub(1).and_then(|place| text.as_bytes().get(place));
        is_end(before) && is_end(text.as_bytes().get(start + phrase.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_contained_as_whole_terms_of_one_field() {
        let text = "retripod tripod stand\nred tripod\ntripod";
        for (phrase, is_contained) in [
            ("tripod stand", true),
            ("retripod tripod stand", true),
            ("red tripod", true),
            ("tripod", true),
            ("stand red", false),
            ("tripod sta", false),
            ("ipod stand", false),
            ("tripod tripod", false),
        ] {
            assert_eq!(contains(text, phrase), is_contained, "{phrase}");
        }
    }
}
