//! Matches a query's terms in analyzed texts, which takes most of the time of scoring.

use std::collections::HashMap;
use wide::u8x16;

/// The number of bytes in a block: one bit of a `u64` for each.
const BLOCK: usize = 64;

/// The number of bytes that one instruction compares.
const LANES: usize = 16;

/// The maximum number of terms that are compared one by one; beyond it hashing is faster.
const MAX_COMPARED: usize = 24;

/// The maximum number of first bytes that are searched for; with more, nearly every term begins with
/// one of them.
const MAX_INITIALS: usize = 8;

/// Matches a set of distinct terms in analyzed texts.
#[derive(Debug)]
pub(crate) struct TermMatcher<'a> {
    terms: Vec<Pattern<'a>>,
    /// The first bytes of the terms, each repeated in a vector; empty if there are too many.
    initials: Vec<u8x16>,
    /// The index of each term, used if there are too many to compare one by one.
    indices: HashMap<&'a [u8], usize>,
}

/// An event of a scan through a text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MatchEvent {
    /// A match of one of the terms.
    Term(TermMatch),
    /// The end of a field.
    FieldEnd {
        /// The number of all terms in the field.
        terms: usize,
    },
}

/// A match of a term at a position in a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TermMatch {
    /// The index of the term in the matcher.
    pub(crate) index: usize,
    /// The number of the field's terms that begin in earlier blocks.
    earlier: usize,
    /// One bit for each of the field's terms that begins before the match in the same block.
    before: u64,
}

impl TermMatch {
    /// Returns the position of the match among all terms of its field.
    #[inline]
    pub(crate) fn position(self) -> usize {
        self.earlier + self.before.count_ones() as usize
    }
}

/// Masks of a block, with one bit for each byte.
#[derive(Clone, Copy, Debug)]
struct BlockMasks {
    /// The bytes of terms.
    letters: u64,
    /// The newlines, which end fields.
    ends: u64,
    /// The bytes equal to the first byte of a term.
    initials: u64,
}

/// A term to compare with: its first eight bytes are compared as one number, which differs for nearly
/// all terms.
#[derive(Debug)]
struct Pattern<'a> {
    text: &'a [u8],
    head: u64,
    /// The bytes of `head` that belong to the term.
    mask: u64,
}

