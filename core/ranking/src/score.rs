use crate::QueryTerms;
use crate::terms::{Found, Wanted};
use akin_entities::{AnalyzedText, SearchMode, TextField, bm25};
use std::collections::HashMap;

/// The part of the cosine; the rest is L's.
const ALPHA: f64 = 0.5;
/// What the coverage adds.
const COVERAGE: f64 = 0.3;
/// What adjacent pairs add.
const PAIRS: f64 = 0.1;
/// How many terms of a title pairs are looked for in.
const TITLE: usize = 64;

/// A candidate, as far as scoring cares.
#[derive(Clone, Copy, Debug)]
pub struct CandidateFeatures<'a> {
    /// Its analyzed text.
    pub text: &'a AnalyzedText,
    /// Its cosine to the query, if the search looks at meaning and it has an embedding.
    pub cosine: Option<f32>,
}

/// What a candidate is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// What to order by: larger is better.
    pub score: f32,
    /// What its words add to that.
    pub text_score: f32,
    /// Which share of the query's weight its text covers: 0 to 1.
    pub coverage: f32,
}

/// What a candidate's words say.
#[derive(Clone, Copy, Debug, Default)]
struct Words {
    l: f64,
    coverage: f64,
    pairs: f64,
}

/// Scores a frozen set of candidates, in its order. In hybrid mode a candidate's score depends on
/// the whole set: L by its largest, the cosine by its least and largest.
///
/// Order by [`Score::score`], the larger first, and equals by product id.
pub fn score_candidates(
    mode: SearchMode,
    query: &QueryTerms,
    candidates: &[CandidateFeatures<'_>],
) -> Vec<Score> {
    let mut reader = Reader::new(query);
    let words: Vec<_> = candidates.iter().map(|candidate| reader.read(candidate.text)).collect();
    let largest = words.iter().map(|words| words.l).fold(0.0, f64::max);
    let largest = if largest > 0.0 { largest } else { 1.0 };
    let cosines = candidates.iter().filter_map(|candidate| candidate.cosine.map(f64::from));
    let (low, high) = cosines.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), cosine| {
        (low.min(cosine), high.max(cosine))
    });
    let scores = candidates.iter().zip(&words).map(|(candidate, words)| {
        let text =
            (1.0 - ALPHA) * words.l / largest + COVERAGE * words.coverage + PAIRS * words.pairs;
        let cosine = candidate.cosine.map(f64::from);
        let score = match mode {
            SearchMode::Lexical => text,
            SearchMode::Semantic => cosine.unwrap_or(-1.0),
            SearchMode::Hybrid if query.terms.is_empty() => cosine.unwrap_or(-1.0),
            SearchMode::Hybrid => {
                text + cosine.map_or(0.0, |cosine| ALPHA * (cosine - low) / (high - low + 1e-9))
            }
        };
        let text = if mode == SearchMode::Semantic { 0.0 } else { text };
        narrow(score, text, words.coverage)
    });
    scores.collect()
}

#[expect(clippy::cast_possible_truncation, reason = "an answer needs no more than f32")]
fn narrow(score: f64, text: f64, coverage: f64) -> Score {
    Score { score: score as f32, text_score: text as f32, coverage: coverage as f32 }
}

/// Reads candidates' texts, with scratch memory that is reused.
#[derive(Debug)]
struct Reader<'a> {
    query: &'a QueryTerms,
    /// The query's distinct terms.
    wanted: Wanted<'a>,
    /// For each term of the query its place among the distinct ones.
    terms: Vec<usize>,
    /// The query's adjacent pairs, and their weights.
    pairs: Vec<((usize, usize), f64)>,
    /// What all pairs weigh together.
    pairs_weight: f64,
    /// What all terms weigh together.
    weight: f64,
    /// For each distinct term its weighted, length-normalized frequency.
    frequencies: Vec<f64>,
    /// The same within the field at hand, not yet normalized.
    counts: Vec<u32>,
    /// The title's adjacent pairs of query terms.
    adjacent: Vec<(usize, usize)>,
}

impl<'a> Reader<'a> {
    fn new(query: &'a QueryTerms) -> Self {
        let mut distinct = Vec::new();
        let mut places = HashMap::new();
        let mut terms = Vec::new();
        for term in &query.terms {
            let place = *places.entry(term.text.as_bytes()).or_insert_with(|| {
                distinct.push(term.text.as_bytes());
                distinct.len() - 1
            });
            terms.push(place);
        }
        let weight = |at: usize| query.terms[at].idf + query.terms[at + 1].idf;
        let pairs = terms.windows(2).enumerate().map(|(at, pair)| ((pair[0], pair[1]), weight(at)));
        let pairs: Vec<_> = pairs.collect();
        Self {
            query,
            pairs_weight: pairs.iter().map(|(_, weight)| weight).sum(),
            pairs,
            weight: query.weight(),
            frequencies: vec![0.0; distinct.len()],
            counts: vec![0; distinct.len()],
            adjacent: Vec::new(),
            wanted: Wanted::new(&distinct),
            terms,
        }
    }

    fn read(&mut self, text: &AnalyzedText) -> Words {
        if self.terms.is_empty() {
            return Words::default();
        }
        self.count(text);
        let mut words = Words::default();
        for (term, &place) in self.query.terms.iter().zip(&self.terms) {
            let frequency = self.frequencies[place];
            words.l += bm25::term_score(term.idf, frequency);
            words.coverage += if frequency > 0.0 { term.idf } else { 0.0 };
        }
        // Statistics that contradict themselves may give no term any weight.
        words.coverage = if self.weight > 0.0 { words.coverage / self.weight } else { 0.0 };
        if self.pairs_weight > 0.0 && !self.adjacent.is_empty() {
            let found = self.pairs.iter().filter(|(pair, _)| self.adjacent.contains(pair));
            words.pairs = found.map(|(_, weight)| weight).sum::<f64>() / self.pairs_weight;
        }
        words
    }

    /// Finds out how frequent each term is, and which stand side by side in the title.
    #[expect(clippy::cast_precision_loss, reason = "a text has fewer than 2^52 terms")]
    fn count(&mut self, text: &AnalyzedText) {
        let Self { query, wanted, frequencies, counts, adjacent, .. } = self;
        frequencies.fill(0.0);
        adjacent.clear();
        let mut fields = TextField::ALL.into_iter();
        let mut field = fields.next();
        let (mut last, mut is_found) = (None, false);
        wanted.find(text.as_stream().as_bytes(), |found| {
            // What stands behind the last field is none of the product's.
            let Some(here) = field else { return };
            match found {
                Found::Term(hit) => {
                    is_found = true;
                    counts[hit.place] += 1;
                    if here == TextField::Title {
                        let position = hit.position();
                        if let Some((before, one)) = last
                            && before + 1 == position
                            && position < TITLE
                        {
                            adjacent.push((one, hit.place));
                        }
                        last = Some((position, hit.place));
                    }
                }
                Found::End { terms } => {
                    if is_found {
                        let average = f64::from(query.average_lengths[here.position()]);
                        let weight = here.norm(terms as f64, average);
                        for (frequency, count) in frequencies.iter_mut().zip(counts.iter_mut()) {
                            *frequency += weight * f64::from(std::mem::take(count));
                        }
                    }
                    is_found = false;
                    field = fields.next();
                }
            }
        });
    }
}
