//! Feeds in S3 for a deployment without a command line: those of the settings, and those of events.

use crate::{CompositionError, aws};
use akin_feed_records::FeedOptions;
use akin_ports::FeedSource;
use akin_s3::{Bucket, S3Location};
use std::sync::Arc;

/// The settings of feeds in S3.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
pub struct ObjectFeeds {
    #[command(flatten)]
    content: akin_feed_records::Settings,

    #[command(flatten)]
    s3: akin_s3::Settings,

    #[command(flatten)]
    scheduled: akin_s3::ScheduledFeed,
}

/// Feeds in S3, which are opened one by one.
#[derive(Clone, Debug)]
pub struct OpenedObjectFeeds {
    bucket: Bucket,
    options: FeedOptions,
    scheduled: Result<S3Location, Vec<String>>,
}

impl ObjectFeeds {
    /// Returns why the feeds of a schedule cannot be read.
    pub fn problems(&self) -> Vec<String> {
        self.scheduled.location().err().unwrap_or_default()
    }

    /// Prepares to open feeds. Makes no call yet.
    pub async fn open(
        &self,
        aws: &aws_client::Settings,
    ) -> Result<OpenedObjectFeeds, CompositionError> {
        Ok(OpenedObjectFeeds {
            bucket: Bucket::new(&aws::config(aws).await?, aws, &self.s3),
            options: self.content.options(),
            scheduled: self.scheduled.location(),
        })
    }
}

impl OpenedObjectFeeds {
    /// Returns the feeds of the settings.
    pub async fn scheduled(&self) -> Result<Vec<Arc<dyn FeedSource>>, String> {
        let location = self.scheduled.as_ref().map_err(|problems| problems.join("; "))?;
        self.find(location).await
    }

    /// Returns the feed in the object `key` of `bucket`.
    pub async fn object(&self, bucket: &str, key: &str) -> Result<Arc<dyn FeedSource>, String> {
        let location = S3Location::new(bucket, key).map_err(|error| error.to_string())?;
        let found = self.find(&location).await?;
        found.into_iter().next().ok_or_else(|| format!("{location} is no object"))
    }

    async fn find(&self, location: &S3Location) -> Result<Vec<Arc<dyn FeedSource>>, String> {
        let found = self.bucket.find(location, self.options).await;
        let found = found.map_err(|error| error.report())?;
        Ok(found.into_iter().map(|feed| -> Arc<dyn FeedSource> { Arc::new(feed) }).collect())
    }
}
