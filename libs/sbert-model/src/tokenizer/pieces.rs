//! The vocabulary: which piece has which number.

use std::hash::{Hash, Hasher};

/// A hash table of pieces over one text, so that making it allocates three times and not thirty
/// thousand.
#[derive(Debug)]
pub(crate) struct Pieces {
    text: Box<[u8]>,
    /// Where each piece begins in the text; one more says where the last ends.
    begins: Box<[u32]>,
    /// Numbers of pieces plus 1, 0 for an empty slot; a power of two of them, half of them empty.
    slots: Box<[u32]>,
    longest: usize,
}

/// What continues a word begins so in a vocabulary.
const CONTINUES: &[u8] = b"##";

impl Pieces {
    /// The pieces of a vocabulary in the order of their numbers.
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
            table.enter(number)?;
        }
        Ok(table)
    }

    fn enter(&mut self, number: usize) -> Result<(), String> {
        let (continues, text) = split(self.piece(number));
        let length = text.len();
        let mut slot = self.slot(continues, text);
        // Of two equal pieces the later counts, as in the dictionary that others read them into.
        while let Some(taken) = self.slots[slot].checked_sub(1)
            && split(self.piece(taken as usize)) != (continues, text)
        {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.longest = self.longest.max(length);
        self.slots[slot] = u32::try_from(number + 1).map_err(|_| "the vocabulary is too large")?;
        Ok(())
    }

    fn piece(&self, number: usize) -> &[u8] {
        &self.text[self.begins[number] as usize..self.begins[number + 1] as usize]
    }

    fn slot(&self, continues: bool, text: &[u8]) -> usize {
        let mut hasher = Fx::default();
        (continues, text).hash(&mut hasher);
        #[expect(clippy::cast_possible_truncation, reason = "the low bits choose the slot")]
        let slot = hasher.finish() as usize;
        slot & (self.slots.len() - 1)
    }

    /// The number of the piece that is `text`, at a word's beginning or within.
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

    /// The longest piece, in bytes.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// Every piece, in the order of their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.begins.len() - 1).map(|number| self.piece(number))
    }
}

fn split(piece: &[u8]) -> (bool, &[u8]) {
    match piece.strip_prefix(CONTINUES) {
        Some(rest) if !rest.is_empty() => (true, rest),
        _ => (false, piece),
    }
}

/// `FxHash`: the vocabulary is fixed, so nobody can choose what collides.
#[derive(Default)]
struct Fx(u64);

impl Hasher for Fx {
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
