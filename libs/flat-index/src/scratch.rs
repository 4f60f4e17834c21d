use std::sync::{Mutex, PoisonError};

/// Memory that a search writes into, kept for the next one.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// How far from the query each row's bits are.
    pub(crate) distances: Vec<u16>,
    /// For those who look for words.
    pub(crate) words: WordScratch,
}

/// What rows score by the words that they hold.
#[derive(Debug, Default)]
pub(crate) struct WordScratch {
    /// A score for each row; all zeros between searches.
    pub(crate) scores: Vec<f32>,
    /// The rows whose score is not zero.
    pub(crate) touched: Vec<u32>,
    /// Where some of them stand among a term's postings.
    pub(crate) places: Vec<usize>,
}

/// Lends scratch memory: as many pieces as there are searches at a time.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Vec<Scratch>>);

impl Pool {
    /// Runs `work` with memory of its own. If it panics, the memory is not used again.
    pub(crate) fn lend<T>(&self, work: impl FnOnce(&mut Scratch) -> T) -> T {
        let idle = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = idle().pop().unwrap_or_default();
        let answer = work(&mut scratch);
        idle().push(scratch);
        answer
    }
}
