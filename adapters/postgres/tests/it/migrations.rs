//! Migrations, and the names of tables.

use akin_contracts::sample::product;
use akin_entities::{
    AnalyzedText, Embedding, FacetValues, Filter, KeywordField, Version, WeightedTerm, WordRule,
};
use akin_ports::{
    ChangeQueue, IndexContent, IndexIdentity, MatchQuery, Matching, NewIndex, NewRun, ProductIndex,
    ProductStore, QueueCounts, RunCounts, RunEnd, RunHolder, RunLog, RunOutcome, RunStart,
};
use akin_postgres::{DatabaseMigration, PostgresEngine, PostgresStore, Settings, migrate};

use crate::support::TestDatabase;
use std::time::Duration;

/// The tables of products before the queue had indexes of its hidden and dead messages.
const VERSION_7: [&str; 7] = [
    include_str!("../../migrations/products/0001_products.sql"),
    include_str!("../../migrations/products/0002_removed.sql"),
    include_str!("../../migrations/products/0003_queue.sql"),
    include_str!("../../migrations/products/0004_runs.sql"),
    include_str!("../../migrations/products/0005_quarantined_texts.sql"),
    include_str!("../../migrations/products/0006_conversion.sql"),
    include_str!("../../migrations/products/0007_versions.sql"),
];

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_queue_of_an_earlier_version_keeps_its_messages() {
    let database = TestDatabase::create().await;
    for file in VERSION_7 {
        let mut statements = file.replace("{products}", "raw_products");
        for table in ["outbox", "quarantine", "removed", "queue", "runs", "versions"] {
            let name = format!("raw_products_{table}");
            statements = statements.replace(&format!("{{{table}}}"), &name);
        }
        database.execute(&statements).await;
    }
    database
        .execute(
            "CREATE TABLE raw_products_migrations (
                 version integer PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now());
             INSERT INTO raw_products_migrations SELECT generate_series(1, 7);
             INSERT INTO raw_products_queue (product_id, version, tries, leased, visible, died) VALUES
                 ('ready', 1, 0, false, now(), NULL),
                 ('delayed', 1, 1, false, now() + interval '1 hour', NULL),
                 ('in flight', 1, 1, true, now() + interval '1 hour', NULL),
                 ('expired', 1, 1, true, now() - interval '1 hour', NULL),
                 ('hopeless', 1, 5, true, now() - interval '1 hour', NULL),
                 ('dead', 1, 5, false, now(), now())",
        )
        .await;
    let queue = database.open().await.queue(Duration::from_mins(1));
    let counts = QueueCounts { waiting: 4, in_flight: 1, dead: 1 };
    assert_eq!(queue.counts().await.expect("counts"), counts);
    let received = queue.receive(10).await.expect("messages");
    let ids: Vec<_> = received.iter().map(|delivery| delivery.change.id.as_str()).collect();
    assert_eq!(ids, ["ready", "expired"]);
    let counts = QueueCounts { waiting: 1, in_flight: 3, dead: 2 };
    assert_eq!(queue.counts().await.expect("counts"), counts);
}

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

/// Takes back what counts matches.
const WITHOUT_MATCHES: &str = "
    ALTER TABLE embedded_products_postings DROP CONSTRAINT embedded_products_postings_pkey;
    ALTER TABLE embedded_products_postings DROP COLUMN in_name;
    ALTER TABLE embedded_products_postings ADD PRIMARY KEY (term, key) INCLUDE (share);
    ALTER TABLE embedded_products_values DROP COLUMN folded;
    DELETE FROM embedded_products_migrations WHERE version >= 3;
";

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn matches_are_found_in_an_index_of_an_earlier_version() {
    let database = TestDatabase::create().await;
    let index = database.open().await.index();
    let direction = akin_entities::Embedding::new(&[1.0, 0.0]).expect("a direction");
    let entry = |id: &str, title: &str, brand: &str| {
        let entry = crate::support::entry(id, 1, title, direction.clone());
        let facets = FacetValues { brand: brand.to_owned(), ..FacetValues::default() };
        let title = title.split(' ').collect();
        let text = AnalyzedText::new([title, vec![], vec!["category"], vec!["cafe"], vec![]]);
        akin_ports::IndexEntry { facets, text, ..entry }
    };
    let entries = [entry("a", "red lamp", "Café"), entry("b", "tripod", "CAFE")];
    assert!(index.upsert(&entries).await.expect("entries").is_empty());
    database.execute(WITHOUT_MATCHES).await;

    let index = database.open().await.index();
    let count = async |title: &str, brand: &str| {
        let term = WeightedTerm { text: title.to_owned(), named: 1, ..WeightedTerm::default() };
        let words = Some(WordRule { terms: vec![term], least: 1 });
        let query = MatchQuery {
            matching: Matching::Some { words, also: Vec::new(), near: None },
            filter: Filter::default().with_any_of(KeywordField::Brand, [brand]),
            facets: Vec::new(),
            page: None,
        };
        index.matches(&query).await.expect("matches").total
    };
    assert_eq!((count("lamp", "cafe").await, count("tripod", "Café").await), (1, 1));
    assert_eq!((count("lamp", "caf").await, count("stand", "cafe").await), (0, 0));
    assert_eq!((count("cafe", "cafe").await, count("category", "cafe").await), (2, 0));
}

