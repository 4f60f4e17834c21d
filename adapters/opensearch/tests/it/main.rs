//! The index on a real server, and on test servers that misbehave.

#![expect(clippy::unwrap_used, reason = "a test panics where something fails")]
#![expect(clippy::print_stdout, reason = "figures are shown with --nocapture")]
#![expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]

mod changes;
mod contract;
mod large;
mod outage;
mod refusals;
mod rotation;
mod secure;
mod server;
mod signature;
mod support;
mod upgrade;
