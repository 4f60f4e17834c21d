//! Downloads Sentence-Transformers models from a hub and verifies every file.
//!
//! [`ModelHub::download`] writes a model's folder. It uses the addresses of the public hub's own
//! clients, so that mirrors of the hub work too.

mod download;
mod error;
mod hub;
mod listing;
mod settings;

pub use download::{Downloaded, Progress};
pub use error::HubError;
pub use hub::ModelHub;
pub use listing::ModelName;
pub use settings::Settings;
