use crate::entries::{self, Findable};
use crate::rows;
use entities::{CountedStatistics, ProductId, Similarity, Statistics, TextField};
use ports::{Candidate, CandidateQuery};
use rusqlite::Connection;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, OnceLock};

/// All that can be found, as of one sequence. It never changes.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    sequence: u64,
    found: BTreeMap<ProductId, Arc<Findable>>,
    statistics: OnceLock<CountedStatistics>,
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
            statistics: OnceLock::new(),
        };
        let dimension = entries::fingerprint(connection)?.map(|fingerprint| fingerprint.dimension);
        entries::visit_since(connection, self.sequence, &mut |row| {
            match row.findable {
                None => drop(next.found.remove(&row.id)),
                Some(findable) if Some(findable.embedding.len()) == dimension => {
                    next.found.insert(row.id, Arc::new(findable));
                }
                Some(findable) => {
                    let found = findable.embedding.len();
                    return Err(rows::cannot_be(3, format!("{found} coordinates of {}", row.id)));
                }
            }
            Ok(())
        })?;
        Ok(next)
    }

    /// Answers `query`, exactly.
    pub(crate) fn candidates(&self, query: &CandidateQuery) -> Vec<Candidate> {
        let terms: HashSet<_> = query.terms.iter().map(String::as_str).collect();
        let mut scored: Vec<_> = self
            .found
            .iter()
            .filter(|(_, found)| query.filter.admits(&found.facets))
            .map(|(id, found)| (id, found, self.words(found, &terms), cosine(query, found)))
            .collect();
        let mut chosen = HashSet::new();
        let descending = |a: f32, b: f32| b.partial_cmp(&a).unwrap_or(Ordering::Equal);
        scored.sort_by(|a, b| descending(a.2, b.2));
        chosen.extend(scored.iter().take(query.depth).filter(|s| s.2 > 0.0).map(|s| s.0));
        let least = query.threshold.map_or(-1.0, Similarity::get);
        scored.sort_by(|a, b| descending(a.3.unwrap_or(-2.0), b.3.unwrap_or(-2.0)));
        let near = scored.iter().take(query.depth).filter(|s| s.3.is_some_and(|c| c >= least));
        chosen.extend(near.map(|s| s.0));
        let answers = scored.iter().filter(|(id, ..)| chosen.contains(*id));
        let candidate =
            |(id, found, _, cosine): &(&ProductId, &Arc<Findable>, f32, Option<f32>)| {
                let cosine = cosine.map(Similarity::from_cosine);
                Candidate { id: (*id).clone(), cosine, text: found.text.clone() }
            };
        answers.map(candidate).collect()
    }

    /// How well the words fit: the rarer, the better.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^23")]
    fn words(&self, found: &Findable, terms: &HashSet<&str>) -> f32 {
        let mut score = 0.0;
        for (field, stream) in found.text.fields() {
            for term in stream.split_ascii_whitespace().filter(|term| terms.contains(term)) {
                let holding = self.counted().document_frequency(term).max(1) as f32;
                score += field.weight() * (1.0 + self.found.len() as f32 / holding).ln();
            }
        }
        score
    }

    fn counted(&self) -> &CountedStatistics {
        self.statistics.get_or_init(|| {
            let mut statistics = CountedStatistics::default();
            self.found.values().for_each(|found| statistics.add(&found.text, &found.words));
            statistics
        })
    }
}

fn cosine(query: &CandidateQuery, found: &Findable) -> Option<f32> {
    let asked = query.embedding.as_ref()?.as_slice();
    Some(asked.iter().zip(&found.embedding).map(|(a, b)| a * b).sum())
}

impl Statistics for Snapshot {
    fn documents(&self) -> u64 {
        self.counted().documents()
    }

    fn document_frequency(&self, term: &str) -> u64 {
        self.counted().document_frequency(term)
    }

    fn average_length(&self, field: TextField) -> f32 {
        self.counted().average_length(field)
    }

    fn word_frequency(&self, word: &str) -> u64 {
        self.counted().word_frequency(word)
    }

    fn visit_words(&self, initial: char, visit: &mut dyn FnMut(&str, u64)) {
        self.counted().visit_words(initial, visit);
    }
}
