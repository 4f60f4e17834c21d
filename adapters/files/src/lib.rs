//! Feeds in files: paths, patterns of paths, and the standard input, in any format of
//! [`feed_formats`].

mod error;
mod feed_file;
mod input_feed;
mod paths;
mod records;
mod settings;
mod size;
mod spool;
mod token;
mod unchanged_file;

pub use feed_file::FeedFile;
pub use feed_formats::{Format, UnknownFormat, UnpackLimits};
pub use input_feed::{FeedOptions, InputFeed};
pub use paths::{NoFeed, find_feeds};
pub use settings::Settings;
