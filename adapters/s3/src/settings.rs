use crate::{InvalidLocation, S3Location};

/// How S3 is addressed.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)] // Without this, clap panics on the second `Settings` that a command flattens.
#[command(next_help_heading = "AWS")]
pub struct Settings {
    /// Name buckets in the paths of URLs instead of host names, as other servers than AWS's require.
    #[arg(id = "s3-path-style", long, env = "AWS_S3_PATH_STYLE")]
    pub path_style: bool,
}

/// The feed of a run that no event of S3 began.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)] // Without this, clap panics on the second `Settings` that a command flattens.
#[command(next_help_heading = "AWS")]
pub struct ScheduledFeed {
    /// The bucket of the feed.
    #[arg(id = "s3-bucket", long, env = "AWS_S3_SAMPLE_DATA_BUCKET_NAME", value_name = "NAME")]
    pub bucket: Option<String>,

    /// The key of the feed. It may contain one `*`.
    #[arg(
        id = "s3-key",
        long,
        env = "AWS_S3_SAMPLE_DATA_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub key: Option<String>,
}

impl ScheduledFeed {
    /// Returns the location of the feed, or the problems of the settings.
    pub fn location(&self) -> Result<S3Location, Vec<String>> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let missing = |name: &str| format!("{name} is not set");
        match (given(&self.bucket), given(&self.key)) {
            (Some(bucket), Some(key)) => S3Location::new(&bucket, &key).map_err(|error| {
                let error: InvalidLocation = error;
                vec![format!("AWS_S3_SAMPLE_DATA_BUCKET_NAME and AWS_S3_SAMPLE_DATA_KEY: {error}")]
            }),
            (bucket, key) => {
                let bucket = bucket.is_none().then(|| missing("AWS_S3_SAMPLE_DATA_BUCKET_NAME"));
                let key = key.is_none().then(|| missing("AWS_S3_SAMPLE_DATA_KEY"));
                Err(bucket.into_iter().chain(key).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_feed_of_a_schedule_needs_both_settings() {
        let feed = |bucket: &str, key: &str| {
            let (bucket, key) = (Some(bucket.to_owned()), Some(key.to_owned()));
            ScheduledFeed { bucket, key }.location()
        };
        assert_eq!(feed("shop", "a.csv").unwrap().to_string(), "s3://shop/a.csv");
        assert_eq!(feed("", "").unwrap_err().len(), 2);
        assert!(feed("shop", "").unwrap_err()[0].contains("AWS_S3_SAMPLE_DATA_KEY"));
        assert!(feed("a/b", "c").unwrap_err()[0].contains("a/b"));
    }
}
