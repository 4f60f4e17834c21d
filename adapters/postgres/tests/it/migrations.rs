//! Migrations, and the names of the tables.

use akin_contracts::sample::product;
use akin_entities::Version;
use akin_ports::ProductStore;
use akin_postgres::{Migrated, PostgresEngine, Settings, migrate};

use crate::support::Database;

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_database_is_migrated_once_however_often_it_is_told() {
    let database = Database::create().await;
    let first = migrate(&database.settings()).await.expect("a migration");
    assert_eq!(first, Migrated { steps: first.steps, ..Migrated::default() });
    assert!(first.steps > 0);
    let store = database.open().await.store();
    store.apply(&[product("a", "one")], Version(1)).await.expect("a product");
    for _ in 0..2 {
        let again = migrate(&database.settings()).await.expect("a migration");
        assert_eq!(again, Migrated::default());
    }
    assert_eq!(store.counts().await.expect("counts").products, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Postgres: make test"]
async fn many_processes_that_migrate_at_once_do_it_once() {
    let database = Database::create().await;
    let racing: Vec<_> = (0..8)
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
    for racer in racing {
        racer.await.expect("no panic").expect("a database");
    }
    let once = "SELECT count(*) = max(version) FROM raw_products_migrations";
    assert_eq!(database.value(once).await, "true");
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_name_is_a_name_whatever_it_says() {
    let database = Database::create().await;
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
async fn several_catalogues_share_a_database() {
    let database = Database::create().await;
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
