//! How good a ranking is: measures over judged queries, and how sure they are.
//!
//! A judge graded some products for each query. An [`Evaluation`] measures one way of searching
//! over those queries; [`Evaluation::report`] gives each measure's mean with an interval, and
//! [`compare`] says whether another way is better. All of it is pure, and the same numbers come
//! out of the same input every time: chance is drawn from a fixed seed.

mod estimate;
mod evaluation;
mod judgments;
mod measures;

pub use estimate::{Difference, Estimate, difference, estimate};
pub use evaluation::{Comparison, Evaluation, Figure, Report, compare};
pub use judgments::{Grade, InvalidGrade, Judgments};
pub use measures::{Measure, judged_ndcg, ndcg, precision, recall, reciprocal_rank};
