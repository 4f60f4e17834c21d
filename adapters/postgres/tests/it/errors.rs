//! Errors reach the operator within ten seconds, as one line that names the setting and the remedy.

use akin_ports::{ErrorKind, PortError, ProductIndex, ProductStore};
use akin_postgres::{PostgresEngine, Settings};
use std::time::{Duration, Instant};

use crate::support::{Server, TestDatabase, entry, fingerprint, id, report};

/// Asserts that opening fails soon with this kind of error, whose report contains all `words`.
async fn assert_refused(settings: &Settings, kind: ErrorKind, words: &[&str]) -> PortError {
    let start = Instant::now();
    let error = PostgresEngine::open(settings).await.expect_err("opening should fail");
    assert!(start.elapsed() < Duration::from_secs(10), "after {:?}", start.elapsed());
    let report = report(&error);
    assert_eq!(error.kind, kind, "{report}");
    for word in words {
        assert!(report.contains(word), "{word:?} is not in: {report}");
    }
    error
}

/// Creates a user with a password.
async fn guarded(server: &Server) {
    let mut connection = server.connect("postgres").await;
    let create = "DO $$ BEGIN CREATE ROLE guarded LOGIN PASSWORD 'open sesame';
                  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$";
    sqlx::Executor::execute(&mut connection, create).await.expect("a role");
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_wrong_password_is_reported_with_its_settings() {
    let database = TestDatabase::create().await;
    guarded(&database.server).await;
    let settings = Settings { user: Some("guarded".into()), ..database.settings() };
    for password in [None, Some("wrong")] {
        let password = password.map(Into::into);
        let settings = Settings { password, ..settings.clone() };
        let words = ["POSTGRES_USER", "POSTGRES_PASSWORD", "guarded"];
        let error = assert_refused(&settings, ErrorKind::Misconfigured, &words).await;
        assert!(!report(&error).contains("wrong"), "the password is printed");
    }
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn missing_rights_are_reported_with_who_must_act() {
    let database = TestDatabase::create().await;
    guarded(&database.server).await;
    let password = Some("open sesame".into());
    let settings = Settings { user: Some("guarded".into()), password, ..database.settings() };
    assert_refused(
        &settings,
        ErrorKind::Misconfigured,
        &["vector", "CREATE EXTENSION", "pgvector"],
    )
    .await;
    database.open().await;
    let words = ["permission denied", "grant POSTGRES_USER"];
    assert_refused(&settings, ErrorKind::Misconfigured, &words).await;
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn unknown_hosts_closed_ports_and_unknown_databases_are_distinguished() {
    let database = TestDatabase::create().await;
    let settings = database.settings();
    let host = Settings { host: Some("nowhere.invalid".into()), ..settings.clone() };
    assert_refused(&host, ErrorKind::Misconfigured, &["nowhere.invalid", "POSTGRES_HOST"]).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let closed = Settings { port, ..settings.clone() };
    assert_refused(&closed, ErrorKind::Unavailable, &["POSTGRES_PORT"]).await;
    let unknown = Settings { database: Some("nobody's".into()), ..settings };
    assert_refused(&unknown, ErrorKind::Misconfigured, &["nobody's", "POSTGRES_DB"]).await;
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn opening_gives_up_on_a_host_that_never_answers() {
    let database = TestDatabase::create().await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let settings = Settings { port, ..database.settings() };
    assert_refused(&settings, ErrorKind::Unavailable, &["5 s", "POSTGRES_CONNECT_TIMEOUT"]).await;
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn another_kind_of_server_causes_neither_a_hang_nor_a_panic() {
    let database = TestDatabase::create().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let response = b"HTTP/1.1 400 Bad Request\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut client, response).await.ok();
        }
    });
    let settings = Settings { port, ..database.settings() };
    assert_refused(&settings, ErrorKind::Unavailable, &[&port.to_string()]).await;
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn tables_of_a_newer_akin_are_not_touched() {
    let database = TestDatabase::create().await;
    database.open().await;
    database.execute("INSERT INTO embedded_products_migrations (version) VALUES (99)").await;
    let words = ["embedded_products_migrations", "99", "newer"];
    assert_refused(&database.settings(), ErrorKind::Misconfigured, &words).await;
    let error = akin_postgres::migrate(&database.settings()).await.expect_err("no migration");
    assert!(report(&error).contains("99"));
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn missing_tables_are_reported_with_the_remedy() {
    let database = TestDatabase::create().await;
    let engine = database.open().await;
    database.execute("DROP TABLE raw_products, embedded_products_state").await;
    for error in [
        engine.store().fetch(&[id("a")]).await.expect_err("no products"),
        engine.index().count().await.expect_err("no state"),
    ] {
        assert_eq!(error.kind, ErrorKind::Misconfigured);
        assert!(report(&error).contains("akin migrate"), "{}", report(&error));
    }
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn an_embedding_of_another_model_is_refused_naming_both() {
    let database = TestDatabase::create().await;
    let index = database.open().await.index();
    let embedding = |raw: &[f32]| akin_entities::Embedding::new(raw).expect("a direction");
    let first = entry("a", 1, "red", embedding(&[1.0, 0.0, 0.0]));
    assert!(index.upsert(&[first]).await.expect("an upsert").is_empty());
    let other = entry("b", 1, "red", embedding(&[1.0, 0.0]));
    let failures = index.upsert(&[other]).await.expect("an upsert");
    let (_, error) = failures.iter().next().expect("a failure");
    let report = report(error);
    for word in ["tiny@0/int8/3", "tiny@0/int8/2", "POSTGRES_EMBEDDED_PRODUCT_TABLE_NAME"] {
        assert!(report.contains(word), "{report}");
    }
    assert_eq!(index.fingerprint().await.expect("an answer"), Some(fingerprint(3)));
}

#[tokio::test]
async fn all_missing_settings_are_reported_before_connecting() {
    let settings =
        Settings { raw_product_table_name: "x".repeat(64), ..crate::support::defaults() };
    let words = ["POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_DB", "RAW_PRODUCT_TABLE_NAME"];
    assert_refused(&settings, ErrorKind::Misconfigured, &words).await;
}