/// Takes back what registers indexes.
const WITHOUT_INDEXES: &str = "
    ALTER TABLE raw_products_runs DROP COLUMN repeated;
    ALTER TABLE raw_products_runs DROP COLUMN blanked;
    ALTER TABLE raw_products_quarantine DROP COLUMN kept;
    DROP TABLE raw_products_indexes;
    DELETE FROM raw_products_migrations WHERE version >= 9;
    ALTER TABLE embedded_products_state DROP COLUMN identity;
    ALTER TABLE embedded_products_postings RENAME COLUMN in_name TO in_title;
    DELETE FROM embedded_products_migrations WHERE version >= 2";

async fn ids_owed_to(store: &PostgresStore, identity: IndexIdentity, products: u64) -> Vec<String> {
    let content = IndexContent::Products(products);
    store.register_indexes(&[NewIndex { identity, content }]).await.expect("a registration");
    let waiting = store.outbox(None, 10).await.expect("the outbox");
    waiting.iter().map(|entry| entry.change.id.to_string()).collect()
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn the_index_of_an_older_akin_is_owed_what_waits_and_a_second_one_everything() {
    let database = TestDatabase::create().await;
    let engine = database.open().await;
    let products = [product("a", "one"), product("b", "one")];
    engine.store().apply(&products, Version(1)).await.expect("products");
    let waiting = engine.store().outbox(None, 1).await.expect("the outbox");
    engine.store().clear_outbox(&waiting).await.expect("an embedded product");
    let embedding = Embedding::new(&[1.0, 0.0]).expect("a direction");
    let entry = crate::support::entry("a", 1, "red tripod", embedding);
    engine.index().upsert(&[entry]).await.expect("an entry");
    database.execute(WITHOUT_INDEXES).await;

    let engine = database.open().await;
    let own = engine.index().identity().await.expect("an identity");
    let held = engine.index().count().await.expect("a count");
    assert_eq!(ids_owed_to(&engine.store(), own, held).await, ["b"]);
    let second = IndexIdentity { name: "second".into(), key: "2".into() };
    assert_eq!(ids_owed_to(&engine.store(), second, 0).await, ["b", "a"]);
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn runs_of_an_earlier_version_keep_their_counts() {
    let database = TestDatabase::create().await;
    let runs = database.open().await.runs();
    let counts = RunCounts::from_values([1, 2, 3, 4, 5, 0, 7, 8, 0, 9, 10, 11]);
    for (key, counts) in [("one", Some(counts)), ("two", None)] {
        let holder = RunHolder { name: String::new(), key: key.to_owned() };
        let run = NewRun { holder, feeds: vec!["a.csv".to_owned()], gone: None };
        let RunStart::Begun(version) = runs.begin(&run).await.expect("a run") else {
            panic!("a lease")
        };
        let end = RunEnd { outcome: RunOutcome::Finished, took: Duration::ZERO, counts };
        runs.finish(version, &end).await.expect("an end");
    }
    let before = runs.last(10).await.expect("runs");
    database
        .execute(
            "ALTER TABLE raw_products_runs DROP COLUMN repeated;
             ALTER TABLE raw_products_runs DROP COLUMN blanked;
             ALTER TABLE raw_products_quarantine DROP COLUMN kept;
             DELETE FROM raw_products_migrations WHERE version >= 10",
        )
        .await;
    assert_eq!(database.open().await.runs().last(10).await.expect("runs"), before);
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn each_index_has_an_identity_of_its_own() {
    let (one, other) = (TestDatabase::create().await, TestDatabase::create().await);
    let (one, other) = (one.open().await.index(), other.open().await.index());
    let (one, other) = (one.identity().await.expect("one"), other.identity().await.expect("other"));
    assert_eq!((&*one.name, &*other.name), ("postgres", "postgres"));
    assert_ne!(one.key, other.key);
}
