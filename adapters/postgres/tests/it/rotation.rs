//! A password that is changed while a process runs.

use crate::support::{Server, TestDatabase};
use akin_ports::{ErrorKind, PortError, ProductStore};
use akin_postgres::{PostgresEngine, Renewal, Settings};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// A role of its own, whose settings are read from a secret.
struct Role {
    database: TestDatabase,
    name: String,
    /// The settings of the secret, and how often they were read again.
    secret: Arc<Mutex<Settings>>,
    read: Arc<AtomicU32>,
}

impl Role {
    async fn create() -> Self {
        let database = TestDatabase::create().await;
        let name = format!("{}_role", database.name);
        let create = format!("CREATE ROLE {name} SUPERUSER LOGIN PASSWORD 'first'");
        database.execute(&create).await;
        let settings = Settings {
            user: Some(name.clone()),
            password: Some("first".into()),
            max_connections: 2.try_into().unwrap(),
            ..database.settings()
        };
        Self { database, name, secret: Arc::new(Mutex::new(settings)), read: Arc::default() }
    }

    fn settings(&self) -> Settings {
        let (secret, read) = (self.secret.clone(), self.read.clone());
        let renewal = Renewal::new(move || {
            read.fetch_add(1, Ordering::Relaxed);
            let settings = secret.lock().unwrap().clone();
            Box::pin(async move { Ok(settings) })
        });
        Settings { renewal: Some(renewal), ..self.secret.lock().unwrap().clone() }
    }

    /// Changes the password, and ends the connections that have the former one.
    async fn change_password(&self, password: &str) {
        let name = &self.name;
        self.database
            .execute(&format!(
                "ALTER ROLE {name} PASSWORD '{password}'; SELECT count(pg_terminate_backend(pid)) \
                 FROM pg_stat_activity WHERE usename = '{name}'"
            ))
            .await;
    }

    fn rotate_secret(&self, password: &str) {
        self.secret.lock().unwrap().password = Some(password.into());
    }

    fn reads(&self) -> u32 {
        self.read.load(Ordering::Relaxed)
    }

    async fn remove(self) {
        let (server, name, database) = (Server::shared(), self.name, self.database);
        let admin = TestDatabase { server, name: "postgres".to_owned() };
        database.execute(&format!("DROP OWNED BY {name} CASCADE")).await;
        admin.execute(&format!("DROP ROLE {name}")).await;
        std::mem::forget(admin);
    }
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_rotated_password_is_read_again_when_the_former_one_is_rejected() {
    let role = Role::create().await;
    let engine = PostgresEngine::open(&role.settings()).await.unwrap();
    let store = engine.store();
    store.counts().await.unwrap();
    assert_eq!(role.reads(), 0, "nothing was rejected");
    for password in ["second", "third", "first"] {
        role.rotate_secret(password);
        role.change_password(password).await;
        store.counts().await.unwrap();
    }
    assert!(role.reads() >= 3, "{}", role.reads());
    let reads = role.reads();
    store.counts().await.unwrap();
    assert_eq!(role.reads(), reads, "what was read is kept");
    drop((engine, store));
    role.remove().await;
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn opening_with_settings_of_an_older_secret_reads_them_again() {
    let role = Role::create().await;
    let old = role.settings();
    role.rotate_secret("second");
    role.change_password("second").await;
    let engine = PostgresEngine::open(&old).await.unwrap();
    engine.store().counts().await.unwrap();
    engine.optimize().await.unwrap();
    drop(engine);
    role.remove().await;
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_password_that_stays_wrong_is_misconfigured_and_an_unreadable_secret_says_so() {
    let role = Role::create().await;
    let engine = PostgresEngine::open(&role.settings()).await.unwrap();
    role.change_password("second").await;
    let error = engine.store().counts().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured, "{}", error.report());
    assert_eq!(role.reads(), 1, "it is read once for a call");

    let away = Renewal::new(|| {
        Box::pin(async { Err(PortError::new("secrets", ErrorKind::Unavailable, "away")) })
    });
    let settings = Settings { renewal: Some(away), ..role.settings() };
    let error = PostgresEngine::open(&settings).await.unwrap_err();
    assert_eq!(
        (error.kind, error.report().as_str()),
        (ErrorKind::Unavailable, "secrets is unavailable: away")
    );
    drop(engine);
    role.remove().await;
}
