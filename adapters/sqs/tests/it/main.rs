//! The adapter against emulated SQS: ministack and moto.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod clock;
mod contract;
mod emulator;
mod messages;
