//! Migrations, and the names of tables.

use akin_contracts::sample::product;
use akin_entities::Version;
use akin_ports::ProductStore;
use akin_postgres::{DatabaseMigration, PostgresEngine, Settings, migrate};

use crate::support::TestDatabase;

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_database_is_migrated_only_once() {
    let database = TestDatabase::create().await;
    let first = migrate(&database.settings()).await.expect("a migration");
    assert_eq!(first, DatabaseMigration { steps: first.steps, ..DatabaseMigration::default() });
    assert!(first.steps > 0);
    let store = database.open().await.store();
    store.apply(&[product("a", "one")], Version(1)).await.expect("a product");
    for _ in 0..2 {
        let again = migrate(&database.settings()).await.expect("a migration");
        assert_eq!(again, DatabaseMigration::default());
    }
    assert_eq!(store.counts().await.expect("counts").products, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Postgres: make test"]
async fn concurrent_migrations_are_done_once() {
    let database = TestDatabase::create().await;
    let migrations: Vec<_> = (0..8)
        .map(|number| {
            let settings = database.settings();
            tokio::spawn(async move {
                if number % 2 == 0 {
                    migrate(&settings).await.map(|migrated| migrated.steps)
                } else {
                    PostgresEngine::open(&settings).await.map(|_| 0)
                }
            })
        })
        .collect();
    for migration in migrations {
        migration.await.expect("no panic").expect("a database");
    }
    let once = "SELECT count(*) = max(version) FROM raw_products_migrations";
    assert_eq!(database.value(once).await, "true");
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn any_text_can_be_a_table_name() {
    let database = TestDatabase::create().await;
    database.execute("CREATE TABLE precious (id int)").await;
    let settings = Settings {
        raw_product_table_name: "p\"; DROP TABLE precious; --\n{outbox}".into(),
        embedded_product_table_name: "Ünusual 'table' $1 \\".into(),
        ..database.settings()
    };
    let engine = PostgresEngine::open(&settings).await.expect("an engine");
    engine.store().apply(&[product("a", "one")], Version(1)).await.expect("a product");
    let embedding = akin_entities::Embedding::new(&[1.0, 0.0]).expect("a direction");
    let entry = crate::support::entry("a", 1, "red tripod", embedding);
    akin_ports::ProductIndex::upsert(&engine.index(), &[entry]).await.expect("an entry");
    assert_eq!(database.value("SELECT count(*) FROM precious").await, "0");
    let table = "SELECT count(*) FROM \"p\"\"; DROP TABLE precious; --\n{outbox}\"";
    assert_eq!(database.value(table).await, "1");
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn several_catalogues_can_share_a_database() {
    let database = TestDatabase::create().await;
    let second = Settings {
        raw_product_table_name: "second".into(),
        embedded_product_table_name: "second_embedded".into(),
        ..database.settings()
    };
    let (first, second) = (database.open().await, PostgresEngine::open(&second).await);
    let second = second.expect("an engine").store();
    first.store().apply(&[product("a", "one")], Version(1)).await.expect("a product");
    assert_eq!(second.counts().await.expect("counts").products, 0);
}
