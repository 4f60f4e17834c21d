//! What the analyzer and the formula promise.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod analysis;
mod laws;
mod vectors;
