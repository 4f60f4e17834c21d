//! Measures of ranking quality over judged queries, with confidence intervals.
//!
//! Judges graded some products for each query. An [`Evaluation`] measures one search configuration
//! over those queries; [`Evaluation::report`] gives the mean of each measure with its interval, and
//! [`compare_evaluations`] tests whether another configuration is better. Everything is pure and
//! reproducible: random numbers come from a fixed seed.

mod estimate;
mod evaluation;
mod judgments;
mod measures;

pub use estimate::{MeanEstimate, PairedDifference, bootstrap_mean, paired_difference};
pub use evaluation::{
    Evaluation, EvaluationComparison, EvaluationReport, MeasureSummary, compare_evaluations,
};
pub use judgments::{Grade, InvalidGrade, Judgments};
pub use measures::{Measure, judged_ndcg, ndcg, precision, recall, reciprocal_rank};
