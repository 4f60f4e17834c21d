//! The guarantees of the composition to every deployment.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod example;
mod roles;
mod secrets;
mod support;
