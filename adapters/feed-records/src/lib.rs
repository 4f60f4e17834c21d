//! The records of [`feed_formats`] as feeds of the port: what every source of feeds shares.

mod error;
mod input_feed;
mod records;
mod settings;
mod size;

pub use error::ContentError;
pub use feed_formats::{Format, Input, TextEncoding, UnknownFormat, UnpackLimits};
pub use input_feed::{FeedOptions, InputFeed};
pub use settings::Settings;
