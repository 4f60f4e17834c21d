//! Secrets: credentials that a deployment keeps outside of its settings.

use crate::{BadSettings, CompositionError, aws};
use akin_ports::{ErrorKind, PortError, PortResult};
use akin_secrets::SecretsManager;
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Fetches secrets by name, for example from AWS Secrets Manager.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// Returns the secret, a JSON object, or `None` if this deployment has no store of secrets.
    async fn fetch(&self, name: &str) -> PortResult<Option<SecretString>>;

    /// Returns the secret as it is now, because a server rejected what [`SecretSource::fetch`] returned.
    async fn fetch_again(&self, name: &str) -> PortResult<Option<SecretString>> {
        self.fetch(name).await
    }
}

/// The secrets in AWS Secrets Manager. AWS's settings are read when the first secret is fetched.
#[derive(Debug)]
pub(crate) struct AwsSecrets {
    settings: aws_client::Settings,
    manager: OnceCell<SecretsManager>,
}

impl AwsSecrets {
    pub(crate) fn new(settings: aws_client::Settings) -> Self {
        Self { settings, manager: OnceCell::new() }
    }

    async fn manager(&self) -> PortResult<&SecretsManager> {
        let connect = async || Ok(SecretsManager::new(&aws::config(&self.settings).await?));
        self.manager.get_or_try_init(connect).await
    }
}

#[async_trait]
impl SecretSource for AwsSecrets {
    async fn fetch(&self, name: &str) -> PortResult<Option<SecretString>> {
        self.manager().await?.fetch(name).await.map(Some)
    }

    async fn fetch_again(&self, name: &str) -> PortResult<Option<SecretString>> {
        self.manager().await?.fetch_again(name).await.map(Some)
    }
}

/// The source of a deployment whose settings hold all credentials.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSecrets;

#[async_trait]
impl SecretSource for NoSecrets {
    async fn fetch(&self, _name: &str) -> PortResult<Option<SecretString>> {
        Ok(None)
    }
}

/// The names of the secrets that hold servers' credentials.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
pub(crate) struct SecretNames {
    /// The secret with the keys `host`, `port`, `username` and `password` of Postgres, and `readerHost` and
    /// `readerPort` of a replica for what only reads.
    #[arg(
        long = "postgres-secret",
        env = "POSTGRES_SECRETS_MANAGER_NAME",
        value_name = "NAME",
        hide = true
    )]
    pub(crate) postgres: Option<String>,

    /// The secret with the keys `endpoint`, `username` and `password` of OpenSearch.
    #[arg(
        long = "opensearch-secret",
        env = "OPENSEARCH_SECRETS_MANAGER_NAME",
        value_name = "NAME",
        hide = true
    )]
    pub(crate) opensearch: Option<String>,
}

impl SecretNames {
    /// Adds to a problem of Postgres' settings that the secret does not help, if there is one.
    pub(crate) fn of_postgres(&self, problem: String) -> String {
        let keys = [("POSTGRES_HOST", "host"), ("POSTGRES_USER", "username")];
        beside_secret(problem, self.postgres.as_deref(), &keys)
    }

    /// Adds to a problem of `OpenSearch`'s settings that the secret does not help, if there is one.
    pub(crate) fn of_opensearch(&self, problem: String) -> String {
        let keys = [
            ("OPENSEARCH_ENDPOINT", "endpoint"),
            ("OPENSEARCH_USERNAME", "username"),
            ("OPENSEARCH_PASSWORD", "password"),
        ];
        beside_secret(problem, self.opensearch.as_deref(), &keys)
    }
}

/// Adds to `problem`, if it is that a variable of `keys` is not set, that the secret lacks its key too.
fn beside_secret(problem: String, secret: Option<&str>, keys: &[(&str, &str)]) -> String {
    let is_missing = |variable: &str| problem.contains(variable) && problem.contains("is not set");
    let key = keys.iter().find(|(variable, _)| is_missing(variable));
    match (secret, key) {
        (Some(secret), Some((_, key))) => {
            format!("{problem}; nor has the secret {secret:?} the key {key:?}")
        }
        _ => problem,
    }
}

/// The secret of one server.
#[derive(Clone)]
pub(crate) struct ServerSecret {
    pub(crate) source: Arc<dyn SecretSource>,
    pub(crate) setting: &'static str,
    pub(crate) name: String,
}

/// The values of one secret.
pub(crate) struct SecretValues {
    setting: &'static str,
    name: String,
    values: Value,
}

impl ServerSecret {
    /// Fetches the values.
    pub(crate) async fn fetch(&self) -> Result<SecretValues, CompositionError> {
        let secret = self.source.fetch(&self.name).await?;
        Ok(self.parse(secret)?)
    }

    /// Fetches the values as they are now.
    pub(crate) async fn fetch_again(&self) -> PortResult<SecretValues> {
        let secret = self.source.fetch_again(&self.name).await?;
        self.parse(secret).map_err(unusable)
    }

    fn parse(&self, secret: Option<SecretString>) -> Result<SecretValues, BadSettings> {
        let Self { setting, name, .. } = self;
        let bad = |reason: &str| BadSettings(vec![format!("{setting} {name:?}: {reason}")]);
        let Some(text) = secret else {
            return Err(bad(
                "this deployment reads no secrets; set the server's own settings instead",
            ));
        };
        // The parser's message could quote the secret.
        match serde_json::from_str(text.expose_secret()) {
            Ok(values @ Value::Object(_)) => {
                Ok(SecretValues { setting, name: name.clone(), values })
            }
            _ => Err(bad("the secret is not a JSON object")),
        }
    }
}

/// Maps a secret that can no longer be used.
pub(crate) fn unusable(error: BadSettings) -> PortError {
    PortError::new("secrets", ErrorKind::Misconfigured, error)
}

impl SecretValues {
    /// Fills `setting` from the key, unless it has a value already.
    pub(crate) fn fill<T: From<String>>(&self, setting: &mut Option<T>, key: &str) {
        if setting.is_none() {
            *setting = self.text(key).map(T::from);
        }
    }

    /// Returns the key's text. A number counts as text: stores of secrets write ports either way.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        match self.values.get(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Returns the key's port number, if it has one.
    pub(crate) fn port(&self, key: &str) -> Result<Option<u16>, BadSettings> {
        let bad = |_| {
            // Without quoting it.
            let Self { setting, name, .. } = self;
            BadSettings(vec![format!("{setting} {name:?}: {key} is not a port number")])
        };
        self.text(key).map(|port| port.parse().map_err(bad)).transpose()
    }
}
