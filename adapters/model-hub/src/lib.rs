//! Downloads Sentence-Transformers models from a hub and verifies every file.
//!
//! [`ModelHub::download`] writes a model's folder. It uses the addresses of the public hub's own
//! clients, so that mirrors of the hub work too.
//!
//! ```
//! use akin_model_hub::ModelName;
//!
//! let name: ModelName = "all-MiniLM-L6-v2".parse()?;
//! assert_eq!(name.to_string(), "sentence-transformers/all-MiniLM-L6-v2");
//! # Ok::<(), akin_model_hub::HubError>(())
//! ```

mod download;
mod error;
mod hub;
mod listing;
mod settings;

pub use download::{DownloadProgress, Downloaded};
pub use error::HubError;
pub use hub::ModelHub;
pub use listing::ModelName;
pub use settings::Settings;
