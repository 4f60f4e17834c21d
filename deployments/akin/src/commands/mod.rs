//! The subcommands, one file each: arguments, one use case, one answer.

pub(crate) mod evaluate;
pub(crate) mod export;
pub(crate) mod ingest;
pub(crate) mod model;
pub(crate) mod quarantine;
pub(crate) mod search;
pub(crate) mod serve;
pub(crate) mod similar;
pub(crate) mod status;
