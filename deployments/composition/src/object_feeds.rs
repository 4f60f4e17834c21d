//! Feeds in S3 for a deployment without a command line: those of the settings, and those of events.

use crate::{CompositionError, aws};
use akin_feed_records::FeedOptions;
use akin_ports::{ErrorKind, FeedSource, PortError, PortResult};
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
    pub async fn scheduled(&self) -> PortResult<Vec<Arc<dyn FeedSource>>> {
        let location = self.scheduled.as_ref().map_err(|problems| wrong(problems.join("; ")))?;
        let found = self.bucket.find(location, self.options).await?;
        Ok(found.into_iter().map(|feed| -> Arc<dyn FeedSource> { Arc::new(feed) }).collect())
    }

    /// Returns the feed in the object `key` of `bucket`.
    pub fn object(&self, bucket: &str, key: &str) -> PortResult<Arc<dyn FeedSource>> {
        let location = S3Location::object(bucket, key).map_err(|error| wrong(error.to_string()))?;
        Ok(Arc::new(self.bucket.object(location, self.options)))
    }
}

fn wrong(what: String) -> PortError {
    PortError::new("feeds", ErrorKind::Misconfigured, what)
}
