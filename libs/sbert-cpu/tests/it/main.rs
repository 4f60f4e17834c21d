//! Tests encoders of every architecture, precision and instruction set.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod damage;
mod encoder;
mod models;
