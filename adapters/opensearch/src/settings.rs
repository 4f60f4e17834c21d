use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::region::Region;
use opensearch::auth::Credentials;
use opensearch::cert::Certificate;
use opensearch::http::Url;
use std::convert::Infallible;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// Where `OpenSearch` is, and how to speak with it.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Every adapter has its settings; without this clap panics on the second.
#[command(next_help_heading = "OpenSearch")]
pub struct Settings {
    /// Where OpenSearch answers: `https://HOST[:PORT]`.
    #[arg(id = "opensearch-endpoint", long, env = "OPENSEARCH_ENDPOINT", value_name = "URL")]
    pub endpoint: Option<String>,

    /// The alias under which the products are found.
    #[arg(
        id = "opensearch-index-name",
        long,
        env = "OPENSEARCH_INDEX_NAME",
        value_name = "NAME",
        default_value = "akin-products"
    )]
    pub index_name: String,

    /// The user, where the server asks for one.
    #[arg(id = "opensearch-username", long, env = "OPENSEARCH_USERNAME", value_name = "NAME")]
    pub username: Option<String>,

    /// The user's password.
    #[arg(
        id = "opensearch-password",
        long,
        env = "OPENSEARCH_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    pub password: Option<Secret>,

    /// A file of certificates (PEM) that are trusted besides the usual ones.
    #[arg(id = "opensearch-ca-file", long, env = "OPENSEARCH_CA_FILE", value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// Sign requests for this AWS region, with the keys below.
    #[arg(
        id = "opensearch-aws-region",
        long,
        env = "OPENSEARCH_AWS_REGION",
        value_name = "REGION"
    )]
    pub aws_region: Option<String>,

    /// The AWS service that is signed for: `es`, or `aoss` for OpenSearch Serverless.
    #[arg(
        id = "opensearch-aws-service",
        long,
        env = "OPENSEARCH_AWS_SERVICE",
        value_name = "SERVICE",
        default_value = "es"
    )]
    pub aws_service: String,

    /// The AWS key that signs.
    #[arg(
        id = "opensearch-aws-access-key-id",
        long,
        env = "AWS_ACCESS_KEY_ID",
        value_name = "KEY"
    )]
    pub aws_access_key_id: Option<String>,

    /// The secret of the AWS key.
    #[arg(
        id = "opensearch-aws-secret-access-key",
        long,
        env = "AWS_SECRET_ACCESS_KEY",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub aws_secret_access_key: Option<Secret>,

    /// The token of the AWS key, if it is a temporary one.
    #[arg(
        id = "opensearch-aws-session-token",
        long,
        env = "AWS_SESSION_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub aws_session_token: Option<Secret>,

    /// How many products are written at a time.
    #[arg(
        id = "opensearch-upsert-batch-size",
        long,
        env = "OPENSEARCH_UPSERT_BATCH_SIZE",
        value_name = "N",
        default_value = "500"
    )]
    pub upsert_batch_size: NonZeroUsize,

    /// How many seconds a request may take.
    #[arg(
        id = "opensearch-timeout",
        long,
        env = "OPENSEARCH_TIMEOUT",
        value_name = "SECONDS",
        default_value = "10",
        value_parser = seconds
    )]
    pub timeout: Duration,

    /// For how many seconds a write is tried again while the server asks for patience or cannot
    /// be reached.
    #[arg(
        id = "opensearch-patience",
        long,
        env = "OPENSEARCH_PATIENCE",
        value_name = "SECONDS",
        default_value = "60",
        value_parser = seconds
    )]
    pub patience: Duration,

    /// After how many seconds a server looks whether the catalogue has changed.
    #[arg(
        id = "opensearch-statistics-age",
        long,
        env = "OPENSEARCH_STATISTICS_AGE",
        value_name = "SECONDS",
        default_value = "10",
        value_parser = seconds
    )]
    pub statistics_age: Duration,
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// What a connection is made of.
pub(crate) struct Target {
    pub(crate) endpoint: Url,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) authority: Option<Certificate>,
}

impl Secret {
    /// The text.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Settings {
    /// What is missing or bad, each by its variable; empty: nothing.
    pub fn problems(&self) -> Vec<String> {
        self.target().err().unwrap_or_default()
    }

