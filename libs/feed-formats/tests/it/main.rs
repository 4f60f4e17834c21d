//! Records of files in every format.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batches;
mod dialects;
mod formats;
mod parquet;
mod parquet_claims;
mod properties;
mod support;
mod unpacking;
