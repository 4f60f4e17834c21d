use crate::{Difference, Estimate, Judgments, Measure, difference, estimate};
use akin_entities::ProductId;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;

/// How one way of searching did, query by query.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    name: String,
    depth: NonZeroUsize,
    queries: BTreeMap<String, [Option<f64>; Measure::ALL.len()]>,
}

/// One way's figures: a row of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What was measured: `hybrid`.
    pub name: String,
    /// How many queries were asked.
    pub queries: usize,
    /// One figure a measure, in the order of [`Measure::ALL`].
    pub figures: Vec<Figure>,
}

/// A measure's mean: a cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What was measured.
    pub measure: Measure,
    /// Its name in a table: `nDCG@10`.
    pub name: String,
    /// Its mean over the queries that have anything to find; `None` if none has.
    pub estimate: Option<Estimate>,
}

/// How a second way of searching differs from a first by one measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The first way.
    pub from: String,
    /// The second way.
    pub to: String,
    /// What was measured.
    pub measure: Measure,
    /// Second minus first, over the queries that both measured.
    pub difference: Difference,
}

impl Report {
    /// What `measure` is on average; `None` if no query has anything to find.
    pub fn estimate(&self, measure: Measure) -> Option<Estimate> {
        self.figures.iter().find(|figure| figure.measure == measure)?.estimate
    }
}

impl Evaluation {
    /// An evaluation of what `name` says, by the first `depth` hits.
    pub fn new(name: impl Into<String>, depth: NonZeroUsize) -> Self {
        Self { name: name.into(), depth, queries: BTreeMap::new() }
    }

    /// What was measured: `hybrid`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Measures the answer to `query`, best hit first. A query asked again replaces its figures.
    pub fn add(&mut self, query: &str, ranking: &[ProductId], judgments: &Judgments) {
        let figures = Measure::ALL.map(|measure| measure.of(ranking, judgments, self.depth));
        self.queries.insert(query.to_owned(), figures);
    }

    /// Each query's figure, in the order of the queries; `None` where there is nothing to find.
    pub fn by_query(&self, measure: Measure) -> impl Iterator<Item = (&str, Option<f64>)> {
        self.queries.iter().map(move |(query, figures)| (query.as_str(), figures[place(measure)]))
    }

    /// The means over all queries.
    pub fn report(&self) -> Report {
        let figures = Measure::ALL.into_iter().map(|measure| {
            let values: Vec<_> = self.by_query(measure).filter_map(|(_, value)| value).collect();
            let name = measure.name(self.depth);
            Figure { measure, name, estimate: estimate(&values) }
        });
        let figures = figures.collect();
        Report { name: self.name.clone(), queries: self.queries.len(), figures }
    }
}

/// Whether the second way is better than the first by `measure`, over the queries that both
/// measured; `None` if there are none, or if they looked at different depths.
pub fn compare(from: &Evaluation, to: &Evaluation, measure: Measure) -> Option<Comparison> {
    if from.depth != to.depth {
        return None;
    }
    let differences: Vec<_> = from
        .by_query(measure)
        .filter_map(|(query, before)| Some(to.queries.get(query)?[place(measure)]? - before?))
        .collect();
    let difference = difference(&differences)?;
    Some(Comparison { from: from.name.clone(), to: to.name.clone(), measure, difference })
}

fn place(measure: Measure) -> usize {
    measure as usize
}
