//! Secrets: credentials that a deployment keeps outside of its settings.

use crate::{BadSettings, CompositionError};
use akin_ports::PortResult;
use async_trait::async_trait;
use serde_json::Value;

/// Fetches secrets by name, for example from AWS Secrets Manager.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// Returns the secret as a JSON object, or `None` if this deployment has no store of secrets.
    async fn fetch(&self, name: &str) -> PortResult<Option<String>>;
}

/// The source of a deployment whose settings hold all credentials.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSecrets;

#[async_trait]
impl SecretSource for NoSecrets {
    async fn fetch(&self, _name: &str) -> PortResult<Option<String>> {
        Ok(None)
    }
}

/// The names of the secrets that hold servers' credentials.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
pub(crate) struct SecretNames {
    /// The secret with the keys `host`, `port`, `username` and `password` of Postgres.
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

/// The values of one secret.
pub(crate) struct FetchedSecret {
    setting: &'static str,
    name: String,
    values: Value,
}

impl FetchedSecret {
    /// Fetches the secret `name`, which `setting` names.
    pub(crate) async fn fetch(
        source: &dyn SecretSource,
        setting: &'static str,
        name: &str,
    ) -> Result<Self, CompositionError> {
        let bad = |reason: &str| {
            CompositionError::from(BadSettings(vec![format!("{setting} {name:?}: {reason}")]))
        };
        let Some(text) = source.fetch(name).await? else {
            return Err(bad(
                "this deployment reads no secrets; set the server's own settings instead",
            ));
        };
        // The parser's message could quote the secret.
        match serde_json::from_str(&text) {
            Ok(values @ Value::Object(_)) => Ok(Self { setting, name: name.to_owned(), values }),
            _ => Err(bad("the secret is not a JSON object")),
        }
    }

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

    /// Describes a value that cannot be used, without quoting it.
    pub(crate) fn problem(&self, key: &str, reason: &str) -> BadSettings {
        BadSettings(vec![format!("{} {:?}: {key} {reason}", self.setting, self.name)])
    }
}
