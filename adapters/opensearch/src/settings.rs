mod renewal;

pub use renewal::{Renewal, RenewedSettings};

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::region::Region;
use loopback::is_loopback;
use opensearch::auth::Credentials;
use opensearch::cert::Certificate;
use opensearch::http::Url;
use secrecy::{ExposeSecret, SecretString};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The connection to `OpenSearch`, and how it is used.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Without this, clap panics on the second `Settings` that a command flattens.
#[command(next_help_heading = "OpenSearch")]
pub struct Settings {
    /// The address of OpenSearch: `[https://]HOST[:PORT]`.
    // It is never printed, because people put passwords into addresses.
    #[arg(
        id = "opensearch-endpoint",
        long,
        env = "OPENSEARCH_ENDPOINT",
        value_name = "URL",
        hide_env_values = true
    )]
    pub endpoint: Option<SecretString>,

    /// The alias of the product index.
    #[arg(
        id = "opensearch-index-name",
        long,
        env = "OPENSEARCH_INDEX_NAME",
        value_name = "NAME",
        default_value = "akin-products"
    )]
    pub index_name: String,

    /// The user name, if the server requires one.
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
    pub password: Option<SecretString>,

    /// A PEM file of certificates to trust in addition to the system's.
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

    /// The AWS service to sign for: `es`, or `aoss` for OpenSearch Serverless.
    #[arg(
        id = "opensearch-aws-service",
        long,
        env = "OPENSEARCH_AWS_SERVICE",
        value_name = "SERVICE",
        default_value = "es"
    )]
    pub aws_service: String,

    /// The AWS access key ID to sign with.
    #[arg(
        id = "opensearch-aws-access-key-id",
        long,
        env = "AWS_ACCESS_KEY_ID",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub aws_access_key_id: Option<String>,

    /// The AWS secret access key.
    #[arg(
        id = "opensearch-aws-secret-access-key",
        long,
        env = "AWS_SECRET_ACCESS_KEY",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub aws_secret_access_key: Option<SecretString>,

    /// The AWS session token, for temporary keys.
    #[arg(
        id = "opensearch-aws-session-token",
        long,
        env = "AWS_SESSION_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub aws_session_token: Option<SecretString>,

    /// The maximum number of products per write request.
    #[arg(
        id = "opensearch-upsert-batch-size",
        long,
        env = "OPENSEARCH_UPSERT_BATCH_SIZE",
        value_name = "N",
        default_value = "500"
    )]
    pub upsert_batch_size: NonZeroUsize,

    /// The maximum number of seconds per request.
    #[arg(
        id = "opensearch-timeout",
        long,
        env = "OPENSEARCH_TIMEOUT",
        value_name = "SECONDS",
        default_value = "10",
        value_parser = seconds
    )]
    pub timeout: Duration,

    /// How many seconds a write is retried while the server is busy or unreachable.
    #[arg(
        id = "opensearch-retry-timeout",
        long,
        env = "OPENSEARCH_RETRY_TIMEOUT",
        value_name = "SECONDS",
        default_value = "60",
        value_parser = seconds
    )]
    pub retry_timeout: Duration,

    /// After how many seconds the statistics are checked for changes.
    #[arg(
        id = "opensearch-statistics-age",
        long,
        env = "OPENSEARCH_STATISTICS_AGE",
        value_name = "SECONDS",
        default_value = "10",
        value_parser = seconds
    )]
    pub statistics_age: Duration,

    /// Reads the settings again when the user or the password is rejected.
    #[arg(skip)]
    pub renewal: Option<Renewal>,
}

/// The validated parts of a connection.
pub(crate) struct ConnectionOptions {
    pub(crate) endpoint: Url,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) authority: Option<Certificate>,
}

impl Settings {
    /// Returns all missing or invalid settings, each by its environment variable.
    pub fn problems(&self) -> Vec<String> {
        self.connection_options().err().unwrap_or_default()
    }

    pub(crate) fn connection_options(&self) -> Result<ConnectionOptions, Vec<String>> {
        let index_name = check_name(&self.index_name);
        match (self.url(), self.credentials(), self.authority(), index_name) {
            (Ok(endpoint), Ok(credentials), Ok(authority), Ok(())) => {
                let is_exposed =
                    endpoint.scheme() == "http" && !endpoint.host_str().is_some_and(is_loopback);
                if is_exposed && credentials.is_some() {
                    return Err(vec![EXPOSED.to_owned()]);
                }
                Ok(ConnectionOptions { endpoint, credentials, authority })
            }
            (endpoint, credentials, authority, index_name) => {
                let problems =
                    [endpoint.err(), credentials.err(), authority.err(), index_name.err()];
                Err(problems.into_iter().flatten().collect())
            }
        }
    }

