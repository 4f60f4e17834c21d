//! Adoption of another program's tables: its rows are kept, and become searchable products.

use akin_contracts::sample::{analyzed, bare_product};
use akin_entities::{Currency, Embedding, FacetValues, Filter, Price, Rating, Timestamp, Version};
use akin_ports::{
    CandidateQuery, EntryEmbedding, ErrorKind, IndexEntry, NewRun, ProductIndex, ProductStore,
    QueryVector, RunHolder, RunLog, RunStart,
};
use akin_postgres::{DatabaseMigration, PostgresEngine, Settings, migrate};

use crate::support::{TestDatabase, fingerprint, id, report};

/// The other program's tables: its own types and columns, nothing of akin's.
const TABLES: &str = "
    CREATE EXTENSION vector;
    CREATE TABLE shop_products (
        id serial PRIMARY KEY,
        product_id varchar(255) NOT NULL UNIQUE,
        name varchar(1000) NOT NULL,
        main_category varchar(255) NOT NULL,
        sub_category varchar(255),
        image_url text,
        ratings real,
        discount_price double precision,
        actual_price numeric(12, 2),
        modified_date timestamp NOT NULL DEFAULT now(),
        created_date timestamp NOT NULL,
        warehouse text NOT NULL,
        version integer
    );
    INSERT INTO shop_products (product_id, name, main_category, sub_category, image_url, ratings,
        discount_price, actual_price, modified_date, created_date, warehouse) VALUES
    ('B01', 'Red tripod', 'cameras', 'tripods', 'https://shop.example/1.jpg', 4.2, 58.05, 112.71,
        '2023-05-06 07:08:09.123456', '2023-01-01 00:00:00', 'east'),
    ('B02', 'Blue lamp', 'home', NULL, NULL, NULL, NULL, 1000000, '2023-05-06', '2023-01-01', 'west'),
    ('B03', '  ', 'home', NULL, NULL, NULL, NULL, NULL, '2023-05-06', '2023-01-01', 'west');
    CREATE TABLE shop_embedded_products (
        product_id varchar(255) PRIMARY KEY,
        name text NOT NULL,
        embedding vector(3) NOT NULL,
        version integer,
        text text
    );
    INSERT INTO shop_embedded_products (product_id, name, embedding) VALUES
    ('B01', 'Red tripod', '[0,0,2]'), ('gone', 'Old thing', '[0,1,0]');";

async fn shop() -> (TestDatabase, Settings) {
    let database = TestDatabase::create().await;
    database.execute(TABLES).await;
    let settings = Settings {
        raw_product_table_name: "shop_products".into(),
        embedded_product_table_name: "shop_embedded_products".into(),
        ..database.settings()
    };
    (database, settings)
}

/// Returns an index entry of a product, with a three-dimensional embedding.
fn embedded(name: &str, version: Version, raw: [f32; 3]) -> IndexEntry {
    let embedding = Embedding::new(&raw).expect("a direction");
    let text_hash = bare_product(name).text_hash();
    IndexEntry {
        id: id(name),
        version,
        embedding: EntryEmbedding::Computed { embedding, text_hash, fingerprint: fingerprint(3) },
        text: analyzed("red tripod"),
        words: "red tripod".into(),
        facets: FacetValues::default(),
    }
}

