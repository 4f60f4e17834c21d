//! Feeds in files and in S3.

use crate::{BadSettings, CompositionError, aws};
use akin_ports::FeedSource;
use akin_s3::{Bucket, S3Location};
use std::sync::Arc;

/// The settings of feeds in files and in S3.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
pub struct FeedPlaces {
    /// The feeds, and how they are read.
    #[command(flatten)]
    pub files: akin_files::Settings,

    /// How S3 is addressed.
    #[command(flatten)]
    pub s3: akin_s3::Settings,
}

/// A feed, or objects of which nothing is known yet.
enum Place {
    Feed(Arc<dyn FeedSource>),
    Objects(S3Location),
}

impl FeedPlaces {
    /// Returns the feeds in the order of the settings. All settings that name no feed are reported at
    /// once, together with `problems` that the caller found.
    pub async fn sources(
        &self,
        aws: &aws_client::Settings,
        problems: Vec<String>,
    ) -> Result<Vec<Arc<dyn FeedSource>>, CompositionError> {
        let places = self.places(problems)?;
        let mut bucket = None;
        let mut feeds = Vec::new();
        for place in places {
            match place {
                Place::Feed(feed) => feeds.push(feed),
                Place::Objects(location) => {
                    let bucket = match &mut bucket {
                        Some(bucket) => bucket,
                        none => none.insert(Bucket::new(&aws::config(aws).await?, aws, &self.s3)),
                    };
                    let found = bucket.find(&location, self.files.options()).await?;
                    feeds.extend(
                        found.into_iter().map(|feed| -> Arc<dyn FeedSource> { Arc::new(feed) }),
                    );
                }
            }
        }
        Ok(feeds)
    }

    fn places(&self, mut problems: Vec<String>) -> Result<Vec<Place>, BadSettings> {
        let mut places = Vec::new();
        let mut names = Vec::new();
        for path in &self.files.feeds {
            if let Some(text) = path.to_str().filter(|text| S3Location::is_meant_by(text)) {
                match text.parse() {
                    Ok(location) => places.push(Place::Objects(location)),
                    Err(error) => problems.push(format!("{error}")),
                }
                continue;
            }
            match self.files.sources_at(path) {
                Ok(found) => {
                    names.extend(found.iter().map(|feed| feed.name().to_owned()));
                    places.extend(found.into_iter().map(|feed| Place::Feed(Arc::new(feed))));
                }
                Err(error) => problems.push(error.to_string()),
            }
        }
        problems.extend(self.files.problem_of_name(names.iter().map(String::as_str)));
        BadSettings::refuse(problems)?;
        Ok(places)
    }
}
