use crate::S3Location;
use crate::download::{Object, download};
use crate::error::port_error;
use akin_feed_records::{FeedOptions, Input, InputFeed};
use akin_ports::{
    ColumnFilter, ErrorKind, FeedSource, FeedToken, OpenedFeed, PortError, PortResult,
};
use async_trait::async_trait;
use aws_client::Failure;
use aws_sdk_s3::Client;

/// A feed in an object. Its token is the object's `ETag`.
#[derive(Debug)]
pub struct S3Feed {
    client: Client,
    location: S3Location,
    name: String,
    options: FeedOptions,
    attempts: u32,
}

impl S3Feed {
    pub(crate) fn new(
        client: Client,
        location: S3Location,
        options: FeedOptions,
        attempts: u32,
    ) -> Self {
        let name = location.to_string();
        Self { client, location, name, options, attempts }
    }
}

#[async_trait]
impl FeedSource for S3Feed {
    fn name(&self) -> &str {
        &self.name
    }

    async fn open(
        &self,
        columns: &ColumnFilter,
        known: Option<&FeedToken>,
    ) -> PortResult<OpenedFeed> {
        let (bucket, key) = (self.location.bucket(), self.location.key());
        let head = self.client.head_object().bucket(bucket).key(key).send().await;
        let head = head.map_err(|error| port_error(&self.location, &Failure::of(&error)))?;
        let length = head.content_length.and_then(|length| u64::try_from(length).ok());
        let (Some(etag), Some(length)) = (head.e_tag, length) else {
            let what = format!("{}: the answer lacks ETag or Content-Length", self.location);
            return Err(PortError::new("s3", ErrorKind::Corrupt, what));
        };
        let token = FeedToken(etag.clone());
        if known == Some(&token) {
            return Ok(OpenedFeed::Unchanged);
        }
        let (client, location) = (self.client.clone(), self.location.clone());
        let bytes = download(Object { client, location, etag, length, attempts: self.attempts });
        let feed = InputFeed::start(&*self.name, Input::stream(bytes), self.options, columns)?;
        Ok(OpenedFeed::Opened { feed: Box::new(feed), token: Some(token) })
    }
}
