//! The `akin` command, as a process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod aws;
mod backup;
mod damage;
mod doctor;
mod embeddings;
mod engines;
mod equal_answers;
mod evaluate;
mod export;
mod faults;
mod functions;
mod help;
mod indexes;
mod ingest;
mod interruption;
mod model;
mod model_damage;
mod model_export;
mod model_get;
mod model_install;
mod opensearch;
mod postgres;
mod quarantine;
mod refused_feeds;
mod runs;
mod search;
mod server;
mod settings;
mod support;
mod terminal;
mod worker;
