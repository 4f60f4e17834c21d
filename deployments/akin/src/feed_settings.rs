//! The feeds of a command, and how they are read.

use akin_composition::{BadSettings, CatalogueSettings, CompositionError, FeedPlaces};
use akin_ports::FeedSource;
use std::sync::Arc;

/// The feeds of a command.
#[derive(Debug, clap::Args)]
pub(crate) struct FeedSettings {
    #[command(flatten)]
    places: FeedPlaces,
}

impl FeedSettings {
    /// Refuses standard input where feeds are read more than once.
    pub(crate) fn refuse_standard_input(&self, setting: &str) -> Result<(), BadSettings> {
        let is_read_once = self.places.files.has_standard_input();
        let problem =
            format!("{setting} cannot read standard input again: name files instead of `-`");
        BadSettings::refuse(if is_read_once { vec![problem] } else { Vec::new() })
    }

    /// Returns the names of the feeds as they are set, whether or not they exist.
    pub(crate) fn names(&self) -> Vec<String> {
        self.places.files.feeds.iter().map(|feed| feed.display().to_string()).collect()
    }

    /// Returns the named feeds. All paths without a feed are refused at once, with the `other` problems.
    pub(crate) async fn sources(
        &self,
        catalogue: &CatalogueSettings,
        other: impl Iterator<Item = String>,
    ) -> Result<Vec<Arc<dyn FeedSource>>, CompositionError> {
        self.places.sources(&catalogue.aws, other.collect()).await
    }
}