fn near(raw: [f32; 3]) -> CandidateQuery {
    CandidateQuery {
        terms: Vec::new(),
        vector: Some(QueryVector {
            embedding: Embedding::new(&raw).expect("a direction"),
            fingerprint: fingerprint(3),
        }),
        with_facets: false,
        filter: Filter::default(),
        depth: 10,
        threshold: None,
    }
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn rows_become_products_that_wait_to_be_embedded() {
    let (database, settings) = shop().await;
    let migrated = migrate(&settings).await.expect("a migration");
    assert_eq!(migrated, DatabaseMigration { adopted: 2, refused: 1, ..migrated });
    assert!(migrated.steps > 0);
    let store = PostgresEngine::open(&settings).await.expect("an engine").store();
    let found = store.fetch(&["B01", "B02", "B03"].map(id)).await.expect("products");
    assert_eq!(found.len(), 2, "a row without a name is not a product");
    let (tripod, lamp) = (&found[&id("B01")], &found[&id("B02")]);
    let hkd = Currency::new("HKD").expect("a currency");
    assert_eq!((&*tripod.product.name, &*tripod.product.sub_category), ("Red tripod", "tripods"));
    assert_eq!(tripod.product.rating, Rating::from_hundredths(420));
    assert_eq!(tripod.product.discount_price, Some(Price::from_minor(5_805, hkd)));
    assert_eq!(tripod.product.actual_price, Some(Price::from_minor(11_271, hkd)));
    assert_eq!(tripod.version, Version(1_683_356_889_123_456));
    assert_eq!(tripod.created, Timestamp(1_672_531_200_000_000));
    assert_eq!((lamp.product.rating, &*lamp.product.image_url), (None, ""));
    assert_eq!(lamp.product.actual_price, Some(Price::from_minor(100_000_000, hkd)));
    let waiting = store.outbox(None, 10).await.expect("an outbox");
    let waiting: Vec<_> = waiting.iter().map(|entry| entry.change.id.as_str()).collect();
    assert_eq!(waiting, ["B01", "B02"]);
    let rows = database.value("SELECT count(*) FROM shop_products").await;
    assert_eq!(rows, "3", "no row is lost");
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn embeddings_of_an_unknown_model_are_kept_but_not_searched() {
    let (database, settings) = shop().await;
    let index = PostgresEngine::open(&settings).await.expect("an engine").index();
    assert_eq!(index.count().await.expect("a count"), 0);
    assert!(index.candidates(&near([0.0, 0.0, 1.0])).await.expect("an answer").is_empty());
    let failures = index.upsert(&[embedded("B01", Version(5), [1.0, 0.0, 0.0])]).await;
    assert!(failures.expect("an upsert").is_empty());
    let found = index.candidates(&near([1.0, 0.0, 0.0])).await.expect("an answer");
    assert_eq!(found.len(), 1);
    assert!(found[0].cosine.expect("a cosine").get() > 0.999);
    let gone = "SELECT embedding FROM shop_embedded_products WHERE product_id = 'gone'";
    assert_eq!(database.value(gone).await, "[0,1,0]");
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn the_other_programs_columns_are_kept_up_to_date() {
    let (database, settings) = shop().await;
    let store = PostgresEngine::open(&settings).await.expect("an engine").store();
    let mut product = akin_contracts::sample::product("B01", "Green tripod");
    product.discount_price = Some(Price::from_minor(61_750, Currency::INR));
    let at = Version(1_700_000_000_000_001);
    let applied = store.apply(&[product.clone(), bare_product("new")], at).await.expect("products");
    assert_eq!((applied.changed, applied.inserted), (vec![id("B01")], vec![id("new")]));
    let row = "SELECT concat_ws('|', name, ratings, discount_price, actual_price, modified_date,
        created_date, warehouse) FROM shop_products WHERE product_id = 'B01'";
    assert_eq!(
        database.value(row).await,
        "Green tripod|4.25|617.5|1299.00|2023-11-14 22:13:20.000001|2023-01-01 00:00:00|east"
    );
    assert_eq!(store.fetch(&[id("B01")]).await.expect("products")[&id("B01")].product, product);
    let again = store.apply(&[product], at).await.expect("products");
    assert_eq!(again.unchanged.len(), 1);
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn dates_of_another_time_zone_do_not_outdo_the_next_run() {
    let (database, settings) = shop().await;
    let ahead =
        "UPDATE shop_products SET modified_date = now() AT TIME ZONE 'UTC' + interval '8 hours',
                     created_date = now() AT TIME ZONE 'UTC' + interval '8 hours'";
    database.execute(ahead).await;
    migrate(&settings).await.expect("a migration");
    let engine = PostgresEngine::open(&settings).await.expect("an engine");
    let now = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    let future = format!(
        "SELECT count(*) FROM shop_products WHERE akin_version > {now}
                              OR akin_created > {now}"
    );
    assert_eq!(database.value(&future).await, "0");
    let holder = RunHolder { name: "a process".into(), key: "its key".into() };
    let run = NewRun { holder, feeds: Vec::new(), gone: None };
    let RunStart::Begun(version) = engine.runs().begin(&run).await.expect("a run") else {
        panic!("nobody holds the lease");
    };
    let applied = engine.store().apply(&[bare_product("B01")], version).await.expect("a product");
    assert_eq!(applied.changed, [id("B01")]);
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn rows_that_the_other_program_adds_are_adopted_by_the_next_migration() {
    let (database, settings) = shop().await;
    migrate(&settings).await.expect("a migration");
    let late =
        "INSERT INTO shop_products (product_id, name, main_category, created_date, warehouse)
        VALUES ('late', 'Late cup', 'home', now(), 'east')";
    database.execute(late).await;
    let store = PostgresEngine::open(&settings).await.expect("an engine").store();
    assert_eq!(store.counts().await.expect("counts").products, 2);
    let migrated = migrate(&settings).await.expect("a migration");
    assert_eq!(migrated, DatabaseMigration { steps: 0, adopted: 1, refused: 1 });
    assert_eq!(store.counts().await.expect("counts").products, 3);
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn product_ids_that_are_not_texts_or_repeat_are_refused_by_name() {
    for (table, word) in [
        ("CREATE TABLE raw_products (product_id integer)", "integer"),
        (
            "CREATE TABLE raw_products (product_id text);
             INSERT INTO raw_products VALUES ('a'), ('a')",
            "unique",
        ),
    ] {
        let database = TestDatabase::create().await;
        database.execute(table).await;
        let error = migrate(&database.settings()).await.expect_err("adoption should fail");
        assert_eq!(error.kind, ErrorKind::Misconfigured);
        let report = report(&error);
        assert!(report.contains("raw_products") && report.contains(word), "{report}");
    }
}
