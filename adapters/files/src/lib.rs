//! Feeds in files: paths, patterns of paths, and the standard input, in any format of
//! [`feed_formats`](akin_feed_records); and backups in folders.

mod backup_folder;
mod error;
mod feed_file;
mod paths;
mod settings;
mod spool;
mod token;
mod unchanged_file;

pub use akin_feed_records::{FeedOptions, Format, InputFeed, UnknownFormat, UnpackLimits};
pub use backup_folder::BackupFolder;
pub use feed_file::FeedFile;
pub use paths::{NoFeed, find_feeds};
pub use settings::Settings;
