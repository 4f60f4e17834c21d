//! Feeds in S3.
