//! The adapter against emulated S3: ministack and moto.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod cutter;
mod emulator;
mod feeds;
