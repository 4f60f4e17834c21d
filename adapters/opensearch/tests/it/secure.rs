//! TLS, users and signed requests, tested with a small proxy in front of the real server, which has
//! none of them.

use crate::server::Verdict;
use crate::{server, signature};
use akin_opensearch::{OpenSearchIndex, Settings};
use akin_ports::{ErrorKind, ProductIndex};
use hyper::body::Bytes;
use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::io::Write;
use std::sync::Arc;
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// Creates a certificate authority, and a file with its certificate.
fn authority() -> (CertifiedIssuer<'static, KeyPair>, NamedTempFile) {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(authority.pem().as_bytes()).unwrap();
    (authority, file)
}

/// Creates a TLS server with a certificate for `name`.
fn acceptor(authority: &CertifiedIssuer<'static, KeyPair>, name: &str) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap().der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Accepts only `akin` with the password `s3cret`.
fn check_user(parts: &Parts, _: &Bytes) -> Verdict {
    let given = parts.headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    if given == Some("Basic YWtpbjpzM2NyZXQ=") {
        Verdict::Forward
    } else {
        Verdict::Answer(401, "Unauthorized".to_owned())
    }
}

fn as_user(settings: Settings, password: &str) -> Settings {
    let password = Some(password.into());
    Settings { username: Some("akin".to_owned()), password, ..settings }
}

async fn assert_works(settings: &Settings) {
    let index = OpenSearchIndex::open(settings).await.expect("an index");
    let entry = akin_contracts::sample::titled("a", 1, "tripod", 0.0);
    assert!(index.upsert(&[entry]).await.expect("a write").is_empty());
    index.refresh().await.expect("a refresh");
    assert_eq!(index.count().await.expect("a count"), 1);
}

async fn refusal(settings: &Settings) -> String {
    let error = OpenSearchIndex::open(settings).await.expect_err("opening should fail");
    assert_eq!(error.kind, ErrorKind::Misconfigured, "{}", error.report());
    error.report()
}

#[tokio::test]
#[ignore = "needs OpenSearch: make test"]
async fn a_certificate_is_accepted_only_from_a_trusted_authority_and_for_the_right_name() {
    let ((ours, file), (_, foreign)) = (authority(), authority());
    let (settings, _guard) = crate::support::settings();
    let upstream = crate::support::endpoint();
    let right = server::start(&upstream, Some(acceptor(&ours, "127.0.0.1")), check_user).await;
    let wrong = server::start(&upstream, Some(acceptor(&ours, "else.example")), check_user).await;
    let at = |address: &str, file: Option<&NamedTempFile>| Settings {
        endpoint: Some(format!("https://{address}").into()),
        ca_file: file.map(|file| file.path().to_owned()),
        ..as_user(settings.clone(), "s3cret")
    };
    assert_works(&at(&right, Some(&file))).await;
    for settings in [at(&right, None), at(&right, Some(&foreign)), at(&wrong, Some(&file))] {
        let report = refusal(&settings).await;
        assert!(report.contains("OPENSEARCH_CA_FILE"), "{report}");
    }
    let plain = Settings { endpoint: Some(format!("http://{right}").into()), ..at(&right, None) };
    let error = OpenSearchIndex::open(&plain).await.expect_err("the server requires TLS");
    assert!(error.report().contains("opensearch"), "{}", error.report());
}

#[tokio::test]
#[ignore = "needs OpenSearch: make test"]
async fn the_right_password_is_accepted_and_a_wrong_one_reported() {
    let (settings, _guard) = crate::support::settings();
    let address = server::start(&crate::support::endpoint(), None, check_user).await;
    let settings = Settings { endpoint: Some(format!("http://{address}").into()), ..settings };
    assert_works(&as_user(settings.clone(), "s3cret")).await;
    for settings in [as_user(settings.clone(), "guess"), settings] {
        let report = refusal(&settings).await;
        assert!(report.contains("OPENSEARCH_PASSWORD") && !report.contains("guess"), "{report}");
    }
}

#[tokio::test]
#[ignore = "needs OpenSearch: make test"]
async fn every_request_has_a_valid_aws_signature() {
    let (settings, _guard) = crate::support::settings();
    let judge = |parts: &Parts, body: &Bytes| match signature::check(
        parts,
        body,
        KEY,
        SECRET,
        "eu-central-1",
        "es",
    ) {
        Ok(()) => Verdict::Forward,
        Err(what) => Verdict::Answer(403, format!(r#"{{"message":"{what}"}}"#)),
    };
    let address = server::start(&crate::support::endpoint(), None, judge).await;
    let settings = Settings {
        endpoint: Some(format!("http://{address}").into()),
        aws_region: Some("eu-central-1".to_owned()),
        aws_access_key_id: Some(KEY.to_owned()),
        aws_secret_access_key: Some(SECRET.into()),
        aws_session_token: Some("token".into()),
        ..settings
    };
    assert_works(&settings).await;
    let index = OpenSearchIndex::open(&settings).await.unwrap();
    let query = akin_ports::CandidateQuery {
        terms: vec!["tripod".to_owned()],
        vector: Some(crate::support::vector(akin_contracts::sample::direction(0.0))),
        with_facets: false,
        filter: akin_entities::Filter::default(),
        depth: 10,
        threshold: None,
    };
    assert_eq!(index.candidates(&query).await.expect("a search").len(), 1);
    let wrong = Settings { aws_secret_access_key: Some("guess".into()), ..settings.clone() };
    let report = refusal(&wrong).await;
    assert!(report.contains("OPENSEARCH_AWS_REGION") && !report.contains("guess"), "{report}");
    let elsewhere = Settings { aws_region: Some("us-east-1".to_owned()), ..settings };
    assert!(refusal(&elsewhere).await.contains("OPENSEARCH_AWS_REGION"));
}
