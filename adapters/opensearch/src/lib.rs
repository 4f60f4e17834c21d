//! A [`ProductIndex`](akin_ports::ProductIndex) on `OpenSearch` 2.19 or later, over REST.
//!
//! A product is a document with the product's version as its external version, so the server itself
//! rejects late writes. A removed product stays as an empty document that keeps its version.
//! Clients use an alias, so that another index can replace the one behind it.
//!
//! Writes become searchable with the index's refresh, every second, or immediately after
//! [`OpenSearchIndex::refresh`]. Reads by id see them at once.
//!
//! Settings are clap arguments. All missing and invalid ones are reported at once, before connecting:
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

mod aggregations;
mod bulk;
mod candidates;
mod connection;
mod document;
mod error;
mod facets;
mod get;
mod hits;
mod index;
mod list;
mod matches;
mod model;
mod open;
mod phrases;
mod schema;
mod scoring;
mod session;
mod settings;
mod statistics;
mod upgrade;
mod upsert;
mod vocabulary;

pub use index::OpenSearchIndex;
pub use open::IndexMigration;
pub use settings::{Renewal, RenewedSettings, Settings};
