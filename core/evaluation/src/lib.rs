//! Measures of ranking quality over judged queries, with confidence intervals.
//!
//! Judges graded some products for each query. An [`Evaluation`] measures one search configuration
//! over those queries; [`Evaluation::report`] gives the mean of each measure with its interval, and
//! [`compare_evaluations`] tests whether another configuration is better. A [`SetEvaluation`] measures
//! everything that a search finds, in any order. Everything is pure and
//! reproducible: random numbers come from a fixed seed.
//!
//! ```
//! use akin_entities::ProductId;
//! use akin_evaluation::{Grade, Judgments, ndcg, reciprocal_rank};
//! use std::num::NonZeroUsize;
//!
//! let id = |text: &str| ProductId::new(text.to_owned()).unwrap();
//! let judgments: Judgments =
//!     [(id("tripod"), Grade::new(3)?), (id("lamp"), Grade::new(0)?)].into_iter().collect();
//! let ranking = [id("lamp"), id("tripod")];
//! assert_eq!(reciprocal_rank(&ranking, &judgments), Some(0.5));
//! // The only relevant product is second: 1 / log2(3) of the ideal.
//! let ndcg = ndcg(&ranking, &judgments, NonZeroUsize::new(10).unwrap()).unwrap();
//! assert!((ndcg - 0.6309).abs() < 1e-4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod estimate;
mod evaluation;
mod judgments;
mod measures;
mod result_set;

pub use estimate::{
    MeanEstimate, PairedDifference, bootstrap_mean, bootstrap_ratio, paired_difference,
};
pub use evaluation::{
    Evaluation, EvaluationComparison, EvaluationReport, MeasureSummary, compare_evaluations,
};
pub use judgments::{Grade, InvalidGrade, Judgments};
pub use measures::{Measure, judged_ndcg, ndcg, precision, recall, reciprocal_rank};
pub use result_set::{JudgedSet, SetEvaluation};
