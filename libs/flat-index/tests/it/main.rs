//! Search files, from outside.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod claims;
mod files;
mod search;
mod sets;
mod support;
