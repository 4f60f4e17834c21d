use crate::{
    Judgments, MeanEstimate, Measure, PairedDifference, bootstrap_mean, paired_difference,
};
use akin_entities::ProductId;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;

/// The measures of one search configuration, query by query.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    name: String,
    depth: NonZeroUsize,
    queries: BTreeMap<String, [Option<f64>; Measure::ALL.len()]>,
}

/// The mean measures of one [`Evaluation`]: a row of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluationReport {
    /// The name of the evaluation: `hybrid`.
    pub name: String,
    /// The number of queries that were run.
    pub queries: usize,
    /// One summary for each measure, in the order of [`Measure::ALL`].
    pub measures: Vec<MeasureSummary>,
}

/// The mean of one measure: a cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureSummary {
    /// The measure.
    pub measure: Measure,
    /// The measure's name in a table: `nDCG@10`.
    pub name: String,
    /// The mean over the queries that have relevant products; `None` if none has.
    pub mean: Option<MeanEstimate>,
}

/// The difference between two evaluations by one measure.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluationComparison {
    /// The name of the first evaluation.
    pub from: String,
    /// The name of the second evaluation.
    pub to: String,
    /// The measure.
    pub measure: Measure,
    /// Second minus first, over the queries that both evaluations measured.
    pub difference: PairedDifference,
}

impl EvaluationReport {
    /// Returns the mean of `measure`; `None` if no query has relevant products.
    pub fn mean(&self, measure: Measure) -> Option<MeanEstimate> {
        self.measures.iter().find(|summary| summary.measure == measure)?.mean
    }
}

impl Evaluation {
    /// Creates an empty evaluation called `name`, which looks at the first `depth` hits.
    pub fn new(name: impl Into<String>, depth: NonZeroUsize) -> Self {
        Self { name: name.into(), depth, queries: BTreeMap::new() }
    }

    /// Renames it, as among those of other engines.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Returns the name: `hybrid`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Measures the answer to `query`, best hit first. Adding a query again replaces its values.
    pub fn add(&mut self, query: &str, ranking: &[ProductId], judgments: &Judgments) {
        let values = Measure::ALL.map(|measure| measure.compute(ranking, judgments, self.depth));
        self.queries.insert(query.to_owned(), values);
    }

    /// Restores a query's value of `measure` that was measured before; `None` for a query without
    /// relevant products.
    pub fn restore(&mut self, query: &str, measure: Measure, value: Option<f64>) {
        self.queries.entry(query.to_owned()).or_default()[position(measure)] = value;
    }

    /// Returns the number of first hits that it looks at.
    pub fn depth(&self) -> NonZeroUsize {
        self.depth
    }

    /// Iterates over each query and its value of `measure`, sorted by query; `None` for a query
    /// without relevant products.
    pub fn by_query(&self, measure: Measure) -> impl Iterator<Item = (&str, Option<f64>)> {
        self.queries.iter().map(move |(query, values)| (query.as_str(), values[position(measure)]))
    }

    /// Returns the means over all queries.
    pub fn report(&self) -> EvaluationReport {
        let measures = Measure::ALL.into_iter().map(|measure| {
            let values: Vec<_> = self.by_query(measure).filter_map(|(_, value)| value).collect();
            let name = measure.name(self.depth);
            MeasureSummary { measure, name, mean: bootstrap_mean(&values) }
        });
        let measures = measures.collect();
        EvaluationReport { name: self.name.clone(), queries: self.queries.len(), measures }
    }
}

/// Compares two evaluations by `measure`, over the queries that both measured; `None` if there are
/// no such queries, or if the depths differ.
pub fn compare_evaluations(
    from: &Evaluation,
    to: &Evaluation,
    measure: Measure,
) -> Option<EvaluationComparison> {
    if from.depth != to.depth {
        return None;
    }
    let differences: Vec<_> = from
        .by_query(measure)
        .filter_map(|(query, before)| Some(to.queries.get(query)?[position(measure)]? - before?))
        // A value that was written as text and read again may differ in its last bit.
        .map(|difference| if difference.abs() < 1e-12 { 0.0 } else { difference })
        .collect();
    let difference = paired_difference(&differences)?;
    Some(EvaluationComparison { from: from.name.clone(), to: to.name.clone(), measure, difference })
}

fn position(measure: Measure) -> usize {
    measure as usize
}
