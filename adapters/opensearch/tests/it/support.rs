//! Creates an index on the real server for each test, and deletes it when the test ends.

use akin_entities::Embedding;
use akin_opensearch::{OpenSearchIndex, Settings};
use akin_ports::QueryVector;
use std::time::Duration;

/// The variable that `make test` and `make services` set to the server's address.
pub(crate) const VARIABLE: &str = "AKIN_TEST_OPENSEARCH";

/// Returns the server's address.
pub(crate) fn endpoint() -> String {
    let missing = "AKIN_TEST_OPENSEARCH is not set: run `make test`, or start the server with `make \
                   services`";
    std::env::var(VARIABLE).expect(missing)
}

/// Deletes the index when dropped.
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

/// Returns settings for an index that no other test uses.
pub(crate) fn settings() -> (Settings, Guard) {
    settings_at(&endpoint())
}

/// Returns such settings for the server at `endpoint`.
pub(crate) fn settings_at(endpoint: &str) -> (Settings, Guard) {
    let unique = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let thread = format!("{:?}", std::thread::current().id());
    let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
    let alias = format!("test-{}-{thread}-{}", std::process::id(), unique.as_nanos());
    let settings =
        Settings { index_name: alias.clone(), timeout: Duration::from_mins(1), ..bare(endpoint) };
    (settings, Guard { endpoint: endpoint.to_owned(), alias })
}

/// Returns the settings with only the endpoint set.
pub(crate) fn bare(endpoint: &str) -> Settings {
    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        settings: Settings,
    }
    use clap::Parser as _;
    Command::parse_from(["test", "--opensearch-endpoint", endpoint]).settings
}

/// Returns a query vector of the contract suite's model.
pub(crate) fn vector(embedding: Embedding) -> QueryVector {
    QueryVector { embedding, fingerprint: akin_contracts::sample::fingerprint() }
}

/// Creates an empty index.
pub(crate) async fn fresh() -> (OpenSearchIndex, Guard) {
    let (settings, guard) = settings();
    (OpenSearchIndex::open(&settings).await.expect("an index"), guard)
}

/// Sends a request to the server directly, and returns the response.
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
