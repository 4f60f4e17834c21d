//! The subcommands, one file each: arguments, one use case, one answer.

pub(crate) mod backup;
pub(crate) mod copy;
pub(crate) mod doctor;
pub(crate) mod evaluate;
pub(crate) mod export;
pub(crate) mod health;
pub(crate) mod indexes;
pub(crate) mod ingest;
pub(crate) mod migrate;
pub(crate) mod model;
pub(crate) mod quarantine;
pub(crate) mod queue;
pub(crate) mod relevance;
pub(crate) mod restore;
pub(crate) mod search;
pub(crate) mod serve;
pub(crate) mod serve_embeddings;
pub(crate) mod similar;
pub(crate) mod status;
pub(crate) mod suggest;
pub(crate) mod worker;
