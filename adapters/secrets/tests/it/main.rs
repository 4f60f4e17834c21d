//! The adapter against emulated Secrets Manager: ministack and moto.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use akin_ports::ErrorKind;
use akin_secrets::SecretsManager;
use aws_client::Settings;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::primitives::Blob;
use secrecy::ExposeSecret;
use std::time::Duration;

const EMULATORS: [&str; 2] = ["AKIN_TEST_AWS", "AKIN_TEST_MOTO"];

/// A secret of a test's own.
struct Secret {
    name: String,
    client: Client,
    adapter: SecretsManager,
}

impl Secret {
    async fn create(emulator: &str, text: &str) -> Self {
        let address = std::env::var(emulator)
            .unwrap_or_else(|_| panic!("{emulator} is not set: run tools/with-services.sh"));
        let time = std::time::UNIX_EPOCH.elapsed().unwrap().as_micros();
        let name = format!("akin/{}/{time}", std::process::id());
        let config = Settings::default().load_emulator(&address).await;
        let client = Client::new(&config);
        client.create_secret().name(&name).secret_string(text).send().await.unwrap();
        Self { name, client, adapter: SecretsManager::new(&config) }
    }

    async fn rotate(&self, text: &str) {
        let request = self.client.put_secret_value().secret_id(&self.name);
        request.secret_string(text).send().await.unwrap();
    }

    async fn fetch(&self) -> String {
        self.adapter.fetch(&self.name).await.unwrap().expose_secret().to_owned()
    }

    async fn fetch_again(&self) -> String {
        self.adapter.fetch_again(&self.name).await.unwrap().expose_secret().to_owned()
    }
}

#[tokio::test]
#[ignore = "needs emulated AWS: make test"]
async fn a_secret_is_kept_until_a_server_rejects_it() {
    for emulator in EMULATORS {
        let secret = Secret::create(emulator, "first").await;
        assert_eq!(secret.fetch().await, "first");
        secret.rotate("second").await;
        assert_eq!(secret.fetch().await, "first", "it is kept");
        assert_eq!(secret.fetch_again().await, "second", "however lately it was first read");
        secret.rotate("third").await;
        assert_eq!(secret.fetch_again().await, "second", "it was read again a moment ago");
        tokio::time::sleep(Duration::from_millis(5_100)).await;
        assert_eq!(secret.fetch().await, "second", "age alone does not matter");
        assert_eq!(secret.fetch_again().await, "third");
        assert_eq!(secret.fetch().await, "third");
    }
}

#[tokio::test]
#[ignore = "needs emulated AWS: make test"]
async fn a_secret_that_cannot_be_read_is_named_and_not_kept() {
    for emulator in EMULATORS {
        let secret = Secret::create(emulator, "hidden").await;
        let missing = format!("{}-none", secret.name);
        let error = secret.adapter.fetch(&missing).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Misconfigured);
        assert!(error.report().contains(&missing), "{}", error.report());
        secret.client.create_secret().name(&missing).secret_string("late").send().await.unwrap();
        assert_eq!(secret.adapter.fetch(&missing).await.unwrap().expose_secret(), "late");
        assert!(!format!("{:?}", secret.adapter).contains("late"));

        let binary = format!("{}-binary", secret.name);
        let request = secret.client.create_secret().name(&binary);
        request.secret_binary(Blob::new("bytes")).send().await.unwrap();
        let error = secret.adapter.fetch(&binary).await.unwrap_err();
        assert!(error.report().contains("is binary"), "{}", error.report());
    }
}

#[tokio::test]
async fn an_outage_is_unavailable() {
    let settings = Settings { max_attempts: 1, ..Settings::default() };
    let config = settings.load_emulator("http://127.0.0.1:1").await;
    let error = SecretsManager::new(&config).fetch("a").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{}", error.report());
}
