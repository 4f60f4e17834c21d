//! The embedding server.
