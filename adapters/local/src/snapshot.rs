use crate::entries::{self, Findable};
use crate::rows;
use entities::{CountedStatistics, ProductId, Similarity, Statistics, TextField};
use ports::{Candidate, CandidateQuery};
use rusqlite::Connection;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

/// All that can be found, as of one sequence. It never changes.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    sequence: u64,
    found: BTreeMap<ProductId, Arc<Findable>>,
    words: OnceLock<Words>,
}

/// The words of a snapshot, counted out when somebody first asks for them.
#[derive(Debug, Default)]
struct Words {
    statistics: CountedStatistics,
    /// By term: the places in the order of ids that hold it, and how much it counts there.
    postings: HashMap<Box<str>, Vec<(usize, f32)>>,
}

impl Snapshot {
    /// The sequence of the last write in it.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// This one and what was written since.
    pub(crate) fn caught_up(&self, connection: &Connection) -> rusqlite::Result<Self> {
        let mut next = Self {
            sequence: entries::last_sequence(connection)?,
            found: self.found.clone(),
            words: OnceLock::new(),
        };
        let dimension = entries::fingerprint(connection)?.map(|fingerprint| fingerprint.dimension);
        entries::visit_since(connection, self.sequence, &mut |row| {
            match row.findable {
                None => drop(next.found.remove(&row.id)),
                Some(findable) => {
                    check(&row.id, &findable.embedding, dimension)?;
                    next.found.insert(row.id, Arc::new(findable));
                }
            }
            Ok(())
        })?;
        Ok(next)
    }

    /// Answers `query`, exactly.
    pub(crate) fn candidates(&self, query: &CandidateQuery) -> Vec<Candidate> {
        let rows: Vec<_> = self.found.iter().collect();
        let cosines: Option<Vec<f32>> = query.embedding.as_ref().map(|asked| {
            rows.iter().map(|(_, found)| dot(asked.as_slice(), &found.embedding)).collect()
        });
        let all = query.filter.is_empty();
        let admitted = |place: &usize| all || query.filter.admits(&rows[*place].1.facets);
        let mut chosen = self.by_words(&query.terms, query.depth, admitted);
        if let Some(cosines) = &cosines {
            let least = query.threshold.map_or(f32::NEG_INFINITY, Similarity::get);
            let near = cosines.iter().copied().enumerate().filter(|(_, cosine)| *cosine >= least);
            let near = near.filter(|(place, _)| admitted(place)).collect();
            chosen.extend(best(near, query.depth));
        }
        chosen.sort_unstable();
        chosen.dedup();
        let candidate = |place: usize| Candidate {
            id: rows[place].0.clone(),
            cosine: cosines.as_ref().map(|cosines| Similarity::from_cosine(cosines[place])),
            text: rows[place].1.text.clone(),
        };
        chosen.into_iter().map(candidate).collect()
    }

    /// The places of the `depth` that fit `terms` best: the rarer a term, the more it counts.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^23")]
    fn by_words(
        &self,
        terms: &[String],
        depth: usize,
        admitted: impl Fn(&usize) -> bool,
    ) -> Vec<usize> {
        let mut scores: HashMap<usize, f32> = HashMap::new();
        for term in terms.iter().collect::<HashSet<_>>() {
            let postings = self.words().postings.get(term.as_str()).map_or(&[][..], Vec::as_slice);
            let rarity = (1.0 + self.found.len() as f32 / postings.len() as f32).ln();
            for (place, share) in postings.iter().filter(|(place, _)| admitted(place)) {
                *scores.entry(*place).or_default() += share * rarity;
            }
        }
        best(scores.into_iter().collect(), depth)
    }

    fn words(&self) -> &Words {
        self.words.get_or_init(|| {
            let mut words = Words::default();
            for (place, found) in self.found.values().enumerate() {
                words.statistics.add(&found.text, &found.words);
                for (field, stream) in found.text.fields() {
                    for term in stream.split_ascii_whitespace() {
                        words.count(term, place, field.weight());
                    }
                }
            }
            words
        })
    }
}

impl Words {
    fn count(&mut self, term: &str, place: usize, weight: f32) {
        let Some(postings) = self.postings.get_mut(term) else {
            self.postings.insert(term.into(), vec![(place, weight)]);
            return;
        };
        match postings.last_mut() {
            Some((last, share)) if *last == place => *share += weight,
            _ => postings.push((place, weight)),
        }
    }
}

/// Makes sure that the coordinates are what was once written: of length 1, as many as announced.
fn check(id: &ProductId, coordinates: &[f32], dimension: Option<usize>) -> rusqlite::Result<()> {
    let length = dot(coordinates, coordinates);
    if Some(coordinates.len()) == dimension && (length - 1.0).abs() < 1e-3 {
        return Ok(());
    }
    let found = coordinates.len();
    let what = format!("{id} has an embedding of {found} coordinates and squared length {length}");
    Err(rows::cannot_be(2, what))
}

/// The places of the `depth` best of `scored`, in no order.
fn best(mut scored: Vec<(usize, f32)>, depth: usize) -> Vec<usize> {
    if scored.len() > depth {
        scored.select_nth_unstable_by(depth, |(a, x), (b, y)| y.total_cmp(x).then(a.cmp(b)));
        scored.truncate(depth);
    }
    scored.into_iter().map(|(place, _)| place).collect()
}

/// A dot product whose sums run side by side, as vector units want them.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    let mut sums = [0.0_f32; 16];
    for (a, b) in a.iter().zip(b) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
}

impl Statistics for Snapshot {
    fn documents(&self) -> u64 {
        self.words().statistics.documents()
    }

    fn document_frequency(&self, term: &str) -> u64 {
        self.words().statistics.document_frequency(term)
    }

    fn average_length(&self, field: TextField) -> f32 {
        self.words().statistics.average_length(field)
    }

    fn word_frequency(&self, word: &str) -> u64 {
        self.words().statistics.word_frequency(word)
    }

    fn visit_words(&self, initial: char, visit: &mut dyn FnMut(&str, u64)) {
        self.words().statistics.visit_words(initial, visit);
    }
}
