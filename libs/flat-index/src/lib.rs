//! Self-contained search files of vectors, words and columns, searched by scanning.
//!
//! There is no graph and no search library. At a size that fits one machine, scanning small codes is as
//! fast as a graph, has better recall, applies any filter exactly, and the index is built in a second:
//!
//! - **Vectors** are scanned in 8 bits. Segments above 50,000 rows are scanned in one bit per dimension
//!   first, weighted by the query, and in 8 bits only for the best. The rest is compared exactly, in f32.
//! - **Words** have postings with each document's precomputed share of the score, so that matching only
//!   adds.
//! - **Columns** turn a filter into a bitmap before the scan.
//! - **Sets** of all documents that match, whatever their number, are bitmaps too: a [`DocumentSet`] is
//!   counted by value, and sorted by a number.
//!
//! A [`Base`] is a checksummed file, mapped into memory. A [`Snapshot`] applies later changes in small
//! segments of the same format, merged as they grow, and is searched without locks. Files hold only
//! derived data; a [`BaseBuilder`] rebuilds one that is missing or damaged.
//!
//! ```
//! use flat_index::{
//!     DocumentChange, DocumentFilter, IndexDocument, Request, Schema, Snapshot, TextFieldSchema,
//! };
//!
//! let title = TextFieldSchema { weight: 1.0, is_heading: true };
//! let schema = Schema { dimension: 2, text_fields: vec![title], ..Schema::default() };
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
//!     filter: &DocumentFilter::default(),
//!     depth: 10,
//!     threshold: None,
//! };
//! let found = snapshot.search(&request)?;
//! assert_eq!((&*found[0].key, found[0].cosine), ("lamp", Some(0.6)));
//! # Ok::<(), flat_index::IndexFileError>(())
//! ```

mod base;
mod best;
mod builder;
mod document;
mod document_set;
mod error;
mod filter;
mod first_rows;
mod layer;
mod layout;
mod matching;
mod nearest;
mod output;
mod phrase;
mod quantized;
mod rows;
mod scratch;
mod search;
mod segment;
mod simd;
mod snapshot;
mod structure;
mod tags;
mod term_rule;

pub use base::{Base, BaseBuilder};
pub use document::{IndexDocument, Schema, Stamp, TextFieldSchema};
pub use document_set::{DocumentOrder, DocumentSet};
pub use error::IndexFileError;
pub use filter::DocumentFilter;
pub use instruction_set::InstructionSet;
pub use phrase::PhraseFilter;
pub use search::{FoundDocument, Request};
pub use snapshot::{DocumentChange, Snapshot};
pub use tags::Tag;
pub use term_rule::{RuleTerm, TermRule};
