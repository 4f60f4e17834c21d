//! Broken connections, and servers that restart or stop responding: nothing is lost, nothing hangs.

use akin_contracts::sample::{Numbers, bare_product};
use akin_entities::{Product, Version};
use akin_ports::{ErrorKind, ProductIndex, ProductStore};
use akin_postgres::{PostgresEngine, Settings};
use std::num::NonZeroU64;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::proxy::Proxy;
use crate::support::{Server, TestDatabase, entry, id, report};

/// Opens an engine through a proxy.
async fn behind_a_proxy(statement_timeout: u64) -> (TestDatabase, Proxy, PostgresEngine) {
    let database = TestDatabase::create().await;
    let proxy = Proxy::to((database.server.host.clone(), database.server.port)).await;
    let settings = Settings {
        host: Some("127.0.0.1".into()),
        port: proxy.address.port(),
        statement_timeout: NonZeroU64::new(statement_timeout).expect("some seconds"),
        connect_timeout: NonZeroU64::new(2).expect("some seconds"),
        ..database.settings()
    };
    let engine = PostgresEngine::open(&settings).await.expect("an engine");
    (database, proxy, engine)
}

fn products(count: usize) -> Vec<Product> {
    (0..count).map(|number| bare_product(&format!("p{number}"))).collect()
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_connection_lost_during_a_batch_loses_and_duplicates_nothing() {
    let (_database, proxy, engine) = behind_a_proxy(30).await;
    let (store, index) = (engine.store(), engine.index());
    let products = products(300);
    let mut numbers = Numbers(1);
    let entries: Vec<_> = (0..300)
        .map(|number| entry(&format!("p{number}"), 1, "a tripod", numbers.embedding()))
        .collect();
    // Each round a little later in the batch; at last after its end.
    for (round, bytes) in (0_i64..).step_by(9_000).take(12).enumerate() {
        let at = Version(i64::try_from(round).expect("a few"));
        let changed: Vec<_> = products
            .iter()
            .map(|product| Product { brand: format!("brand {round}"), ..product.clone() })
            .collect();
        proxy.cut_after(bytes);
        let applied = store.apply(&changed, at).await.expect("a second attempt");
        assert!(applied.failures.is_empty());
        proxy.cut_after(bytes);
        assert!(index.upsert(&entries).await.expect("a second attempt").is_empty());
        proxy.cut_after(-1);
        assert_eq!(store.counts().await.expect("counts").products, 300);
        let waiting = store.outbox(None, 1_000).await.expect("an outbox");
        assert_eq!(waiting.len(), 300, "each change is in the outbox once");
        assert!(waiting.iter().all(|entry| entry.change.version == at));
        let statistics = index.statistics().await.expect("statistics");
        assert_eq!(statistics.document_frequency("tripod"), 300, "each product is counted once");
        assert_eq!(index.count().await.expect("a count"), 300);
    }
    assert!(proxy.cuts() >= 10, "only {} connections were cut", proxy.cuts());
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn calls_to_an_unresponsive_server_time_out_and_release_their_connections() {
    let (_database, proxy, engine) = behind_a_proxy(1).await;
    let store = engine.store();
    store.apply(&products(3), Version(1)).await.expect("a server that answers");
    proxy.freeze(true);
    let start = Instant::now();
    let calls: Vec<_> = (0..30)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.counts().await })
        })
        .collect();
    for call in calls {
        let error = call.await.expect("no panic").expect_err("no response");
        assert_eq!(error.kind, ErrorKind::Unavailable, "{}", report(&error));
    }
    assert!(start.elapsed() < Duration::from_secs(8), "after {:?}", start.elapsed());
    proxy.freeze(false);
    let start = Instant::now();
    while store.counts().await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(10), "the pool does not recover");
    }
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn the_server_cancels_a_slow_statement() {
    let database = TestDatabase::create().await;
    let statement_timeout = NonZeroU64::new(1).expect("a second");
    let settings = Settings { statement_timeout, ..database.settings() };
    let engine = PostgresEngine::open(&settings).await.expect("an engine");
    let mut other = database.server.connect(&database.name).await;
    sqlx::Executor::execute(&mut other, "BEGIN; LOCK TABLE raw_products").await.expect("a lock");
    let start = Instant::now();
    let error = engine.store().apply(&products(1), Version(1)).await.expect_err("a locked table");
    assert!(start.elapsed() < Duration::from_secs(5), "after {:?}", start.elapsed());
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(report(&error).contains("POSTGRES_STATEMENT_TIMEOUT"), "{}", report(&error));
    sqlx::Executor::execute(&mut other, "ROLLBACK").await.expect("no lock");
    engine.store().apply(&products(1), Version(1)).await.expect("an unlocked table");
}

/// A server that belongs to one test, which may kill it.
struct PrivateServer {
    folder: tempfile::TempDir,
}

impl PrivateServer {
    fn start() -> (Self, Server) {
        // A folder that the server's user can read, where the scripts clean up, too.
        let folder = tempfile::Builder::new().prefix("akin-postgres-").tempdir().expect("a folder");
        let private = Self { folder };
        private.script("start");
        let url = private.script("url");
        (private, Server::at(url.trim()))
    }

    fn script(&self, action: &str) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tools/services/postgres.sh");
        let output = Command::new(script)
            .arg(action)
            .env("AKIN_SERVICES_RUN", self.folder.path())
            .output()
            .expect("a script");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{action}: {error}");
        String::from_utf8(output.stdout).expect("text")
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        self.script("stop");
    }
}

/// Loads 20,000 products while the server is killed twice, and checks that all are there.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Postgres: make test"]
async fn a_server_that_is_killed_during_a_load_loses_nothing() {
    let (private, server) = PrivateServer::start();
    let database = TestDatabase::create_on(server).await;
    let engine = database.open().await;
    let (store, index) = (engine.store(), engine.index());
    let private = Arc::new(private);
    let products = products(20_000);
    let mut numbers = Numbers(3);
    let mut longest = Duration::ZERO;
    let mut killing = Vec::new();
    for (number, batch) in products.chunks(100).enumerate() {
        if [40, 150].contains(&number) {
            let private = Arc::clone(&private);
            killing.push(std::thread::spawn(move || private.script("crash")));
        }
        let entries: Vec<_> = batch
            .iter()
            .map(|product| entry(product.id.as_str(), 1, "a tripod", numbers.embedding()))
            .collect();
        let start = Instant::now();
        store.apply(batch, Version(1)).await.expect("the server comes back");
        assert!(index.upsert(&entries).await.expect("the server comes back").is_empty());
        // Building the graph takes longer, but is not an interruption.
        if !(95..105).contains(&number) {
            longest = longest.max(start.elapsed());
        }
    }
    for killing in killing {
        killing.join().expect("the server was killed, and came back");
    }
    println!("the longest of 200 batches took {} ms", longest.as_millis());
    let counts = store.counts().await.expect("counts");
    assert_eq!((counts.products, counts.outbox), (20_000, 20_000));
    assert_eq!(index.count().await.expect("a count"), 20_000);
    let statistics = index.statistics().await.expect("statistics");
    assert_eq!(statistics.document_frequency("tripod"), 20_000);
    assert_eq!(index.states(&[id("p19999")]).await.expect("an answer").len(), 1);
    drop(database);
    drop(private);
}
