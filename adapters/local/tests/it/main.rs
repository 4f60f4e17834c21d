//! The embedded engine.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod archive;
mod contract;
mod damage;
mod index;
mod permissions;
mod processes;
mod queue;
mod restored;
mod store;
mod store_model;
mod support;
mod upgrade;
mod visibility;
