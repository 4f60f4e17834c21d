//! The HTTP API, from outside.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bounds;
mod budget;
mod compatible;
mod connections;
mod engines;
mod log;
mod metrics;
mod openapi;
mod origins;
mod page;
mod products;
mod properties;
mod search;
mod socket;
mod status;
mod suggest;
mod support;
