//! The JSON documents that the HTTP API and the command line both print.
//!
//! A view owns the names of its keys. It holds no logic beyond formatting, so that
//! `akin search --json` and `/api/search` cannot drift apart.
//!
//! ```
//! use akin_entities::Timestamp;
//! use akin_views::format_timestamp;
//!
//! assert_eq!(format_timestamp(Timestamp(1_679_128_413_000_042)), "2023-03-18 08:33:33.000042");
//! ```

mod answer;
mod dates;
mod durations;
mod explanation;
mod product;
mod runs;
mod status;
mod suggestions;

pub use answer::{SearchView, SimilarView};
pub use dates::{format_rfc3339, format_timestamp};
pub use durations::{milliseconds, seconds};
pub use product::{HitView, ProductView};
pub use runs::{Audience, CountsView, RunView};
pub use status::{LAST_RUNS, QueueView, StatusView};
pub use suggestions::{FacetValuesView, SuggestionsView};

/// The maximum number of products in an answer that is not paged.
pub const MAX_LIMIT: usize = 1_000;
