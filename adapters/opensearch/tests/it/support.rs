//! An index of its own for each test, on the real server, gone when the test ends.

use akin_entities::Embedding;
use akin_opensearch::{OpenSearchIndex, Settings};
use akin_ports::QueryVector;
use std::time::Duration;

/// Where `make test` and `make services` say that the server is.
pub(crate) const VARIABLE: &str = "AKIN_TEST_OPENSEARCH";

/// The server.
pub(crate) fn endpoint() -> String {
    let missing = "AKIN_TEST_OPENSEARCH is not set: run `make test`, or start the server with `make \
                   services`";
    std::env::var(VARIABLE).expect(missing)
}

/// Deletes the index, whatever became of the test.
#[derive(Debug)]
pub(crate) struct Guard {
    endpoint: String,
    alias: String,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let url = format!("{}/{}-*", self.endpoint, self.alias);
        let deleted = std::process::Command::new("curl")
            .args(["--silent", "--max-time", "20", "--noproxy", "*", "-X", "DELETE", &url])
            .output();
        if !std::thread::panicking() {
            assert!(deleted.expect("curl").status.success(), "the index was not deleted");
        }
    }
}

/// Settings for an index that no other test has.
pub(crate) fn settings() -> (Settings, Guard) {
    settings_at(&endpoint())
}

/// The same, on the server at `endpoint`.
pub(crate) fn settings_at(endpoint: &str) -> (Settings, Guard) {
    let unique = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let thread = format!("{:?}", std::thread::current().id());
    let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
    let alias = format!("test-{}-{thread}-{}", std::process::id(), unique.as_nanos());
    let settings =
        Settings { index_name: alias.clone(), timeout: Duration::from_mins(1), ..bare(endpoint) };
    (settings, Guard { endpoint: endpoint.to_owned(), alias })
}

/// The settings as they are when only the endpoint is set.
pub(crate) fn bare(endpoint: &str) -> Settings {
    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        settings: Settings,
    }
    use clap::Parser as _;
    Command::parse_from(["test", "--opensearch-endpoint", endpoint]).settings
}

/// Where the suites' model points.
pub(crate) fn vector(embedding: Embedding) -> QueryVector {
    QueryVector { embedding, fingerprint: akin_contracts::sample::fingerprint() }
}

/// An index that is empty.
pub(crate) async fn fresh() -> (OpenSearchIndex, Guard) {
    let (settings, guard) = settings();
    (OpenSearchIndex::open(&settings).await.expect("an index"), guard)
}

/// Says something to the server behind the adapter's back; returns what it answers.
pub(crate) fn request(method: &str, path: &str, body: &str) -> String {
    let url = format!("{}/{path}", endpoint());
    let mut curl = std::process::Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail-with-body", "--max-time", "60"]);
    curl.args(["--noproxy", "*", "-X", method, &url]);
    if !body.is_empty() {
        curl.args(["-H", "content-type: application/json", "-d", body]);
    }
    let output = curl.output().expect("curl");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{method} {path}: {text}");
    text
}
