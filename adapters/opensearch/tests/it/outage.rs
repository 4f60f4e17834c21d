//! Broken connections, and servers that are busy, slow or killed: nothing is lost, nothing hangs.

use crate::server;
use crate::server::Verdict;
use akin_contracts::sample::{direction, entry, id, titled};
use akin_entities::{Filter, Version};
use akin_opensearch::{OpenSearchIndex, Settings};
use akin_ports::{CandidateQuery, ErrorKind, IndexEntry, ProductIndex};
use hyper::body::Bytes;
use hyper::http::request::Parts;
use std::collections::HashMap;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn entries(count: usize, version: i64) -> Vec<IndexEntry> {
    (0..count).map(|number| entry(&format!("p{number}"), version)).collect()
}

/// Opens an index behind a server that handles each bulk request by its number, and forwards
/// everything else.
async fn behind(
    settings: &Settings,
    judge: impl Fn(usize) -> Verdict + Send + Sync + 'static,
) -> OpenSearchIndex {
    let bulks = AtomicUsize::new(0);
    let judge = move |parts: &Parts, _: &Bytes| {
        let is_bulk = parts.uri.path().ends_with("/_bulk");
        if is_bulk { judge(bulks.fetch_add(1, Ordering::SeqCst)) } else { Verdict::Forward }
    };
    let address = server::start(&crate::support::endpoint(), None, judge).await;
    let endpoint = Some(format!("http://{address}").into());
    OpenSearchIndex::open(&Settings { endpoint, ..settings.clone() }).await.expect("an index")
}

async fn assert_holds(index: &OpenSearchIndex, count: usize, version: i64) {
    index.refresh().await.unwrap();
    assert_eq!(index.count().await.unwrap(), count as u64);
    let ids: Vec<_> = entries(count, version).into_iter().map(|entry| entry.id).collect();
    let known = index.states(&ids).await.unwrap();
    assert_eq!(known.len(), count);
    assert!(known.values().all(|known| known.version == Version(version)));
}

#[tokio::test]
#[ignore = "needs OpenSearch: make test"]
async fn a_connection_that_breaks_during_a_batch_loses_nothing() {
    let (settings, _guard) = crate::support::settings();
    let settings = Settings { upsert_batch_size: 100.try_into().unwrap(), ..settings };
    // Before the server receives the request, and after it has executed it. The first bulk request
    // writes the model.
    let index = behind(&settings, |bulk| match bulk {
        0 | 3 => Verdict::Drop,
        2 | 6 => Verdict::DropAnswer,
        _ => Verdict::Forward,
    });
    let index = index.await;
    assert!(index.upsert(&entries(500, 1)).await.expect("a write").is_empty());
    assert_holds(&index, 500, 1).await;
}

#[tokio::test]
#[ignore = "needs OpenSearch: make test"]
async fn a_document_for_which_a_request_is_refused_fails_alone() {
    let (settings, _guard) = crate::support::settings();
    let judge = |parts: &Parts, body: &Bytes| {
        let is_large = body.windows(4).any(|word| word == br#""p7""#);
        if parts.uri.path().ends_with("/_bulk") && is_large {
            Verdict::Answer(413, "<html>413 Request Entity Too Large</html>".to_owned())
        } else {
            Verdict::Forward
        }
    };
    let address = server::start(&crate::support::endpoint(), None, judge).await;
    let endpoint = Some(format!("http://{address}").into());
    let index = OpenSearchIndex::open(&Settings { endpoint, ..settings }).await.expect("an index");
    let failures = index.upsert(&entries(20, 1)).await.expect("an answer");
    assert_eq!(failures.keys().collect::<Vec<_>>(), [&id("p7")]);
    assert!(failures.values().all(|error| error.kind == ErrorKind::Refused), "{failures:?}");
    index.refresh().await.unwrap();
    assert_eq!(index.count().await.unwrap(), 19);
}

#[tokio::test]
#[ignore = "needs OpenSearch: make test"]
async fn only_rejected_documents_are_sent_again_to_a_busy_server() {
    let (settings, _guard) = crate::support::settings();
    let busy = r#"{"items":[
        {"index":{"_id":"p0","status":429,"error":{"type":"rejected","reason":"queue full"}}},
        {"index":{"_id":"p1","status":201}},{"index":{"_id":"p2","status":201}}]}"#;
    let index = behind(&settings, |bulk| match bulk {
        1 => Verdict::Answer(429, r#"{"error":{"type":"rejected"},"status":429}"#.to_owned()),
        2 => Verdict::Answer(503, "busy".to_owned()),
        3 => Verdict::Answer(200, busy.to_owned()),
        _ => Verdict::Forward,
    });
    let index = index.await;
    assert!(index.upsert(&entries(3, 1)).await.expect("a write").is_empty());
    index.refresh().await.unwrap();
    assert_eq!(index.count().await.unwrap(), 1, "the response claimed that the others were done");
}

