//! Takes an analysed stream apart: most of the time of scoring goes here.

/// A space in each byte.
const SPACES: u64 = u64::from_le_bytes([b' '; 8]);
/// All bits of a byte but the highest, in each byte.
const LOW: u64 = u64::from_le_bytes([0x7F; 8]);

/// Visits each term of `stream` with its [`head`]; terms are separated by spaces.
///
/// Eight bytes are looked at together, so that what costs a branch is a term and not a byte.
#[inline]
pub(crate) fn visit<'a>(stream: &'a [u8], mut visit: impl FnMut(&'a [u8], u64)) {
    let (words, rest) = stream.as_chunks::<8>();
    let mut last = [b' '; 8];
    last[..rest.len()].copy_from_slice(rest);
    let mut begin = 0;
    for place in 0..=words.len() {
        let mut left = spaces(u64::from_le_bytes(*words.get(place).unwrap_or(&last)));
        while left != 0 {
            let end = (8 * place + left.trailing_zeros() as usize / 8).min(stream.len());
            left &= left - 1;
            if end > begin {
                let term = &stream[begin..end];
                visit(term, head_within(&stream[begin..], term));
            }
            begin = end + 1;
        }
    }
}

/// [`head`] of the `term` with which `stream` begins, usually without looking at its bytes one by
/// one.
#[inline]
fn head_within(stream: &[u8], term: &[u8]) -> u64 {
    let Some(eight) = stream.first_chunk() else { return head(term) };
    let behind = u64::MAX.checked_shl(8 * u32::try_from(term.len()).unwrap_or(u32::MAX / 8));
    u64::from_le_bytes(*eight) & !behind.unwrap_or_default()
}

/// The first eight bytes of `term`, zeros where it is shorter: nearly all terms differ in theirs, and
/// one number is compared faster than bytes are.
pub(crate) fn head(term: &[u8]) -> u64 {
    let mut eight = [0; 8];
    for (byte, of_term) in eight.iter_mut().zip(term) {
        *byte = *of_term;
    }
    u64::from_le_bytes(eight)
}

/// The highest bit of each byte that is a space.
fn spaces(word: u64) -> u64 {
    let zeros = word ^ SPACES;
    // A byte is zero if neither its low bits carry into the highest nor the highest is set.
    !(((zeros & LOW) + LOW) | zeros | LOW)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn terms_are_what_splitting_at_spaces_gives(stream in "[ a!é0\\u{a0}\\u{100}]{0,60}") {
            let mut terms = Vec::new();
            super::visit(stream.as_bytes(), |term, head| {
                assert_eq!(head, super::head(term));
                terms.push(term);
            });
            let split = stream.as_bytes().split(|byte| *byte == b' ');
            prop_assert_eq!(terms, split.filter(|term| !term.is_empty()).collect::<Vec<_>>());
        }
    }
}
