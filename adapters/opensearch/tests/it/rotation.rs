//! A password that is changed while a process runs.

use crate::server::{self, Verdict};
use akin_opensearch::{OpenSearchIndex, Renewal, Settings};
use akin_ports::{ErrorKind, ProductIndex};
use hyper::header::AUTHORIZATION;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// `akin:first` and `akin:other`, as basic authentication writes them.
const FIRST: &str = "Basic YWtpbjpmaXJzdA==";
const OTHER: &str = "Basic YWtpbjpvdGhlcg==";

#[tokio::test]
#[ignore = "needs OpenSearch: make test"]
async fn a_rotated_password_is_read_again_when_the_former_one_is_rejected() {
    let (settings, _guard) = crate::support::settings();
    let accepted = Arc::new(Mutex::new(FIRST));
    let known = accepted.clone();
    let upstream = crate::support::endpoint();
    let address = server::start(&upstream, None, move |parts, _| {
        let given = parts.headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
        if given == Some(*known.lock().unwrap()) {
            Verdict::Forward
        } else {
            Verdict::Answer(401, "Unauthorized".to_owned())
        }
    });
    let settings = Settings {
        endpoint: Some(format!("http://{}", address.await).into()),
        username: Some("akin".to_owned()),
        password: Some("first".into()),
        ..settings
    };
    let (secret, reads) = (Arc::new(Mutex::new(settings.clone())), Arc::new(AtomicU32::new(0)));
    let (read_from, counter) = (secret.clone(), reads.clone());
    let renewal = Renewal::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        let settings = read_from.lock().unwrap().clone();
        Box::pin(async move { Ok(settings) })
    });
    let settings = Settings { renewal: Some(renewal), ..settings };
    let index = OpenSearchIndex::open(&settings).await.unwrap();
    assert_eq!(reads.load(Ordering::Relaxed), 0);

    *accepted.lock().unwrap() = OTHER;
    let error = index.count().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured, "the secret has not changed yet");
    secret.lock().unwrap().password = Some("other".into());
    let entry = akin_contracts::sample::titled("a", 1, "tripod", 0.0);
    assert!(index.upsert(&[entry]).await.unwrap().is_empty());
    assert_eq!(reads.load(Ordering::Relaxed), 2);
    index.refresh().await.unwrap();
    assert_eq!(index.count().await.unwrap(), 1);
    assert_eq!(reads.load(Ordering::Relaxed), 2, "what was read is kept");
}
