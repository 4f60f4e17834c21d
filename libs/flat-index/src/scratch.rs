use std::sync::{Mutex, PoisonError};

/// Buffers of a search, reused by later searches.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// The distance of each row's one-bit code from the query.
    pub(crate) distances: Vec<u16>,
    /// Buffers of keyword search.
    pub(crate) words: WordScratch,
    /// Buffers of rules about terms.
    pub(crate) sums: SumScratch,
}

/// Keyword scores of rows.
#[derive(Debug, Default)]
pub(crate) struct WordScratch {
    /// The score of each row; all zeros between searches.
    pub(crate) scores: Vec<f32>,
    /// The rows with a nonzero score.
    pub(crate) touched: Vec<u32>,
    /// Positions of rows in a term's postings.
    pub(crate) positions: Vec<usize>,
}

/// Sums of weights of rows.
#[derive(Debug, Default)]
pub(crate) struct SumScratch {
    /// The sum of each row; all zeros between searches.
    pub(crate) sums: Vec<u32>,
    /// The rows with a sum.
    pub(crate) touched: Vec<u32>,
}

/// A pool of scratch buffers, one for each concurrent search.
#[derive(Debug, Default)]
pub(crate) struct ScratchPool(Mutex<Vec<Scratch>>);

impl ScratchPool {
    /// Runs `work` with exclusive buffers. If it panics, they are dropped.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Scratch) -> T) -> T {
        let idle = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = idle().pop().unwrap_or_default();
        let answer = work(&mut scratch);
        idle().push(scratch);
        answer
    }
}
