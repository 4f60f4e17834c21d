//! From settings to use cases: the part of a deployment that every `main` shares.
//!
//! [`parse`] reads a command line and the environment and reports all bad settings at once.
//! [`EngineSettings::builder`] and [`CatalogueSettings::builder`] open the adapters that a role
//! needs, and only those. `examples/minimal_deployment.rs` is a complete deployment in ten lines.

mod aws;
mod backends;
mod backups;
mod builder;
mod clock;
mod cpu;
mod credentials;
mod cryptography;
mod embedders;
mod engine;
mod error;
mod feeds;
mod ignored;
mod ingestion;
mod logging;
mod names;
mod object_feeds;
mod printable;
mod relevance;
mod relevance_file;
mod secrets;
mod served_model;
mod settings;
mod unused;

pub use backends::CatalogueSettings;
pub use backups::{BackupPlace, OpenedBackup};
pub use builder::{Builder, Composition, EngineSettings};
pub use clock::now;
pub use cpu::CpuSettings;
pub use embedders::EmbedderSettings;
pub use engine::Engine;
pub use error::CompositionError;
pub use feeds::FeedPlaces;
pub use ignored::warn_of_ignored_variables;
pub use ingestion::{IngestSettings, time};
pub use logging::LogSettings;
pub use names::{EmbedderName, EngineName, IndexName, QueueName, StoreName};
pub use object_feeds::{ObjectFeeds, OpenedObjectFeeds};
pub use printable::{printable, printable_line};
pub use relevance::{RelevanceFile, RelevanceSettings};
pub use secrets::{NoSecrets, SecretSource};
pub use served_model::{LocalModel, ServedModelSettings};
pub use settings::{BadSettings, Refusal, parse, parse_by, parse_environment, seconds};
