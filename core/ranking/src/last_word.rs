//! The last word of a text, which a shopper may still be typing.

use crate::chunks::{Chunk, chunks};
use akin_entities::Statistics;

/// The last word of a folded text that nothing follows, with all that hyphens and apostrophes connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastWord<'a> {
    /// Where it begins in the text.
    pub(crate) start: usize,
    /// The word as it is written.
    pub(crate) written: &'a str,
    /// Its parts: one, unless something connects several.
    pub(crate) parts: Vec<&'a str>,
    /// Its parts as one word, as others write them: `wifi` for `wi-fi`.
    joined: Option<String>,
    /// The term of the number before it with the unit that it is.
    quantity: Option<String>,
}

impl<'a> LastWord<'a> {
    /// Returns the last word of `text`, if the text ends with it.
    pub(crate) fn of(text: &'a str) -> Option<Self> {
        let (mut before, mut last) = (None::<Chunk<'a>>, None::<Chunk<'a>>);
        for chunk in chunks(text) {
            (before, last) = (last, Some(chunk));
        }
        let chunk = last.filter(|chunk| text.ends_with(chunk.text()))?;
        let number = before.filter(|before| before.is_number());
        let parts: Vec<_> = chunk.parts().collect();
        Some(Self {
            start: chunk.start_in(text),
            written: chunk.text(),
            joined: chunk.joined().filter(|_| parts.len() > 1),
            parts,
            quantity: number.and_then(|number| chunk.joined_to(number)),
        })
    }

    /// Returns its last part; `None` if that is an `s` after an apostrophe, with which a word ends.
    pub(crate) fn last_part(&self) -> Option<&'a str> {
        self.parts.last().copied().filter(|part| self.written.ends_with(part))
    }

    /// Returns its parts as one word, if there is more than one and words of the catalogue begin so.
    pub(crate) fn joined(&self, statistics: &dyn Statistics) -> Option<&str> {
        let mut begins_word = false;
        let joined = self.joined.as_deref()?;
        statistics.visit_words_from(joined, &mut |_, _| begins_word = true);
        begins_word.then_some(joined)
    }

    /// Returns true if it is the unit of a number before it, and the catalogue has both.
    pub(crate) fn is_known_unit(&self, statistics: &dyn Statistics) -> bool {
        self.quantity.as_ref().is_some_and(|term| statistics.document_frequency(term) > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_parts_and_may_be_the_unit_of_a_number() {
        let last = |text| {
            let last = LastWord::of(text)?;
            Some((last.start, last.last_part(), last.joined, last.quantity))
        };
        let (joined, quantity) =
            (|word: &str| Some(word.to_owned()), |term: &str| Some(term.to_owned()));
        assert_eq!(last("red tri"), Some((4, Some("tri"), None, None)));
        assert_eq!(last("red wi-f"), Some((4, Some("f"), joined("wif"), None)));
        assert_eq!(last("men's"), Some((0, None, None, None)));
        assert_eq!(last("12 inch"), Some((3, Some("inch"), None, quantity("12in"))));
        assert_eq!(last("3.5 mm"), Some((4, Some("mm"), None, quantity("3_5mm"))));
        assert_eq!(last("12 tripods"), Some((3, Some("tripods"), None, None)));
        for text in ["", "red ", "wi-", "12\"", "-"] {
            assert_eq!(last(text), None, "{text}");
        }
    }
}
