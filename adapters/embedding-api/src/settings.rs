use loopback::is_loopback;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use std::num::NonZeroUsize;
use std::time::Duration;

/// The settings of an embedder behind an HTTP API.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Every adapter has its settings; without this clap panics on the second.
#[command(next_help_heading = "Embedding API")]
pub struct Settings {
    /// The address of an engine `+http`: of the route, such as `https://api.openai.com/v1/embeddings`
    /// or `http://127.0.0.1:8080/embed`, or of the server.
    // It is never printed, because people put keys into addresses.
    #[arg(
        long = "embeddings-url",
        env = "AKIN_EMBEDDINGS_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub embeddings_url: Option<SecretString>,

    /// The format of the API [default: `openai`; `tei` if the path of the address ends in /embed].
    #[arg(long = "embeddings-format", env = "AKIN_EMBEDDINGS_FORMAT", value_name = "FORMAT")]
    pub embeddings_format: Option<ApiFormat>,

    /// The key of the API. It is only sent over HTTPS, or within this machine.
    #[arg(
        long = "embeddings-api-key",
        env = "AKIN_EMBEDDINGS_API_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub embeddings_api_key: Option<SecretString>,

    /// The name of the model, if the server does not name its model itself.
    #[arg(long = "embeddings-model", env = "AKIN_EMBEDDINGS_MODEL", value_name = "NAME")]
    pub embeddings_model: Option<String>,

    /// The dimension to request, from a model that offers several.
    #[arg(long = "embeddings-dimension", env = "AKIN_EMBEDDINGS_DIMENSION", value_name = "N")]
    pub embeddings_dimension: Option<NonZeroUsize>,

    /// The number of tokens that the model reads of a text [default: as the server says, else 512].
    #[arg(long = "embeddings-max-tokens", env = "AKIN_EMBEDDINGS_MAX_TOKENS", value_name = "N")]
    pub embeddings_max_tokens: Option<NonZeroUsize>,

    /// The maximum number of texts per request.
    #[arg(
        long = "embeddings-batch-size",
        env = "AKIN_EMBEDDINGS_BATCH_SIZE",
        value_name = "N",
        default_value = "32"
    )]
    pub embeddings_batch_size: NonZeroUsize,

    /// The maximum number of bytes of text per request.
    #[arg(
        long = "embeddings-batch-bytes",
        env = "AKIN_EMBEDDINGS_BATCH_BYTES",
        value_name = "N",
        default_value = "262144"
    )]
    pub embeddings_batch_bytes: NonZeroUsize,

    /// The maximum number of seconds per request.
    #[arg(long = "embeddings-timeout", env = "AKIN_EMBEDDINGS_TIMEOUT", value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub embeddings_timeout: Duration,

    /// How many seconds a batch is sent again while the server is busy or unreachable; a single text at most
    /// two seconds, since a shopper may wait.
    #[arg(long = "embeddings-retry-timeout", env = "AKIN_EMBEDDINGS_RETRY_TIMEOUT", value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub embeddings_retry_timeout: Duration,
}

/// The format of an embedding API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ApiFormat {
    /// That of `OpenAI`'s `/v1/embeddings`.
    #[value(name = "openai")]
    OpenAi,
    /// That of `/embed` of text-embeddings-inference.
    Tei,
}

/// The validated address of an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) url: Url,
    pub(crate) format: ApiFormat,
}

impl ApiFormat {
    /// Returns the name in settings.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Tei => "tei",
        }
    }
}

impl Settings {
    /// Returns all missing or invalid settings, each by its environment variable.
    pub fn problems(&self) -> Vec<String> {
        let address = self.address();
        let is_exposed = address.as_ref().is_ok_and(|address| is_exposed(&address.url));
        let mut problems: Vec<String> = address.err().into_iter().collect();
        match self.key() {
            Some(_) if is_exposed => problems.push(EXPOSED.to_owned()),
            Some(key) if !key.expose_secret().bytes().all(|byte| byte.is_ascii_graphic()) => {
                problems.push(
                    "AKIN_EMBEDDINGS_API_KEY contains spaces or characters that a header cannot hold"
                        .to_owned(),
                );
            }
            _ => {}
        }
        problems
    }

    /// Returns the key, unless it is empty.
    pub(crate) fn key(&self) -> Option<&SecretString> {
        self.embeddings_api_key.as_ref().filter(|key| !key.expose_secret().is_empty())
    }

