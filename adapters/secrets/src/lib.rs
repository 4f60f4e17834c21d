//! Secrets in AWS Secrets Manager.

use akin_ports::{ErrorKind, PortError, PortResult};
use aws_client::{Failure, FailureKind, SdkConfig};
use aws_sdk_secretsmanager::Client;
use secrecy::SecretString;
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Reads secrets, and keeps them for as long as this process runs.
///
/// A secret that was rotated meanwhile is read again by [`SecretsManager::fetch_again`].
#[derive(Debug)]
pub struct SecretsManager {
    client: Client,
    /// Locked during a call, so that many who need a secret at once read it once.
    known: Mutex<HashMap<String, KnownSecret>>,
}

#[derive(Debug)]
struct KnownSecret {
    text: SecretString,
    /// The last time that it was read again.
    read_again: Option<Instant>,
}

/// The name of this adapter in errors.
const SYSTEM: &str = "secrets manager";

/// The minimum time between two reads of a rejected secret, however many servers reject it.
const MIN_AGE: Duration = Duration::from_secs(5);

impl SecretsManager {
    /// Creates the adapter. Makes no call yet.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config), known: Mutex::default() }
    }

    /// Returns the current text of the secret with this name or ARN.
    pub async fn fetch(&self, name: &str) -> PortResult<SecretString> {
        self.fetch_unless(name, |_| true, None).await
    }

    /// Reads the secret again, because a server rejected what it said; a secret that was read again in the
    /// last five seconds is returned as it was read then.
    pub async fn fetch_again(&self, name: &str) -> PortResult<SecretString> {
        let is_recent = |read: Instant| read.elapsed() < MIN_AGE;
        let is_kept = |known: &KnownSecret| known.read_again.is_some_and(is_recent);
        self.fetch_unless(name, is_kept, Some(Instant::now())).await
    }

    /// Returns the secret as it is known if `is_kept` says so, and reads it otherwise.
    async fn fetch_unless(
        &self,
        name: &str,
        is_kept: impl Fn(&KnownSecret) -> bool,
        read_again: Option<Instant>,
    ) -> PortResult<SecretString> {
        let mut all = self.known.lock().await;
        if let Some(known) = all.get(name).filter(|known| is_kept(known)) {
            return Ok(known.text.clone());
        }
        let text = self.read(name).await?;
        let known = KnownSecret { text: text.clone(), read_again };
        all.insert(name.to_owned(), known);
        Ok(text)
    }

    async fn read(&self, name: &str) -> PortResult<SecretString> {
        let answer = self.client.get_secret_value().secret_id(name).send().await;
        let answer = answer.map_err(|error| port_error(name, &Failure::of(&error)))?;
        answer.secret_string.map(SecretString::from).ok_or_else(|| {
            let what = format!("the secret {name:?} is binary: store JSON text in it");
            PortError::new(SYSTEM, ErrorKind::Misconfigured, what)
        })
    }
}

fn port_error(name: &str, failure: &Failure) -> PortError {
    let kind = match failure.kind {
        FailureKind::Unavailable => ErrorKind::Unavailable,
        // An invalid name, or a secret that is marked for deletion.
        FailureKind::Refused | FailureKind::Misconfigured => ErrorKind::Misconfigured,
        FailureKind::Corrupt => ErrorKind::Corrupt,
    };
    PortError::new(SYSTEM, kind, format!("the secret {name:?} cannot be read: {failure}"))
}
