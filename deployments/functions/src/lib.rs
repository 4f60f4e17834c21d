//! The functions of AWS Lambda, from their settings to their last event: each `main` calls one of these.
//!
//! A function has no command line: its settings are environment variables, the same ones that `akin` reads.
//! All that are missing or wrong are reported at once, before anything is opened.

mod package;
mod parts;
mod query;
mod start;

pub use query::query;
