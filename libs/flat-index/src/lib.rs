//! Search files on their own: vectors, words and columns, found by scanning.
//!
//! There is no graph and no search library here. At a size that fits one machine a scan over small
//! codes is as fast as a graph, misses less, takes any filter exactly and is built in a second:
//!
//! - **Vectors** are scanned in 8 bits; in segments above 50,000 rows one bit a dimension comes
//!   first, weighed by the query, and 8 bits only for the best of those. What is left is compared in f32,
//!   exactly.
//! - **Words** have postings with each document's ready-made share of its score, so that matching
//!   is adding up.
//! - **Columns** turn a filter into a bitmap before anything is scanned.
//!
//! A [`Base`] is a checksummed file, mapped into memory. A [`Snapshot`] lays later changes over it
//! in small segments of the same form, each merged into its neighbor when it has grown as large,
//! and is searched without locks. Nothing in a file can be lost: it is derived, and built anew by
//! a [`BaseBuilder`] when it is missing or damaged.
//!
//! ```
//! use flat_index::{DocumentChange, IndexDocument, ColumnFilter, Request, Schema, Snapshot};
//!
//! let schema = Schema { dimension: 2, text_fields: vec![1.0], ..Schema::default() };
//! let lamp = IndexDocument {
//!     key: "lamp".into(),
//!     vector: vec![0.6, 0.8],
//!     text: "desk lamp".into(),
//!     surface: "desk lamp".into(),
//!     ..IndexDocument::default()
//! };
//! let snapshot = Snapshot::new(schema, None)?.apply(1, [DocumentChange::Upsert(lamp)])?;
//! let request = Request {
//!     terms: &["lamp"],
//!     vector: Some(&[1.0, 0.0]),
//!     filter: &ColumnFilter::default(),
//!     depth: 10,
//!     threshold: None,
//! };
//! let found = snapshot.search(&request)?;
//! assert_eq!((&*found[0].key, found[0].cosine), ("lamp", Some(0.6)));
//! # Ok::<(), flat_index::Error>(())
//! ```

mod base;
mod best;
mod builder;
mod document;
mod error;
mod filter;
mod layer;
mod layout;
mod matching;
mod nearest;
mod output;
mod quantized;
mod rows;
mod scratch;
mod search;
mod segment;
mod simd;
mod snapshot;

pub use base::{Base, BaseBuilder};
pub use document::{IndexDocument, Schema};
pub use error::Error;
pub use filter::ColumnFilter;
pub use instruction_set::InstructionSet;
pub use search::{FoundDocument, Request};
pub use snapshot::{DocumentChange, Snapshot};