impl<'a> TermMatcher<'a> {
    /// Creates a matcher of `terms`, which must be distinct.
    pub(crate) fn new(terms: &[&'a [u8]]) -> Self {
        let mut initials: Vec<_> = terms.iter().filter_map(|term| term.first().copied()).collect();
        initials.sort_unstable();
        initials.dedup();
        initials.truncate(if initials.len() > MAX_INITIALS { 0 } else { MAX_INITIALS });
        Self {
            terms: terms.iter().map(|term| Pattern::new(term)).collect(),
            initials: initials.into_iter().map(u8x16::splat).collect(),
            indices: terms.iter().enumerate().map(|(index, term)| (*term, index)).collect(),
        }
    }

    /// Visits the matches in `text` and the end of each field, in order. Terms are separated by
    /// spaces, fields by newlines.
    ///
    /// The text is scanned in blocks of 64 bytes. All terms are counted by their first bytes; only
    /// those that begin like a term of the matcher are compared.
    #[inline]
    pub(crate) fn visit(&self, text: &[u8], mut visit: impl FnMut(MatchEvent)) {
        let (blocks, rest) = text.as_chunks::<BLOCK>();
        let mut last = [b' '; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        let last = (!rest.is_empty()).then_some(&last);
        let (mut terms, mut continues) = (0, 0);
        for (number, block) in blocks.iter().chain(last).enumerate() {
            let BlockMasks { letters, mut ends, initials } = self.masks(block);
            let mut starts = letters & !(letters << 1 | continues);
            continues = letters >> (BLOCK - 1);
            let mut possible = starts & initials;
            loop {
                // The bytes before the end of the field, or all bytes of the block.
                let field = (ends & ends.wrapping_neg()).wrapping_sub(1);
                while possible & field != 0 {
                    let at = possible.trailing_zeros();
                    possible &= possible - 1;
                    if let Some(index) = self.matching(&text[BLOCK * number + at as usize..]) {
                        let before = starts & ((1 << at) - 1);
                        visit(MatchEvent::Term(TermMatch { index, earlier: terms, before }));
                    }
                }
                terms += (starts & field).count_ones() as usize;
                if ends == 0 {
                    break;
                }
                visit(MatchEvent::FieldEnd { terms });
                terms = 0;
                starts &= !field;
                ends &= ends - 1;
            }
        }
        visit(MatchEvent::FieldEnd { terms });
    }

    #[inline]
    fn masks(&self, block: &[u8; BLOCK]) -> BlockMasks {
        let (mut spaces, mut ends, mut initials) = (0, 0, 0);
        let parts = block.as_chunks::<LANES>().0.iter().zip((0..).step_by(LANES));
        for (part, shift) in parts {
            let part = u8x16::new(*part);
            let bits = |lanes: u8x16| u64::from(lanes.to_bitmask()) << shift;
            spaces |= bits(part.simd_eq(u8x16::splat(b' ')));
            ends |= bits(part.simd_eq(u8x16::splat(b'\n')));
            let equal = self.initials.iter().map(|initial| part.simd_eq(*initial));
            initials |= bits(equal.fold(u8x16::ZERO, |all, lanes| all | lanes));
        }
        let initials = if self.initials.is_empty() { u64::MAX } else { initials };
        BlockMasks { letters: !(spaces | ends), ends, initials }
    }

    /// Returns the index of the term that `stream` begins with.
    #[inline]
    fn matching(&self, stream: &[u8]) -> Option<usize> {
        if self.terms.len() > MAX_COMPARED {
            let end = stream.iter().position(|byte| is_end(*byte)).unwrap_or(stream.len());
            return self.indices.get(&stream[..end]).copied();
        }
        let stream_head = head(stream);
        self.terms.iter().position(|term| {
            (stream_head ^ term.head) & term.mask == 0
                && stream.get(term.text.len()).is_none_or(|byte| is_end(*byte))
                && stream.starts_with(term.text)
        })
    }
}

impl<'a> Pattern<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self { text, head: head(text), mask: head(&[0xFF; 8][..text.len().min(8)]) }
    }
}

/// Returns true if `byte` ends a term.
#[inline]
fn is_end(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n')
}

/// Returns the first eight bytes of `text`, padded with zeros.
#[inline]
fn head(text: &[u8]) -> u64 {
    if let Some(eight) = text.first_chunk() {
        return u64::from_le_bytes(*eight);
    }
    let mut eight = [0; 8];
    eight[..text.len()].copy_from_slice(text);
    u64::from_le_bytes(eight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn matches_and_field_ends_equal_those_of_splitting_the_text(
            text in prop_oneof![
                "[ \n\nab]{0,200}",
                "[ \na!é0\u{a0}\u{100}]{0,160}",
                "([ \n]{0,2}[a-e]{1,10}){0,30}",
            ],
            others in prop::collection::btree_set("[a-z]{1,11}", 0..40),
            step in 1_usize..4,
        ) {
            let fields: Vec<Vec<_>> = text
                .split('\n')
                .map(|field| field.split(' ').filter(|term| !term.is_empty()).collect())
                .collect();
            let contained = fields.iter().flatten().step_by(step).copied();
            let terms: BTreeSet<_> = contained.chain(others.iter().map(String::as_str)).collect();
            for count in [3, 100] {
                let terms: Vec<_> = terms.iter().take(count).map(|term| term.as_bytes()).collect();
                let index = |term: &str| terms.iter().position(|other| *other == term.as_bytes());
                let mut expected = Vec::new();
                for field in &fields {
                    let positions = field.iter().enumerate();
                    expected.extend(
                        positions.filter_map(|(at, term)| Some((at, Some(index(term)?)))),
                    );
                    expected.push((field.len(), None));
                }
                let mut events = Vec::new();
                TermMatcher::new(&terms).visit(text.as_bytes(), |event| {
                    events.push(match event {
                        MatchEvent::Term(found) => (found.position(), Some(found.index)),
                        MatchEvent::FieldEnd { terms } => (terms, None),
                    });
                });
                prop_assert_eq!(events, expected);
            }
        }
    }
}
