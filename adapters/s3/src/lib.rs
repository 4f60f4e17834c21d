//! Feeds in Amazon S3, in any format of [`akin_feed_records`], and backups.
//!
//! A feed is streamed as it is read. A connection that breaks is replaced, and the feed goes on where it
//! broke off, as long as the object has the same `ETag`.

mod backup;
mod bucket;
mod download;
mod error;
mod feed;
mod location;
mod settings;

pub use backup::S3Backup;
pub use bucket::Bucket;
pub use feed::S3Feed;
pub use location::{InvalidLocation, S3Location};
pub use settings::{ScheduledFeed, Settings};
