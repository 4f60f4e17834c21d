//! What the use cases ask of the outside world.
//!
//! Every port takes a batch. An answer about many products is keyed by product, never by
//! position, so no adapter can shift one product's answer onto another.
//!
//! An adapter maps the errors of its technology to [`PortError`] in one place. Callers read the
//! kind, operators the report:
//!
//! ```
//! use akin_ports::{ErrorKind, PortError};
//!
//! let error = PortError::new("postgres", ErrorKind::Unavailable, "connection refused");
//! assert!(error.is_retryable());
//! assert_eq!(error.report(), "postgres is unavailable: connection refused");
//! ```

mod dead_letters;
mod embedder;
mod error;
mod feed;
mod feed_record;
mod feed_row;
mod index;
mod queue;
mod runs;
mod store;

pub use dead_letters::{DeadLetter, DeadLetterCursor, DeadLetterPage, DeadLetters};
pub use embedder::{EmbeddedBatch, Embedder};
pub use error::{ErrorKind, PortError};
pub use feed::{ColumnFilter, FeedProgress, FeedSource, FeedToken, OpenedFeed, ProductFeed};
pub use feed_record::{
    FeedBatch, FeedLayout, FeedRecord, FeedValue, UnreadableRecord, UnreadableValue,
};
pub use feed_row::{FeedItem, FeedRow, RefusedRow};
pub use index::{
    Candidate, CandidateQuery, EntryEmbedding, IndexEntry, Indexed, ProductIndex, QueryVector,
    ensure_same_model,
};
pub use queue::{
    ChangeQueue, Delivery, ISOLATE_AFTER, MAX_ATTEMPTS, QueueCapabilities, QueueCounts,
    RELEASE_DELAY, Receipt, UNSETTLED, retry_delay,
};
pub use runs::{MAX_RUNS, Run, RunCounts, RunEnd, RunLog, RunOutcome};
pub use store::{Applied, OutboxEntry, ProductStore, QuarantinedRow, StoreCounts};

use akin_entities::ProductId;
use std::collections::HashMap;

/// What a port answers.
pub type PortResult<T> = Result<T, PortError>;

/// The products of a batch that were not done, and why; all others were.
pub type Failures = HashMap<ProductId, PortError>;
