//! Embedded search files: vectors, words and columns, searched as immutable snapshots.
//!
//! A [`Base`] is built into a checksummed file; a [`Snapshot`] lays a delta of later changes over it.
//! Impacts use the average lengths of the base, frozen until the next build, so that a change
//! re-scores nothing; a snapshot without a base uses the averages of its own delta.

mod document;
mod error;
mod file;
mod filter;
mod segment;
mod snapshot;

pub use document::{Document, Schema};
pub use error::Error;
pub use file::{Base, build};
pub use filter::Filter;
pub use snapshot::{Candidate, Change, Request, Snapshot};