#[tokio::test]
#[ignore = "needs OpenSearch: make test"]
async fn every_request_of_a_write_is_retried_as_long_as_the_write() {
    let (settings, _guard) = crate::support::settings();
    let direct = OpenSearchIndex::open(&settings).await.expect("an index");
    let first_requests = Mutex::new(HashMap::new());
    // From its first request on, each path is unavailable for longer than a search would wait.
    let judge = move |parts: &Parts, _: &Bytes| {
        let key = (parts.method.clone(), parts.uri.path().to_owned());
        let opens = key.0 == "GET";
        let first = *first_requests.lock().unwrap().entry(key).or_insert_with(Instant::now);
        let busy = !opens && first.elapsed() < Duration::from_millis(1_500);
        if busy { Verdict::Answer(503, "busy".to_owned()) } else { Verdict::Forward }
    };
    let address = server::start(&crate::support::endpoint(), None, judge).await;
    let settings = Settings { endpoint: Some(format!("http://{address}").into()), ..settings };
    let index = OpenSearchIndex::open(&settings).await.expect("an index");
    assert!(index.states(&[entry("p0", 1).id]).await.expect("a lookup before a write").is_empty());
    assert!(index.upsert(&entries(3, 1)).await.expect("a write").is_empty());
    assert_holds(&direct, 3, 1).await;
}

#[tokio::test]
#[ignore = "needs OpenSearch: make test"]
async fn retries_end_and_only_the_rejected_product_fails() {
    let (settings, _guard) = crate::support::settings();
    let settings = Settings { retry_timeout: Duration::from_millis(500), ..settings };
    let busy = r#"{"items":[
        {"index":{"_id":"p0","status":429,"error":{"type":"rejected","reason":"queue full"}}},
        {"index":{"_id":"p1","status":201}}]}"#;
    let only = r#"{"items":[{"index":{"_id":"p0","status":429,"error":{"reason":"full"}}}]}"#;
    let index = behind(&settings, |bulk| match bulk {
        0 => Verdict::Forward,
        1 => Verdict::Answer(200, busy.to_owned()),
        _ => Verdict::Answer(200, only.to_owned()),
    });
    let index = index.await;
    let failures = index.upsert(&entries(2, 1)).await.expect("a write");
    assert_eq!(failures.len(), 1);
    assert!(failures.values().all(|error| error.kind == ErrorKind::Unavailable), "{failures:?}");
    let index = behind(&settings, |_| Verdict::Answer(503, String::new())).await;
    let error = index.upsert(&entries(2, 2)).await.expect_err("it is never ready");
    assert_eq!(error.kind, ErrorKind::Unavailable);
}

#[tokio::test]
#[ignore = "needs OpenSearch: make test"]
async fn requests_to_a_slow_server_time_out() {
    let (settings, _guard) = crate::support::settings();
    let index = OpenSearchIndex::open(&settings).await.unwrap();
    assert!(index.upsert(&[titled("a", 1, "tripod", 0.0)]).await.unwrap().is_empty());
    let opened = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&opened);
    let judge = move |_: &Parts, _: &Bytes| {
        // Opening takes three requests.
        let opens = counting.fetch_add(1, Ordering::SeqCst) < 3;
        if opens { Verdict::Forward } else { Verdict::Sleep(Duration::from_mins(1)) }
    };
    let slow = server::start(&crate::support::endpoint(), None, judge).await;
    let settings = Settings {
        endpoint: Some(format!("http://{slow}").into()),
        timeout: Duration::from_millis(500),
        ..settings
    };
    let index = OpenSearchIndex::open(&settings).await.unwrap();
    let query = CandidateQuery {
        terms: vec!["tripod".to_owned()],
        vector: Some(crate::support::vector(direction(0.0))),
        with_facets: false,
        filter: Filter::default(),
        depth: 10,
        threshold: None,
    };
    let start = Instant::now();
    let errors = [
        index.candidates(&query).await.map(drop).unwrap_err(),
        index.upsert(&entries(2, 1)).await.map(drop).unwrap_err(),
        index.statistics().await.map(drop).unwrap_err(),
        index.states(&[entry("a", 1).id]).await.map(drop).unwrap_err(),
        index.count().await.map(drop).unwrap_err(),
    ];
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    for error in errors {
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(error.report().contains("OPENSEARCH_TIMEOUT"), "{}", error.report());
    }
}

/// A server that belongs to one test, which may kill it.
struct PrivateServer(tempfile::TempDir);

impl PrivateServer {
    fn start() -> (Self, String) {
        let server = Self(tempfile::tempdir().unwrap());
        server.run("start");
        let url = server.run("url");
        (server, url)
    }

    fn run(&self, action: &str) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tools/services/opensearch.sh");
        let mut command = Command::new(script);
        let output = command.arg(action).env("AKIN_SERVICES_RUN", self.0.path()).output().unwrap();
        assert!(output.status.success(), "{action}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        self.run("stop");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs OpenSearch: make test"]
async fn a_server_that_is_killed_and_restarted_under_load_loses_nothing() {
    let (server, endpoint) = tokio::task::spawn_blocking(PrivateServer::start).await.unwrap();
    let (settings, guard) = crate::support::settings_at(&endpoint);
    let settings = Settings {
        retry_timeout: Duration::from_mins(2),
        upsert_batch_size: 100.try_into().unwrap(),
        ..settings
    };
    let index = OpenSearchIndex::open(&settings).await.unwrap();
    let writer = {
        let index = index.clone();
        tokio::spawn(async move {
            for batch in entries(20_000, 1).chunks(200) {
                assert!(index.upsert(batch).await.expect("a write").is_empty());
            }
        })
    };
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(!writer.is_finished(), "the load ended too early");
    let server = tokio::task::spawn_blocking(move || {
        server.run("crash");
        server
    });
    let server = server.await.unwrap();
    writer.await.unwrap();
    assert_holds(&index, 20_000, 1).await;
    drop(index);
    drop(guard);
    tokio::task::spawn_blocking(move || drop(server)).await.unwrap();
}
