use crate::{FeedOptions, Format, TextEncoding, UnpackLimits, size};
use feed_formats::limits;

/// The format of feeds, and the limits of what they unpack to.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Every adapter has `Settings`; clap refuses two groups of one name.
pub struct Settings {
    /// The format of the feeds: csv (or tsv), jsonl, xml, parquet; detected from the content by
    /// default.
    #[arg(long = "format", env = "AKIN_FEED_FORMAT", value_name = "FORMAT")]
    pub feed_format: Option<Format>,

    /// The encoding of the feeds' texts, such as windows-1252 or big5; detected from the content by
    /// default.
    #[arg(long = "encoding", env = "AKIN_FEED_ENCODING", value_name = "NAME")]
    pub feed_encoding: Option<TextEncoding>,

    /// Abort if a compressed feed, or Parquet, unpacks to more than this many times its size. The
    /// first 64 MiB are free.
    #[arg(
        long,
        env = "AKIN_MAX_UNPACKED_RATIO",
        default_value_t = limits::UNPACKED_RATIO,
        value_name = "N",
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub max_unpacked_ratio: u64,

    /// Abort if a compressed feed, or Parquet, unpacks to more than this: bytes, or such as 64GiB.
    #[arg(
        long,
        env = "AKIN_MAX_UNPACKED_BYTES",
        default_value = "64GiB",
        value_name = "SIZE",
        value_parser = size::parse
    )]
    pub max_unpacked_bytes: u64,
}

impl Settings {
    /// Returns how the feeds are read.
    pub fn options(&self) -> FeedOptions {
        let unpack_limits =
            UnpackLimits { max_ratio: self.max_unpacked_ratio, max_bytes: self.max_unpacked_bytes };
        FeedOptions { format: self.feed_format, encoding: self.feed_encoding, unpack_limits }
    }
}
