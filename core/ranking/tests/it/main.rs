//! Tests of the analyzer and of the ranking formula.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod alternatives;
mod analysis;
mod laws;
mod vectors;
mod words;
