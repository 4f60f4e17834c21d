//! Feeds as shops write them, read as rows.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod columns;
mod contract;
mod csv;
mod json;
mod profiles;
mod reading;
mod support;
mod xml;
