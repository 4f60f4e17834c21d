//! Finds a query's terms in analyzed streams: most of the time of scoring goes here.

use std::collections::HashMap;
use wide::u8x16;

/// Bytes that are looked at together: a bit for each fits a number.
const BLOCK: usize = 64;

/// Bytes that one instruction compares.
const LANES: usize = 16;

/// Up to so many terms are compared one by one, which is faster than hashing.
const FEW: usize = 24;

/// Up to so many first bytes are looked for; with more, nearly every term has one of them.
const FEW_INITIALS: usize = 8;

/// The terms that are looked for, each with its place among them.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    terms: Vec<Term<'a>>,
    /// Their first bytes, a vector full of each; none if there are too many.
    initials: Vec<u8x16>,
    /// Used when there are too many to compare with one by one.
    places: HashMap<&'a [u8], usize>,
}

/// What is found in a text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found {
    /// A term that is wanted.
    Term(Hit),
    /// The end of a field of so many terms.
    End {
        /// Those that are not wanted counted, too.
        terms: usize,
    },
}

/// A term that is wanted, where it stands in a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    /// Its place among the wanted ones.
    pub(crate) place: usize,
    /// The field's terms that begin in earlier blocks.
    terms: usize,
    /// A bit for each of those that begin before it in its own block.
    before: u64,
}

impl Hit {
    /// Its position among all terms of its field.
    #[inline]
    pub(crate) fn position(self) -> usize {
        self.terms + self.before.count_ones() as usize
    }
}

/// A bit for each byte of a block.
#[derive(Clone, Copy, Debug)]
struct Marks {
    /// Those of terms.
    letters: u64,
    /// Those that end a field.
    ends: u64,
    /// Those with which a wanted term begins.
    alike: u64,
}

/// A term, and its first eight bytes, by which nearly all terms differ: one number is compared faster
/// than bytes are.
#[derive(Debug)]
struct Term<'a> {
    text: &'a [u8],
    head: u64,
    /// Which bytes of the head are the term's.
    mask: u64,
}

impl<'a> Wanted<'a> {
    /// Looks for `terms`, which differ.
    pub(crate) fn new(terms: &[&'a [u8]]) -> Self {
        let mut initials: Vec<_> = terms.iter().filter_map(|term| term.first().copied()).collect();
        initials.sort_unstable();
        initials.dedup();
        initials.truncate(if initials.len() > FEW_INITIALS { 0 } else { FEW_INITIALS });
        Self {
            terms: terms.iter().map(|term| Term::new(term)).collect(),
            initials: initials.into_iter().map(u8x16::splat).collect(),
            places: terms.iter().enumerate().map(|(place, term)| (*term, place)).collect(),
        }
    }

    /// Visits the terms of `text` that are wanted, and the end of each of its fields, in their order.
    /// Terms are separated by spaces, fields by newlines.
    ///
    /// Sixty-four bytes are looked at together. Terms are counted where they begin, and only those
    /// that begin as a wanted one does are looked at any further.
    #[inline]
    pub(crate) fn find(&self, text: &[u8], mut visit: impl FnMut(Found)) {
        let (blocks, rest) = text.as_chunks::<BLOCK>();
        let mut last = [b' '; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        let last = (!rest.is_empty()).then_some(&last);
        let (mut terms, mut goes_on) = (0, 0);
        for (number, block) in blocks.iter().chain(last).enumerate() {
            let Marks { letters, mut ends, alike } = self.marks(block);
            let mut begins = letters & !(letters << 1 | goes_on);
            goes_on = letters >> (BLOCK - 1);
            let mut left = begins & alike;
            loop {
                // The bytes before the end of the field, or all.
                let field = (ends & ends.wrapping_neg()).wrapping_sub(1);
                while left & field != 0 {
                    let at = left.trailing_zeros();
                    left &= left - 1;
                    if let Some(place) = self.place(&text[BLOCK * number + at as usize..]) {
                        let before = begins & ((1 << at) - 1);
                        visit(Found::Term(Hit { place, terms, before }));
                    }
                }
                terms += (begins & field).count_ones() as usize;
                if ends == 0 {
                    break;
                }
                visit(Found::End { terms });
                terms = 0;
                begins &= !field;
                ends &= ends - 1;
            }
        }
        visit(Found::End { terms });
    }

    #[inline]
    fn marks(&self, block: &[u8; BLOCK]) -> Marks {
        let (mut spaces, mut ends, mut alike) = (0, 0, 0);
        let parts = block.as_chunks::<LANES>().0.iter().zip((0..).step_by(LANES));
        for (part, shift) in parts {
            let part = u8x16::new(*part);
            let bits = |marks: u8x16| u64::from(marks.to_bitmask()) << shift;
            spaces |= bits(part.simd_eq(u8x16::splat(b' ')));
            ends |= bits(part.simd_eq(u8x16::splat(b'\n')));
            let initials = self.initials.iter().map(|initial| part.simd_eq(*initial));
            alike |= bits(initials.fold(u8x16::ZERO, |all, one| all | one));
        }
        let alike = if self.initials.is_empty() { u64::MAX } else { alike };
        Marks { letters: !(spaces | ends), ends, alike }
    }

    /// The place of the term with which `stream` begins.
    #[inline]
    fn place(&self, stream: &[u8]) -> Option<usize> {
        if self.terms.len() > FEW {
            let end = stream.iter().position(|byte| is_end(*byte)).unwrap_or(stream.len());
            return self.places.get(&stream[..end]).copied();
        }
        let begins = head(stream);
        self.terms.iter().position(|term| {
            (begins ^ term.head) & term.mask == 0
                && stream.get(term.text.len()).is_none_or(|byte| is_end(*byte))
                && stream.starts_with(term.text)
        })
    }
}

impl<'a> Term<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self { text, head: head(text), mask: head(&[0xFF; 8][..text.len().min(8)]) }
    }
}

/// Whether a term ends before `byte`.
#[inline]
fn is_end(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n')
}

/// The first eight bytes of `text`, zeros where it is shorter.
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
        fn what_is_found_is_what_splitting_gives(
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
            let own = fields.iter().flatten().step_by(step).copied();
            let wanted: BTreeSet<_> = own.chain(others.iter().map(String::as_str)).collect();
            for most in [3, 100] {
                let wanted: Vec<_> = wanted.iter().take(most).map(|term| term.as_bytes()).collect();
                let place = |term: &str| wanted.iter().position(|other| *other == term.as_bytes());
                let mut expected = Vec::new();
                for field in &fields {
                    let terms = field.iter().enumerate();
                    expected.extend(terms.filter_map(|(at, term)| Some((at, Some(place(term)?)))));
                    expected.push((field.len(), None));
                }
                let mut found = Vec::new();
                Wanted::new(&wanted).find(text.as_bytes(), |one| {
                    found.push(match one {
                        Found::Term(hit) => (hit.position(), Some(hit.place)),
                        Found::End { terms } => (terms, None),
                    });
                });
                prop_assert_eq!(found, expected);
            }
        }
    }
}
