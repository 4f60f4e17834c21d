//! Creates a database on the real server for each test.

pub(crate) mod proxy;

use akin_entities::{
    AnalyzedText, Embedding, FacetValues, Fingerprint, ProductId, TextHash, Version,
};
use akin_ports::{EntryEmbedding, IndexEntry, PortError};
use akin_postgres::{PostgresEngine, Settings, SslMode};
use clap::Parser;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::sync::atomic::{AtomicU32, Ordering};

/// The address of a real server.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: String,
}

impl Server {
    /// Returns the server that `make test` started.
    pub(crate) fn shared() -> Self {
        let url = std::env::var("AKIN_TEST_POSTGRES")
            .expect("AKIN_TEST_POSTGRES is not set: run `make test`, or see `make services`");
        Self::at(&url)
    }

    /// Parses `postgres://USER:PASSWORD@HOST:PORT/...`.
    pub(crate) fn at(url: &str) -> Self {
        let rest = url.strip_prefix("postgres://").expect("a URL of Postgres");
        let (user, rest) = rest.split_once('@').expect("a user");
        let (user, password) = user.split_once(':').expect("a password");
        let (host, rest) = rest.split_once(':').expect("a host and a port");
        let port = rest.split('/').next().and_then(|port| port.parse().ok()).expect("a port");
        let [host, user, password] = [host, user, password].map(str::to_owned);
        Self { host, port, user, password }
    }

    /// Connects to a database.
    pub(crate) async fn connect(&self, database: &str) -> PgConnection {
        let options = PgConnectOptions::new_without_pgpass()
            .host(&self.host)
            .port(self.port)
            .username(&self.user)
            .password(&self.password)
            .database(database)
            .ssl_mode(PgSslMode::Disable);
        PgConnection::connect_with(&options).await.expect("a connection")
    }
}

/// An empty database that is dropped with this value.
#[derive(Debug)]
pub(crate) struct TestDatabase {
    pub(crate) server: Server,
    pub(crate) name: String,
}

impl TestDatabase {
    pub(crate) async fn create() -> Self {
        Self::create_on(Server::shared()).await
    }

    pub(crate) async fn create_on(server: Server) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("akin_test_{}_{number}", std::process::id());
        let mut connection = server.connect("postgres").await;
        let create = format!("CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy");
        connection.execute(AssertSqlSafe(create)).await.expect("a database");
        connection.close().await.expect("a closed connection");
        Self { server, name }
    }

    /// Returns settings for this database, without TLS, which the server does not support.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            host: Some(self.server.host.clone()),
            port: self.server.port,
            user: Some(self.server.user.clone()),
            password: Some(self.server.password.clone().into()),
            database: Some(self.name.clone()),
            sslmode: SslMode::Disable,
            ..defaults()
        }
    }

    pub(crate) async fn open(&self) -> PostgresEngine {
        PostgresEngine::open(&self.settings()).await.expect("an engine")
    }

    /// Executes SQL directly.
    pub(crate) async fn execute(&self, statements: &str) {
        let mut connection = self.server.connect(&self.name).await;
        connection
            .execute(AssertSqlSafe(statements.to_owned()))
            .await
            .expect("statements that run");
        connection.close().await.expect("a closed connection");
    }

    /// Returns the first value of a query's first row as text.
    pub(crate) async fn value(&self, query: &str) -> String {
        let mut connection = self.server.connect(&self.name).await;
        let text = format!("SELECT ({query})::text");
        let value = sqlx::query_scalar(AssertSqlSafe(text)).fetch_one(&mut connection).await;
        connection.close().await.expect("a closed connection");
        value.expect("a value")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // The test's runtime may have ended, or may not block.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let mut connection = server.connect("postgres").await;
                let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                connection.execute(AssertSqlSafe(drop)).await.expect("a dropped database");
            });
        });
        let is_dropped = dropping.join().is_ok();
        assert!(
            is_dropped || std::thread::panicking(),
            "the database {} was not dropped",
            self.name
        );
    }
}

/// Returns the default settings.
pub(crate) fn defaults() -> Settings {
    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        settings: Settings,
    }
    Command::parse_from(["akin"]).settings
}

/// Returns the report of an error, which must be one line.
pub(crate) fn report(error: &PortError) -> String {
    let report = error.report();
    assert!(!report.contains('\n'), "not one line: {report}");
    report
}

/// Creates a product id.
pub(crate) fn id(text: &str) -> ProductId {
    ProductId::new(text).expect("an id")
}

/// Returns the fingerprint of the tests' embeddings.
pub(crate) fn fingerprint(dimension: usize) -> Fingerprint {
    Fingerprint { model: "tiny@0".into(), precision: "int8".into(), dimension }
}

/// Creates an entry with this title and embedding.
pub(crate) fn entry(text: &str, version: i64, title: &str, embedding: Embedding) -> IndexEntry {
    let terms: Vec<_> = title.split_ascii_whitespace().collect();
    let fingerprint = fingerprint(embedding.as_slice().len());
    IndexEntry {
        id: id(text),
        version: Version(version),
        embedding: EntryEmbedding::Computed {
            embedding,
            text_hash: TextHash::compute([title]),
            fingerprint,
        },
        text: AnalyzedText::new([terms, vec![], vec![], vec![], vec![]]),
        words: title.to_owned(),
        facets: FacetValues::default(),
    }
}
