//! A [`ProductIndex`](akin_ports::ProductIndex) on `OpenSearch` 2.19 or later, over REST.
//!
//! A product is a document, whose version is the product's: the server itself turns a late one
//! away. One that was removed stays as a document with nothing in it, so that its version is
//! remembered. In front of the index stands an alias, so that another can take its place.
//!
//! What is written is found after the index's refresh, which comes every second, or at once by
//! [`OpenSearchIndex::refresh`]; what is known of a product is known at once.
//!
//! Settings are clap arguments. All that is missing or wrong is reported at once, before anything
//! is connected to:
//!
//! ```
//! use akin_opensearch::Settings;
//! use clap::Parser;
//!
//! #[derive(Parser)]
//! struct Command {
//!     #[command(flatten)]
//!     opensearch: Settings,
//! }
//!
//! let arguments = ["command", "--opensearch-endpoint", "ftp://search.example"];
//! let problems = Command::parse_from(arguments).opensearch.problems();
//! assert!(problems[0].contains("OPENSEARCH_ENDPOINT"));
//! ```

mod bulk;
mod connection;
mod counting;
mod document;
mod error;
mod facets;
mod formula;
mod get;
mod hits;
mod index;
mod list;
mod model;
mod open;
mod query;
mod retry;
mod schema;
mod settings;
mod statistics;
mod upsert;
mod vocabulary;

pub use index::OpenSearchIndex;
pub use open::Migrated;
pub use settings::{Secret, Settings};

/// The name of this engine in errors.
const SYSTEM: &str = "opensearch";