    fn url(&self) -> Result<Url, String> {
        let text = self.endpoint.as_ref().map(ExposeSecret::expose_secret);
        let text = given(text).ok_or(
            "OPENSEARCH_ENDPOINT is not set: it is the server's address, such as \
            https://search.example:9200",
        )?;
        // AWS names the endpoint of a domain by its host alone. A word without a dot may be a password.
        let is_host = !text.contains("://") && text.contains('.');
        let address = if is_host { &format!("https://{text}") } else { text };
        let url = Url::parse(address)
            .map_err(|error| format!("OPENSEARCH_ENDPOINT is not a URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err("OPENSEARCH_ENDPOINT does not begin with https:// or http://".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("OPENSEARCH_ENDPOINT contains a user: set OPENSEARCH_USERNAME and \
                        OPENSEARCH_PASSWORD instead"
                .to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("OPENSEARCH_ENDPOINT contains a query or a fragment: end it before ? or #"
                .to_owned());
        }
        Ok(url)
    }

    fn credentials(&self) -> Result<Option<Credentials>, String> {
        let password = self.password.as_ref().map(ExposeSecret::expose_secret);
        let user = (given(self.username.as_deref()), given(password));
        match (given(self.aws_region.as_deref()), user) {
            (None, (None, None)) => Ok(None),
            (None, (Some(name), Some(password))) => {
                Ok(Some(Credentials::Basic(name.to_owned(), password.to_owned())))
            }
            (None, _) => {
                Err("OPENSEARCH_USERNAME and OPENSEARCH_PASSWORD must both be set, or neither"
                    .to_owned())
            }
            (Some(region), (None, None)) => self.signing(region).map(Some),
            (Some(_), _) => Err("set either OPENSEARCH_AWS_REGION, which signs requests, or \
                                 OPENSEARCH_USERNAME and OPENSEARCH_PASSWORD"
                .to_owned()),
        }
    }

    fn signing(&self, region: &str) -> Result<Credentials, String> {
        let secret = self.aws_secret_access_key.as_ref().map(ExposeSecret::expose_secret);
        let keys = given(self.aws_access_key_id.as_deref()).zip(given(secret));
        let (id, secret) = keys
            .ok_or("OPENSEARCH_AWS_REGION requires AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")?;
        let token = given(self.aws_session_token.as_ref().map(ExposeSecret::expose_secret));
        let token = token.map(str::to_owned);
        let keys = aws_credential_types::Credentials::new(id, secret, token, None, "settings");
        let region = Region::new(region.to_owned());
        Ok(Credentials::AwsSigV4(SharedCredentialsProvider::new(keys), region))
    }

    fn authority(&self) -> Result<Option<Certificate>, String> {
        let Some(file) = self.ca_file.as_deref().filter(|file| *file != Path::new("")) else {
            return Ok(None);
        };
        let invalid = |what: String| format!("OPENSEARCH_CA_FILE: {}: {what}", file.display());
        let text = std::fs::read(file).map_err(|error| invalid(error.to_string()))?;
        Certificate::from_pem(&text).map(Some).map_err(|error| invalid(error.to_string()))
    }
}

/// The problem of credentials that anybody on the network could read.
const EXPOSED: &str = "OPENSEARCH_ENDPOINT is a plain http:// address, which would expose the password \
                       or the keys: use https:// (OPENSEARCH_CA_FILE trusts a certificate of your own)";

/// Treats an empty setting as unset.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// Checks the server's rules for names, leaving room for a suffix.
fn check_name(name: &str) -> Result<(), String> {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_valid = (1..=200).contains(&name.len())
        && name.bytes().all(|byte| alphanumeric(byte) || matches!(byte, b'-' | b'_' | b'.'))
        && name.bytes().next().is_some_and(alphanumeric);
    let rule = "1 to 200 lowercase letters, digits, hyphens, points and underscores, beginning with \
                a letter or digit";
    if is_valid { Ok(()) } else { Err(format!("OPENSEARCH_INDEX_NAME must be {rule}: {name:?}")) }
}

/// Parses a number of seconds, such as `10` or `0.5`.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    let duration = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if duration.is_zero() { Err("must be more than 0".to_owned()) } else { Ok(duration) }
}
