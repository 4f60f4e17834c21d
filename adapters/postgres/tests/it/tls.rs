//! TLS modes as in libpq, tested with a TLS proxy in front of the server.

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
use crate::support::{TestDatabase, report};

/// An authority that signs servers' certificates.
type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("an authority")
}

/// Creates a TLS server for the host `name`, certified by `authority`.
fn acceptor(authority: &Authority, name: &str) -> TlsAcceptor {
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

/// A database behind a TLS proxy, and the authority of its certificate.
struct TlsSetup {
    database: TestDatabase,
    proxy: Proxy,
    authority: Authority,
    folder: TempDir,
}

impl TlsSetup {
    async fn new(name: &str) -> Self {
        let (database, authority) = (TestDatabase::create().await, authority());
        let server = (database.server.host.clone(), database.server.port);
        let proxy = Proxy::with_tls(server, acceptor(&authority, name)).await;
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
    let error = PostgresEngine::open(settings).await.expect_err("opening should fail");
    let report = report(&error);
    assert_eq!(error.kind, ErrorKind::Misconfigured, "{report}");
    for word in words {
        assert!(report.contains(word), "{word:?} is not in: {report}");
    }
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_valid_certificate_of_a_trusted_authority_satisfies_every_mode() {
    let setup = TlsSetup::new("localhost").await;
    for mode in [SslMode::VerifyFull, SslMode::VerifyCa, SslMode::Require, SslMode::Prefer] {
        assert_open(&setup.settings(mode, Some(&setup.authority))).await;
    }
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn an_untrusted_authority_is_refused_by_the_verifying_modes() {
    let setup = TlsSetup::new("localhost").await;
    let other = authority();
    for trusted in [None, Some(&other)] {
        for mode in [SslMode::VerifyFull, SslMode::VerifyCa] {
            let words = ["certificate", "POSTGRES_SSLROOTCERT"];
            assert_refused(&setup.settings(mode, trusted), &words).await;
        }
    }
    // As in libpq, `require` verifies the authority if a file is set.
    assert_refused(&setup.settings(SslMode::Require, Some(&other)), &["certificate"]).await;
    assert_open(&setup.settings(SslMode::Require, None)).await;
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn another_hosts_certificate_is_refused_only_by_the_strictest_mode() {
    let setup = TlsSetup::new("another.example").await;
    let strict = setup.settings(SslMode::VerifyFull, Some(&setup.authority));
    assert_refused(&strict, &["another.example", "POSTGRES_HOST"]).await;
    assert_open(&setup.settings(SslMode::VerifyCa, Some(&setup.authority))).await;
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_server_without_tls_is_refused_unless_the_mode_allows_it() {
    let database = TestDatabase::create().await;
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
async fn a_file_without_a_certificate_is_refused_by_name() {
    let setup = TlsSetup::new("localhost").await;
    let settings = setup.settings(SslMode::VerifyFull, Some(&setup.authority));
    let file = settings.ssl_root_cert.clone().expect("a file");
    fs::write(&file, "no certificate").expect("a file");
    assert_refused(&settings, &["POSTGRES_SSLROOTCERT"]).await;
    fs::remove_file(&file).expect("a file");
    assert_refused(&settings, &["POSTGRES_SSLROOTCERT", "ca.pem"]).await;
}
