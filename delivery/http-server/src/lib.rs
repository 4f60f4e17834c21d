//! Serves a router over HTTP/1.1: what the search API and the embedding server share.
//!
//! [`serve()`] bounds the number of connections, and the time that a client may take to send the head of
//! a request and to read a response. [`RequestIds`] gives each request an id and logs it.

mod connections;
mod head_splitter;
mod phase;
mod request_ids;
mod serve;
mod timed_stream;

pub use connections::ConnectionLimits;
pub use request_ids::{RequestIdService, RequestIds};
pub use serve::serve;
