//! Exact search by exhaustive comparison, the reference for recall.

use crate::DIMENSION;
use crate::catalogue::Catalogue;
use crate::vectors::dot;
use akin_entities::{AnalyzedText, TextField};
use std::collections::HashMap;
use std::thread;

const K1: f32 = 0.5;
const B: f32 = 0.75;

/// The products that a filter admits, by position; `None` admits all.
pub(crate) type Keep<'a> = Option<&'a [bool]>;

/// Returns the positions of the `count` nearest products, the nearest first.
pub(crate) fn nearest(
    catalogue: &Catalogue,
    query: &[f32],
    keep: Keep<'_>,
    count: usize,
) -> Vec<usize> {
    let rows = catalogue.vectors.chunks_exact(DIMENSION).enumerate();
    let kept = rows.filter(|(position, _)| keep.is_none_or(|keep| keep[*position]));
    best(kept.map(|(position, row)| (dot(row, query), position)).collect(), count)
}

/// Returns the positions of the `count` nearest products to each query, for each filter:
/// `[filter][query]`. Every query is compared once, on all cores.
pub(crate) fn nearest_to_each(
    catalogue: &Catalogue,
    queries: &[Vec<f32>],
    filters: &[Vec<bool>],
    count: usize,
) -> Vec<Vec<Vec<usize>>> {
    let answer = |query: &Vec<f32>| -> Vec<Vec<usize>> {
        let rows = catalogue.vectors.chunks_exact(DIMENSION);
        let cosines: Vec<_> = rows.map(|row| dot(row, query)).collect();
        let kept = |keep: &Vec<bool>| {
            let kept = cosines.iter().zip(keep).enumerate().filter(|(_, (_, keep))| **keep);
            best(kept.map(|(position, (cosine, _))| (*cosine, position)).collect(), count)
        };
        filters.iter().map(kept).collect()
    };
    let part = queries.len().div_ceil(crate::cores()).max(1);
    let answers: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = queries
            .chunks(part)
            .map(|part| scope.spawn(move || part.iter().map(answer).collect::<Vec<_>>()))
            .collect();
        let done = |worker: thread::ScopedJoinHandle<'_, _>| {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        workers.into_iter().flat_map(done).collect()
    });
    let of_filter = |filter: usize| answers.iter().map(|answer| answer[filter].clone()).collect();
    (0..filters.len()).map(of_filter).collect()
}

/// Returns the share of `wanted` that is in `found`; 1 if `wanted` is empty.
pub(crate) fn recall<T: PartialEq>(found: &[T], wanted: &[T]) -> f64 {
    if wanted.is_empty() {
        return 1.0;
    }
    wanted.iter().filter(|one| found.contains(one)).count() as f64 / wanted.len() as f64
}

/// Returns the mean recall of the first `count` hits.
pub(crate) fn mean_recall(found: &[Vec<usize>], wanted: &[Vec<usize>], count: usize) -> f64 {
    let answers = found.iter().zip(wanted);
    let recalls = answers.map(|(found, wanted)| recall(found, &wanted[..wanted.len().min(count)]));
    recalls.sum::<f64>() / found.len().max(1) as f64
}

/// The share of L of every product, by term.
#[derive(Debug)]
pub(crate) struct Words {
    documents: usize,
    postings: HashMap<String, Vec<(usize, f32)>>,
}

impl Words {
    /// Counts the terms of `texts`.
    pub(crate) fn of(texts: &[AnalyzedText]) -> Self {
        let documents = texts.len();
        let mut lengths = [0.0_f32; TextField::ALL.len()];
        for text in texts {
            for (field, stream) in text.fields() {
                lengths[field.position()] += stream.split_ascii_whitespace().count() as f32;
            }
        }
        let averages = lengths.map(|length| (length / documents.max(1) as f32).max(1e-6));
        let mut postings: HashMap<String, Vec<(usize, f32)>> = HashMap::new();
        for (position, text) in texts.iter().enumerate() {
            for (term, frequency) in frequencies(text, &averages) {
                let share = frequency / (frequency + K1);
                postings.entry(term.to_owned()).or_default().push((position, share));
            }
        }
        Self { documents, postings }
    }

    /// Returns the positions of the `count` products with the greatest L, the greatest first.
    pub(crate) fn best(&self, terms: &[&str], keep: Keep<'_>, count: usize) -> Vec<usize> {
        let mut scores = HashMap::<usize, f32>::new();
        for postings in terms.iter().filter_map(|term| self.postings.get(*term)) {
            let frequency = postings.len() as f32;
            let idf = ((self.documents as f32 - frequency + 0.5) / (frequency + 0.5)).ln_1p();
            for (position, share) in postings {
                if keep.is_none_or(|keep| keep[*position]) {
                    *scores.entry(*position).or_default() += idf * share;
                }
            }
        }
        best(scores.into_iter().map(|(position, score)| (score, position)).collect(), count)
    }
}

/// Returns the frequency of each term, weighted by field and normalized by length.
fn frequencies<'a>(text: &'a AnalyzedText, averages: &[f32]) -> HashMap<&'a str, f32> {
    let mut frequencies = HashMap::new();
    for (field, stream) in text.fields() {
        let length = stream.split_ascii_whitespace().count() as f32;
        let share = field.weight() / (1.0 - B + B * length / averages[field.position()]);
        for term in stream.split_ascii_whitespace() {
            *frequencies.entry(term).or_insert(0.0) += share;
        }
    }
    frequencies
}

/// Returns the positions of the greatest scores, the greatest first, ties by position.
fn best(mut scored: Vec<(f32, usize)>, count: usize) -> Vec<usize> {
    let order = |a: &(f32, usize), b: &(f32, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if count < scored.len() {
        scored.select_nth_unstable_by(count, order);
        scored.truncate(count);
    }
    scored.sort_unstable_by(order);
    scored.into_iter().map(|(_, position)| position).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_words_and_short_fields_count_more() {
        let text = |title: &'static str, description: &'static str| {
            let terms = |text: &'static str| text.split(' ').collect::<Vec<_>>();
            AnalyzedText::new([terms(title), terms(description), vec![], vec![], vec![]])
        };
        let texts = [
            text("phone tripod", "a stand"),
            text("phone", "a phone for everybody"),
            text("tripod", "for a telescope and other heavy things that stand"),
        ];
        let words = Words::of(&texts);
        assert_eq!(words.best(&["telescop", "telescope"], None, 3), [2]);
        assert_eq!(words.best(&["phone", "tripod"], None, 1), [0]);
        assert_eq!(words.best(&["phone", "tripod"], Some(&[false, true, true]), 9).len(), 2);
    }

    #[test]
    fn recall_is_the_share_of_expected_products_that_are_found() {
        assert!((recall(&[1, 2, 3], &[3, 4]) - 0.5).abs() < 1e-9);
        assert!((recall::<u8>(&[], &[]) - 1.0).abs() < 1e-9);
    }
}
