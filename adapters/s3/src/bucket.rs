use crate::error::{misconfigured, port_error};
use crate::{S3Feed, S3Location, Settings};
use akin_feed_records::FeedOptions;
use akin_ports::PortResult;
use aws_client::{Failure, SdkConfig, TimeoutConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;

/// Finds feeds in buckets.
#[derive(Clone, Debug)]
pub struct Bucket {
    client: Client,
    /// The attempts of reading on without any progress.
    attempts: u32,
}

/// The maximum number of objects that a pattern may match.
const MAX_MATCHES: usize = 10_000;

/// Creates a client, with other timeouts than those of `config` if there are any.
pub(crate) fn client(
    config: &SdkConfig,
    settings: &Settings,
    timeouts: Option<TimeoutConfig>,
) -> Client {
    let mut builder = Builder::from(config);
    if settings.path_style {
        builder = builder.force_path_style(true);
    }
    if let Some(timeouts) = timeouts {
        builder = builder.timeout_config(timeouts);
    }
    Client::from_conf(builder.build())
}

impl Bucket {
    /// Creates the adapter. Makes no call yet.
    pub fn new(config: &SdkConfig, aws: &aws_client::Settings, settings: &Settings) -> Self {
        Self { client: client(config, settings, None), attempts: aws.max_attempts }
    }

    /// Returns the feed at `location`, whether or not it exists, or those that match its pattern, in the
    /// order of their keys; at least one.
    pub async fn find(
        &self,
        location: &S3Location,
        options: FeedOptions,
    ) -> PortResult<Vec<S3Feed>> {
        let Some((prefix, _)) = location.pattern() else {
            return Ok(vec![self.object(location.clone(), options)]);
        };
        let request = self.client.list_objects_v2().bucket(location.bucket()).prefix(prefix);
        let mut pages = request.into_paginator().send();
        let mut feeds = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| port_error(location, &Failure::of(&error)))?;
            let keys = page.contents().iter().filter_map(|object| object.key());
            for key in keys.filter(|key| location.matches(key)) {
                if let Ok(found) = S3Location::object(location.bucket(), key) {
                    feeds.push(self.object(found, options));
                }
            }
            if feeds.len() > MAX_MATCHES {
                return Err(misconfigured(format!(
                    "{location} matches more than {MAX_MATCHES} objects: name fewer"
                )));
            }
        }
        if feeds.is_empty() {
            return Err(misconfigured(format!("no object matches {location}: check the pattern")));
        }
        Ok(feeds)
    }

    /// Returns the feed in the one object at `location`, whether or not it exists.
    pub fn object(&self, location: S3Location, options: FeedOptions) -> S3Feed {
        S3Feed::new(self.client.clone(), location, options, self.attempts)
    }
}
