//! The vocabulary, a map from pieces to ids.

use std::hash::{Hash, Hasher};

/// A hash table of pieces over one text, built with three allocations rather than thirty thousand.
#[derive(Debug)]
pub(crate) struct Pieces {
    text: Box<[u8]>,
    /// The start of each piece in the text, and the end of the last.
    begins: Box<[u32]>,
    /// Ids of pieces plus 1, 0 for an empty slot; their number is a power of two, at most half in use.
    slots: Box<[u32]>,
    longest: usize,
}

/// The prefix of pieces that continue a word.
const CONTINUATION_PREFIX: &[u8] = b"##";

impl Pieces {
    /// Builds the table from the pieces of a vocabulary, in the order of their ids.
    pub(crate) fn new<'a>(vocabulary: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let (mut text, mut begins) = (Vec::new(), vec![0]);
        for piece in vocabulary {
            text.extend_from_slice(piece.as_bytes());
            begins.push(u32::try_from(text.len()).map_err(|_| "the vocabulary is too large")?);
        }
        let pieces = begins.len() - 1;
        let mut table = Self {
            text: text.into(),
            begins: begins.into(),
            slots: vec![0; (2 * pieces).next_power_of_two()].into(),
            longest: 0,
        };
        for number in 0..pieces {
            table.insert(number)?;
        }
        Ok(table)
    }

    fn insert(&mut self, number: usize) -> Result<(), String> {
        let (continues, text) = split(self.piece(number));
        let length = text.len();
        let mut slot = self.slot(continues, text);
        // Of equal pieces the last one wins, as in the dictionaries of other implementations.
        while let Some(taken) = self.slots[slot].checked_sub(1)
            && split(self.piece(taken as usize)) != (continues, text)
        {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.longest = self.longest.max(length);
        self.slots[slot] = u32::try_from(number + 1).map_err(|_| "the vocabulary is too large")?;
        Ok(())
    }

    /// Returns the piece with this id.
    pub(crate) fn get(&self, id: u32) -> Option<&[u8]> {
        let number = id as usize;
        (number + 1 < self.begins.len()).then(|| self.piece(number))
    }

    fn piece(&self, number: usize) -> &[u8] {
        &self.text[self.begins[number] as usize..self.begins[number + 1] as usize]
    }

    fn slot(&self, continues: bool, text: &[u8]) -> usize {
        let mut hasher = FxHasher::default();
        (continues, text).hash(&mut hasher);
        #[expect(clippy::cast_possible_truncation, reason = "the low bits choose the slot")]
        let slot = hasher.finish() as usize;
        slot & (self.slots.len() - 1)
    }

    /// Returns the id of the piece `text`, at the start of a word or continuing one.
    pub(crate) fn find(&self, continues: bool, text: &[u8]) -> Option<u32> {
        let mut slot = self.slot(continues, text);
        loop {
            let number = self.slots[slot].checked_sub(1)?;
            if split(self.piece(number as usize)) == (continues, text) {
                return Some(number);
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    /// Returns the length of the longest piece in bytes.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// Iterates over the pieces in the order of their ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.begins.len() - 1).map(|number| self.piece(number))
    }
}

fn split(piece: &[u8]) -> (bool, &[u8]) {
    match piece.strip_prefix(CONTINUATION_PREFIX) {
        Some(rest) if !rest.is_empty() => (true, rest),
        _ => (false, piece),
    }
}

/// `FxHash`. The vocabulary is fixed, so that collisions cannot be provoked.
#[derive(Default)]
struct FxHasher(u64);

impl Hasher for FxHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            let mixed = self.0.rotate_left(5) ^ u64::from_le_bytes(word);
            self.0 = mixed.wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
}
