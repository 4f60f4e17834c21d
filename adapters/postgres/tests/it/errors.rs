//! What an operator reads when something is wrong: one line that names the setting and the remedy,
//! within ten seconds.

use akin_ports::{ErrorKind, PortError, ProductIndex, ProductStore};
use akin_postgres::{PostgresEngine, Settings};
use std::time::{Duration, Instant};

use crate::support::{Database, Server, entry, fingerprint, id, story};

/// Opening with these settings fails, soon, with this kind, and the story holds all of `words`.
async fn refused(settings: &Settings, kind: ErrorKind, words: &[&str]) -> PortError {
    let begun = Instant::now();
    let error = PostgresEngine::open(settings).await.expect_err("it must not open");
    assert!(begun.elapsed() < Duration::from_secs(10), "after {:?}", begun.elapsed());
    let story = story(&error);
    assert_eq!(error.kind, kind, "{story}");
    for word in words {
        assert!(story.contains(word), "{word:?} is not in: {story}");
    }
    error
}

/// A user who must know a password.
async fn guarded(server: &Server) {
    let mut connection = server.connect("postgres").await;
    let create = "DO $$ BEGIN CREATE ROLE guarded LOGIN PASSWORD 'open sesame';
                  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$";
    sqlx::Executor::execute(&mut connection, create).await.expect("a role");
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_wrong_password_names_the_settings() {
    let database = Database::create().await;
    guarded(&database.server).await;
    let settings = Settings { user: Some("guarded".into()), ..database.settings() };
    for password in [None, Some("wrong")] {
        let password = password.map(|text| text.parse().expect("a password"));
        let settings = Settings { password, ..settings.clone() };
        let words = ["POSTGRES_USER", "POSTGRES_PASSWORD", "guarded"];
        let error = refused(&settings, ErrorKind::Misconfigured, &words).await;
        assert!(!story(&error).contains("wrong"), "a password is told");
    }
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_user_without_rights_reads_who_must_act() {
    let database = Database::create().await;
    guarded(&database.server).await;
    let password = Some("open sesame".parse().expect("a password"));
    let settings = Settings { user: Some("guarded".into()), password, ..database.settings() };
    refused(&settings, ErrorKind::Misconfigured, &["vector", "CREATE EXTENSION", "pgvector"]).await;
    database.open().await;
    let words = ["permission denied", "grant POSTGRES_USER"];
    refused(&settings, ErrorKind::Misconfigured, &words).await;
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn an_unknown_host_a_closed_port_an_unknown_database_are_told_apart() {
    let database = Database::create().await;
    let settings = database.settings();
    let host = Settings { host: Some("nowhere.invalid".into()), ..settings.clone() };
    refused(&host, ErrorKind::Misconfigured, &["nowhere.invalid", "POSTGRES_HOST"]).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let closed = Settings { port, ..settings.clone() };
    refused(&closed, ErrorKind::Unavailable, &["POSTGRES_PORT"]).await;
    let unknown = Settings { database: Some("nobody's".into()), ..settings };
    refused(&unknown, ErrorKind::Misconfigured, &["nobody's", "POSTGRES_DB"]).await;
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_host_that_never_answers_is_given_up() {
    let database = Database::create().await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let settings = Settings { port, ..database.settings() };
    refused(&settings, ErrorKind::Unavailable, &["5 s", "POSTGRES_CONNECT_TIMEOUT"]).await;
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_server_that_is_no_postgres_is_no_hang_and_no_panic() {
    let database = Database::create().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut client, answer).await.ok();
        }
    });
    let settings = Settings { port, ..database.settings() };
    refused(&settings, ErrorKind::Unavailable, &[&port.to_string()]).await;
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn tables_of_a_newer_akin_are_left_alone() {
    let database = Database::create().await;
    database.open().await;
    database.execute("INSERT INTO embedded_products_migrations (version) VALUES (99)").await;
    let words = ["embedded_products_migrations", "99", "newer"];
    refused(&database.settings(), ErrorKind::Misconfigured, &words).await;
    let error = akin_postgres::migrate(&database.settings()).await.expect_err("nor migrated");
    assert!(story(&error).contains("99"));
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn tables_that_went_name_the_remedy() {
    let database = Database::create().await;
    let engine = database.open().await;
    database.execute("DROP TABLE raw_products, embedded_products_state").await;
    for error in [
        engine.store().fetch(&[id("a")]).await.expect_err("no products"),
        engine.index().count().await.expect_err("no state"),
    ] {
        assert_eq!(error.kind, ErrorKind::Misconfigured);
        assert!(story(&error).contains("akin migrate"), "{}", story(&error));
    }
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn another_model_or_dimension_names_both() {
    let database = Database::create().await;
    let index = database.open().await.index();
    let embedding = |raw: &[f32]| akin_entities::Embedding::new(raw).expect("a direction");
    let first = entry("a", 1, "red", embedding(&[1.0, 0.0, 0.0]));
    assert!(index.upsert(&[first]).await.expect("an upsert").is_empty());
    let other = entry("b", 1, "red", embedding(&[1.0, 0.0]));
    let failures = index.upsert(&[other]).await.expect("an upsert");
    let (_, error) = failures.iter().next().expect("a failure");
    let story = story(error);
    for word in ["tiny@0/int8/3", "tiny@0/int8/2", "POSTGRES_EMBEDDED_PRODUCT_TABLE_NAME"] {
        assert!(story.contains(word), "{story}");
    }
    assert_eq!(index.fingerprint().await.expect("an answer"), Some(fingerprint(3)));
}

#[tokio::test]
async fn all_missing_settings_are_named_before_anything_is_tried() {
    let settings =
        Settings { raw_product_table_name: "x".repeat(64), ..crate::support::defaults() };
    let words = ["POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_DB", "RAW_PRODUCT_TABLE_NAME"];
    refused(&settings, ErrorKind::Misconfigured, &words).await;
}