    /// Returns the address of the route, and its format.
    pub(crate) fn address(&self) -> Result<Address, String> {
        let text = self.embeddings_url.as_ref().map(ExposeSecret::expose_secret);
        let text = text.filter(|text| !text.is_empty()).ok_or(
            "AKIN_EMBEDDINGS_URL is not set: it is the address of the embedding API, such as \
             https://api.openai.com/v1/embeddings",
        )?;
        let mut url = Url::parse(text)
            .map_err(|error| format!("AKIN_EMBEDDINGS_URL is not a URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err("AKIN_EMBEDDINGS_URL does not begin with https:// or http://".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("AKIN_EMBEDDINGS_URL contains a user: set AKIN_EMBEDDINGS_API_KEY instead"
                .to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("AKIN_EMBEDDINGS_URL contains a query or a fragment: end it before ? or #"
                .to_owned());
        }
        let path = url.path().trim_end_matches('/').to_owned();
        let is_tei = path.ends_with("/embed");
        let default = if is_tei { ApiFormat::Tei } else { ApiFormat::OpenAi };
        let format = self.embeddings_format.unwrap_or(default);
        match (format, &*path) {
            (ApiFormat::OpenAi, "") => url.set_path("/v1/embeddings"),
            (ApiFormat::OpenAi, path) if path.ends_with("/v1") => {
                url.set_path(&format!("{path}/embeddings"));
            }
            (ApiFormat::Tei, "") => url.set_path("/embed"),
            _ => {}
        }
        Ok(Address { url, format })
    }
}

/// The problem of a key that anybody on the network could read.
const EXPOSED: &str = "AKIN_EMBEDDINGS_URL is a plain http:// address, which would expose the key of \
                       AKIN_EMBEDDINGS_API_KEY: use https://";

fn is_exposed(url: &Url) -> bool {
    url.scheme() == "http" && !is_local(url)
}

/// Returns whether requests to `url` stay on this machine.
pub(crate) fn is_local(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback)
}

/// Parses a number of seconds, such as `10` or `0.5`.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    let duration = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if duration.is_zero() { Err("must be more than 0".to_owned()) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        settings: Settings,
    }

    fn settings(arguments: &[&str]) -> Settings {
        Command::parse_from([&["akin"], arguments].concat()).settings
    }

    #[test]
    fn the_format_and_the_route_are_those_of_the_address() {
        for (url, route, format) in [
            ("https://api.openai.com/v1/embeddings", "/v1/embeddings", ApiFormat::OpenAi),
            ("https://api.openai.com/v1", "/v1/embeddings", ApiFormat::OpenAi),
            ("http://127.0.0.1:8080", "/v1/embeddings", ApiFormat::OpenAi),
            ("http://127.0.0.1:8080/embed", "/embed", ApiFormat::Tei),
            ("http://gateway/models/7/embed", "/models/7/embed", ApiFormat::Tei),
            ("http://gateway/llm/v1/", "/llm/v1/embeddings", ApiFormat::OpenAi),
            ("http://gateway/custom", "/custom", ApiFormat::OpenAi),
        ] {
            let address = settings(&["--embeddings-url", url]).address().unwrap();
            assert_eq!((address.url.path(), address.format), (route, format), "{url}");
        }
        let tei = ["--embeddings-url", "http://tei:80", "--embeddings-format", "tei"];
        assert_eq!(settings(&tei).address().unwrap().url.path(), "/embed");
    }

    #[test]
    fn a_bad_address_is_named_by_its_setting_and_not_quoted() {
        for (url, part) in [
            ("", "is not set"),
            ("hunter2", "is not a URL"),
            ("ftp://hunter2/x", "does not begin with https://"),
            ("https://me:hunter2@host/v1", "contains a user"),
            ("https://host/v1?key=hunter2", "contains a query"),
        ] {
            let problems = settings(&["--embeddings-url", url]).problems().join("\n");
            assert!(
                problems.contains("AKIN_EMBEDDINGS_URL") && problems.contains(part),
                "{problems}"
            );
            assert!(!problems.contains("hunter2"), "{problems}");
        }
    }

    #[test]
    fn a_key_is_refused_where_it_would_be_exposed() {
        let problems = |url: &str| {
            let arguments = ["--embeddings-url", url, "--embeddings-api-key", "hunter2"];
            settings(&arguments).problems()
        };
        let exposed = problems("http://embeddings.example/v1").join("\n");
        assert!(exposed.contains("AKIN_EMBEDDINGS_API_KEY") && !exposed.contains("hunter2"));
        for url in ["https://embeddings.example/v1", "http://127.0.0.1:1", "http://[::1]:1/embed"] {
            assert!(problems(url).is_empty(), "{url}");
        }
        let arguments = ["--embeddings-url", "https://host", "--embeddings-api-key", "hunter 2"];
        assert_eq!(settings(&arguments).problems().len(), 1);
    }
}