    pub(crate) fn target(&self) -> Result<Target, Vec<String>> {
        let index = check_name(&self.index_name);
        let parts = (self.url(), self.credentials(), self.authority(), index);
        match parts {
            (Ok(endpoint), Ok(credentials), Ok(authority), Ok(())) => {
                Ok(Target { endpoint, credentials, authority })
            }
            (endpoint, credentials, authority, index) => {
                let problems = [endpoint.err(), credentials.err(), authority.err(), index.err()];
                Err(problems.into_iter().flatten().collect())
            }
        }
    }

    fn url(&self) -> Result<Url, String> {
        let text = given(self.endpoint.as_deref()).ok_or(
            "OPENSEARCH_ENDPOINT is not set: it says where OpenSearch answers, such as \
             https://search.example:9200",
        )?;
        let url = Url::parse(text)
            .map_err(|error| format!("OPENSEARCH_ENDPOINT is no URL ({error}): {text:?}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(format!("OPENSEARCH_ENDPOINT is no http:// or https:// URL: {text:?}"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            // What stands there is not repeated: it may be a password.
            return Err("OPENSEARCH_ENDPOINT names a user: put the user and the password into \
                        OPENSEARCH_USERNAME and OPENSEARCH_PASSWORD"
                .to_owned());
        }
        Ok(url)
    }

    fn credentials(&self) -> Result<Option<Credentials>, String> {
        let password = self.password.as_ref().map(Secret::reveal);
        let user = (given(self.username.as_deref()), given(password));
        match (given(self.aws_region.as_deref()), user) {
            (None, (None, None)) => Ok(None),
            (None, (Some(name), Some(password))) => {
                Ok(Some(Credentials::Basic(name.to_owned(), password.to_owned())))
            }
            (None, _) => {
                Err("set both OPENSEARCH_USERNAME and OPENSEARCH_PASSWORD, or neither".to_owned())
            }
            (Some(region), (None, None)) => self.signing(region).map(Some),
            (Some(_), _) => Err("set either OPENSEARCH_AWS_REGION, which signs requests, or \
                                 OPENSEARCH_USERNAME and OPENSEARCH_PASSWORD"
                .to_owned()),
        }
    }

    fn signing(&self, region: &str) -> Result<Credentials, String> {
        let secret = self.aws_secret_access_key.as_ref().map(Secret::reveal);
        let keys = given(self.aws_access_key_id.as_deref()).zip(given(secret));
        let (id, secret) = keys.ok_or(
            "OPENSEARCH_AWS_REGION is set, so AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be",
        )?;
        let token = given(self.aws_session_token.as_ref().map(Secret::reveal));
        let token = token.map(str::to_owned);
        let keys = aws_credential_types::Credentials::new(id, secret, token, None, "settings");
        let region = Region::new(region.to_owned());
        Ok(Credentials::AwsSigV4(SharedCredentialsProvider::new(keys), region))
    }

    fn authority(&self) -> Result<Option<Certificate>, String> {
        let Some(file) = self.ca_file.as_deref().filter(|file| *file != Path::new("")) else {
            return Ok(None);
        };
        let bad = |what: String| format!("OPENSEARCH_CA_FILE: {}: {what}", file.display());
        let text = std::fs::read(file).map_err(|error| bad(error.to_string()))?;
        Certificate::from_pem(&text).map(Some).map_err(|error| bad(error.to_string()))
    }
}

/// An empty setting is none.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// The server's rules for names, and room for what is put behind it.
fn check_name(name: &str) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = (1..=200).contains(&name.len())
        && name.bytes().all(|byte| plain(byte) || matches!(byte, b'-' | b'_' | b'.'))
        && name.bytes().next().is_some_and(plain);
    let rule = "up to 200 small letters, digits, hyphens, points and underscores, a letter or \
                digit first";
    if fits { Ok(()) } else { Err(format!("OPENSEARCH_INDEX_NAME is not {rule}: {name:?}")) }
}

/// Reads a number of seconds, such as `10` or `0.5`.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    let duration = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if duration.is_zero() { Err("must be more than 0".to_owned()) } else { Ok(duration) }
}
