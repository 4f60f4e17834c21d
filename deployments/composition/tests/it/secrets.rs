//! Credentials come from a source of secrets before settings are checked.

use crate::support::settings;
use akin_composition::{CompositionError, NoSecrets, SecretSource};
use akin_ports::{ErrorKind, PortError, PortResult};
use async_trait::async_trait;
use secrecy::SecretString;
use std::error::Error;
use std::sync::Arc;

/// Secrets by name.
struct FakeSecrets(Vec<(&'static str, &'static str)>);

#[async_trait]
impl SecretSource for FakeSecrets {
    async fn fetch(&self, name: &str) -> PortResult<Option<SecretString>> {
        let secret = self.0.iter().find(|(known, _)| *known == name);
        match secret {
            Some((_, text)) => Ok(Some(SecretString::from(*text))),
            None => Err(PortError::new("secrets", ErrorKind::Unavailable, "no answer")),
        }
    }
}

/// Opens Postgres with the credentials in `secret`, and returns the failure.
async fn failure(secrets: Option<FakeSecrets>, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let common = ["--engine", "postgres", "--postgres-secret", "shop/db", "--postgres-db", "shop"];
    let settings = settings(folder.path(), &[&common, arguments].concat());
    let builder = settings.catalogue.builder().store();
    let builder = match secrets {
        Some(secrets) => builder.secrets(Arc::new(secrets)),
        None => builder.secrets(Arc::new(NoSecrets)),
    };
    let error = builder.open().await.unwrap_err();
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    format!("{error}: {cause}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_fills_the_settings_that_are_not_given() {
    let text = r#"{"host": "127.0.0.1", "port": 1, "username": "akin", "password": "hidden"}"#;
    let secrets = || Some(FakeSecrets(vec![("shop/db", text)]));
    let refused = failure(secrets(), &[]).await;
    assert!(refused.contains("127.0.0.1:1/shop"), "{refused}");
    let given = failure(secrets(), &["--postgres-port", "2"]).await;
    assert!(given.contains("127.0.0.1:2/shop"), "{given}");
    assert!(!refused.contains("hidden"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_reads_connects_to_the_replica_of_the_secret() {
    let text = r#"{"host": "127.0.0.1", "port": "1", "readerHost": "127.0.0.2", "readerPort": 3,
                   "username": "akin", "password": "hidden"}"#;
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--engine", "postgres", "--postgres-secret", "a", "--postgres-db", "shop"];
    let settings = settings(folder.path(), &arguments);
    let secrets = Arc::new(FakeSecrets(vec![("a", text)]));
    let builder = || settings.catalogue.builder().store().existing().secrets(secrets.clone());
    let report = |error: CompositionError| format!("{error}: {:?}", error.source());
    let reads = report(builder().only_reads().open().await.unwrap_err());
    assert!(reads.contains("127.0.0.2:3/shop"), "{reads}");
    let writes = report(builder().open().await.unwrap_err());
    assert!(writes.contains("127.0.0.1:1/shop"), "{writes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_incomplete_leaves_its_settings_missing() {
    let secrets = FakeSecrets(vec![("shop/db", r#"{"host": "127.0.0.1"}"#)]);
    let missing = failure(Some(secrets), &[]).await;
    let expected =
        "(POSTGRES_USER) is not set; nor has the secret \"shop/db\" the key \"username\"";
    assert!(missing.contains(expected), "{missing}");
    assert!(!missing.contains("POSTGRES_HOST"), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_cannot_be_used_is_named_and_not_quoted() {
    for text in ["hunter2", "[\"hunter2\"]", r#"{"port": "hunter2"}"#] {
        let bad = failure(Some(FakeSecrets(vec![("shop/db", text)])), &[]).await;
        assert!(bad.contains("POSTGRES_SECRETS_MANAGER_NAME") && bad.contains("shop/db"), "{bad}");
        assert!(!bad.contains("hunter2"), "{bad}");
    }
    let away = failure(Some(FakeSecrets(Vec::new())), &[]).await;
    assert!(away.contains("secrets is unavailable"), "{away}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_besides_is_reported_with_a_secret_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        settings(folder.path(), &["--engine", "postgres+http", "--postgres-secret", "a"]);
    let builder = settings.builder().engines().secrets(Arc::new(FakeSecrets(Vec::new())));
    let problems = builder.problems_besides(["LOG_LEVEL cannot be \"x\"".to_owned()]);
    let error = problems.open().await.unwrap_err();
    let message = error.to_string();
    for expected in ["LOG_LEVEL", "AKIN_EMBEDDINGS_URL", "secrets is unavailable: no answer"] {
        assert!(message.contains(expected), "{expected}: {message}");
    }
    assert!(!message.contains("POSTGRES_HOST"), "it may be in the secret: {message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_without_secrets_refuses_their_names() {
    let refused = failure(None, &[]).await;
    assert!(refused.contains("POSTGRES_SECRETS_MANAGER_NAME"), "{refused}");
    assert!(refused.contains("this deployment reads no secrets"), "{refused}");
}
