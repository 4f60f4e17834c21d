//! The Postgres engine on a real server.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod adoption;
mod connection;
mod contract;
mod errors;
mod limits;
mod migrations;
mod recall;
mod rotation;
mod support;
mod tls;
mod work;
