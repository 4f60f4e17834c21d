//! TLS as libpq's `sslmode` has it: a proxy of the test's own speaks it before a server that cannot.

use akin_ports::{ErrorKind, ProductIndex};
use akin_postgres::{PostgresEngine, Settings, SslMode};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::fs;
use std::sync::Arc;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::support::proxy::Proxy;
use crate::support::{Database, story};

/// An authority that signs servers' certificates.
type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("an authority")
}

/// Speaks TLS as the host `name`, as `authority` says.
fn speaker(authority: &Authority, name: &str) -> TlsAcceptor {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
    let certificate = params.signed_by(&key, authority).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a certificate and its key");
    TlsAcceptor::from(Arc::new(config))
}

/// A server whose certificate is for localhost, and settings that trust nobody yet.
struct Scene {
    database: Database,
    proxy: Proxy,
    authority: Authority,
    folder: TempDir,
}

impl Scene {
    async fn of(name: &str) -> Self {
        let (database, authority) = (Database::create().await, authority());
        let server = (database.server.host.clone(), database.server.port);
        let proxy = Proxy::with_tls(server, speaker(&authority, name)).await;
        Self { database, proxy, authority, folder: tempfile::tempdir().expect("a folder") }
    }

    fn settings(&self, sslmode: SslMode, trusted: Option<&Authority>) -> Settings {
        let file = self.folder.path().join("ca.pem");
        let ssl_root_cert = trusted.map(|authority| {
            fs::write(&file, authority.pem()).expect("a file");
            file
        });
        Settings {
            host: Some("localhost".into()),
            port: self.proxy.address.port(),
            sslmode,
            ssl_root_cert,
            ..self.database.settings()
        }
    }
}

async fn assert_open(settings: &Settings) {
    let engine = PostgresEngine::open(settings).await.expect("an engine");
    assert_eq!(engine.index().count().await.expect("a count"), 0);
}

async fn assert_refused(settings: &Settings, words: &[&str]) {
    let error = PostgresEngine::open(settings).await.expect_err("it must not open");
    let story = story(&error);
    assert_eq!(error.kind, ErrorKind::Misconfigured, "{story}");
    for word in words {
        assert!(story.contains(word), "{word:?} is not in: {story}");
    }
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_certificate_of_the_host_by_a_trusted_authority_satisfies_every_mode() {
    let scene = Scene::of("localhost").await;
    for mode in [SslMode::VerifyFull, SslMode::VerifyCa, SslMode::Require, SslMode::Prefer] {
        assert_open(&scene.settings(mode, Some(&scene.authority))).await;
    }
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn an_authority_that_nobody_trusts_is_refused_where_it_is_verified() {
    let scene = Scene::of("localhost").await;
    let stranger = authority();
    for trusted in [None, Some(&stranger)] {
        for mode in [SslMode::VerifyFull, SslMode::VerifyCa] {
            let words = ["certificate", "POSTGRES_SSLROOTCERT"];
            assert_refused(&scene.settings(mode, trusted), &words).await;
        }
    }
    // As libpq does, `require` verifies where an authority is named.
    assert_refused(&scene.settings(SslMode::Require, Some(&stranger)), &["certificate"]).await;
    assert_open(&scene.settings(SslMode::Require, None)).await;
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn another_hosts_certificate_is_refused_by_the_strictest_mode_alone() {
    let scene = Scene::of("another.example").await;
    let strict = scene.settings(SslMode::VerifyFull, Some(&scene.authority));
    assert_refused(&strict, &["another.example", "POSTGRES_HOST"]).await;
    assert_open(&scene.settings(SslMode::VerifyCa, Some(&scene.authority))).await;
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_server_without_tls_is_refused_unless_it_is_allowed() {
    let database = Database::create().await;
    for sslmode in [SslMode::VerifyFull, SslMode::VerifyCa, SslMode::Require] {
        let settings = Settings { sslmode, ..database.settings() };
        assert_refused(&settings, &["does not support TLS", "POSTGRES_SSLMODE"]).await;
    }
    for sslmode in [SslMode::Prefer, SslMode::Disable] {
        assert_open(&Settings { sslmode, ..database.settings() }).await;
    }
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_file_that_holds_no_certificate_is_refused_by_name() {
    let scene = Scene::of("localhost").await;
    let settings = scene.settings(SslMode::VerifyFull, Some(&scene.authority));
    let file = settings.ssl_root_cert.clone().expect("a file");
    fs::write(&file, "no certificate").expect("a file");
    assert_refused(&settings, &["POSTGRES_SSLROOTCERT"]).await;
    fs::remove_file(&file).expect("a file");
    assert_refused(&settings, &["POSTGRES_SSLROOTCERT", "ca.pem"]).await;
}
