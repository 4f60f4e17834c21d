//! Adopted tables have limits of their own: those that may be lifted are, and a product that exceeds
//! another one fails alone.

use akin_contracts::sample::{bare_product, product};
use akin_entities::{Currency, Price, Product, ProductRecord, Timestamp, Version};
use akin_ports::{Applied, ErrorKind, ProductStore};
use akin_postgres::{PostgresEngine, migrate};

use crate::support::{TestDatabase, id, report};

async fn adopted(tables: &str) -> (TestDatabase, PostgresEngine) {
    let database = TestDatabase::create().await;
    database.execute(tables).await;
    let engine = database.open().await;
    (database, engine)
}

/// Applies `bad` between two products of which nothing is exceptional, and returns why it failed.
async fn refusal(engine: &PostgresEngine, bad: &Product) -> String {
    let good = ["good", "great"].map(bare_product);
    let batch = [good[0].clone(), bad.clone(), good[1].clone()];
    let applied = engine.store().apply(&batch, Version(5)).await.expect("an answer");
    let written = if applied.inserted.is_empty() { &applied.unchanged } else { &applied.inserted };
    assert_eq!(*written, ["good", "great"].map(id), "{applied:?}");
    sole_failure(&applied, bad)
}

fn sole_failure(applied: &Applied, bad: &Product) -> String {
    assert_eq!(applied.failures.keys().collect::<Vec<_>>(), [&bad.id], "{applied:?}");
    let error = &applied.failures[&bad.id];
    assert_eq!(error.kind, ErrorKind::Refused, "{error:?}");
    report(error)
}

fn assert_names(report: &str, words: &[&str]) {
    for word in words {
        assert!(report.contains(word), "{word:?} is not in: {report}");
    }
}

fn priced(minor: u64) -> Product {
    Product { actual_price: Some(Price::from_minor(minor, Currency::USD)), ..bare_product("bad") }
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn adoption_lifts_the_limits_of_the_columns_that_akin_writes() {
    let (database, engine) = adopted(
        "CREATE TABLE raw_products (
            product_id varchar(20) PRIMARY KEY, name varchar(10) COLLATE \"C\", brand char(5),
            description varchar(10), ratings numeric(2, 1), actual_price numeric(5, 2),
            color varchar(3));
         INSERT INTO raw_products VALUES ('old', 'lamp', 'ab', NULL, 4.5, 1.5, 'red')",
    )
    .await;
    let long = "x".repeat(256);
    let applied = engine.store().apply(&[product(&long, &"y".repeat(9_000))], Version(5)).await;
    assert_eq!(applied.expect("products").inserted, [id(&long)]);
    let types = "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
                 FROM pg_attribute WHERE attrelid = 'raw_products'::regclass
                     AND attname IN ('name', 'brand', 'actual_price', 'color')";
    assert_eq!(
        database.value(types).await,
        "name character varying, brand text, actual_price numeric, color character varying(3)"
    );
    let collation = "SELECT collname FROM pg_attribute JOIN pg_collation c ON c.oid = attcollation
                     WHERE attrelid = 'raw_products'::regclass AND attname = 'name'";
    assert_eq!(database.value(collation).await, "C", "a collation is kept");
    let old = engine.store().fetch(&[id("old")]).await.expect("products");
    assert_eq!(old[&id("old")].product.brand, "ab", "blanks at the end of char(n) are no content");
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_limit_that_cannot_be_lifted_is_named_with_column_and_length() {
    let (_database, engine) = adopted(
        "CREATE TABLE raw_products (
            product_id text PRIMARY KEY, name varchar(10), actual_price numeric(5, 2),
            discount_price smallint);
         CREATE VIEW names AS SELECT name, actual_price FROM raw_products",
    )
    .await;
    let long = Product { name: "y".repeat(12), ..bare_product("bad") };
    let named = refusal(&engine, &long).await;
    assert_names(&named, &["\"name\"", "raw_products", "character varying(10)", "12 characters"]);
    let dear = refusal(&engine, &priced(1_234_567)).await;
    assert_names(&dear, &["\"actual_price\"", "numeric(5,2)", "12345.67"]);
    let price = Some(Price::from_minor(9_999_900, Currency::USD));
    let reduced = Product { discount_price: price, ..bare_product("bad") };
    let reduced = refusal(&engine, &reduced).await;
    assert_names(&reduced, &["\"discount_price\"", "smallint", "99999.00"]);
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_product_refused_by_an_index_constraint_or_trigger_fails_alone() {
    let (_database, engine) = adopted(
        "CREATE TABLE raw_products (
            product_id text PRIMARY KEY, name text CHECK (name <> 'forbidden'), brand text,
            description text);
         CREATE INDEX by_description ON raw_products (description);
         CREATE UNIQUE INDEX by_brand ON raw_products (brand) WHERE brand <> '';
         INSERT INTO raw_products (product_id, name, brand) VALUES ('held', 'lamp', 'Lumo');
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'not for sale: %', NEW.name; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON raw_products FOR EACH ROW
             WHEN (NEW.name = 'stolen') EXECUTE FUNCTION refuse()",
    )
    .await;
    // Repeated text would be compressed.
    let mut numbers = akin_contracts::sample::Numbers(7);
    let parts: Vec<_> = (0..300).map(|_| format!("{:016x}", numbers.draw())).collect();
    let description = parts.concat();
    let long = refusal(&engine, &Product { description, ..bare_product("bad") }).await;
    assert_names(&long, &["\"description\"", "by_description", "4800 characters"]);
    let forbidden = Product { name: "forbidden".into(), ..bare_product("bad") };
    assert_names(&refusal(&engine, &forbidden).await, &["raw_products_name_check"]);
    let twice = Product { brand: "Lumo".into(), ..bare_product("bad") };
    assert_names(&refusal(&engine, &twice).await, &["by_brand"]);
    let stolen = Product { name: "stolen".into(), ..bare_product("bad") };
    assert_names(&refusal(&engine, &stolen).await, &["not for sale: stolen"]);
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn both_ids_that_a_table_treats_as_one_are_named() {
    let (database, engine) = adopted(
        "CREATE EXTENSION citext;
         CREATE TABLE raw_products (product_id citext PRIMARY KEY, name text);
         INSERT INTO raw_products VALUES ('B01', 'lamp')",
    )
    .await;
    let store = engine.store();
    let batch = ["b01", "c02", "C02"].map(bare_product);
    let applied = store.apply(&batch, Version(5)).await.expect("an answer");
    let mut failed: Vec<_> = applied.failures.keys().map(ToString::to_string).collect();
    failed.sort();
    assert_eq!((applied.inserted.len(), &*failed), (1, &["b01".to_owned(), "c02".to_owned()][..]));
    let named = report(&applied.failures[&id("b01")]);
    assert_names(&named, &["\"B01\"", "product_id", "raw_products", "citext"]);
    assert_names(&report(&applied.failures[&id("c02")]), &["\"C02\""]);
    let held = store.fetch(&["B01", "b01", "C02"].map(id)).await.expect("products");
    assert_eq!((held.len(), &*held[&id("B01")].product.name), (2, "lamp"), "no row was mixed up");
    assert_eq!(database.value("SELECT count(*) FROM raw_products").await, "2");
    let removed = store.remove(&["b01", "B01"].map(id), Version(9)).await.expect("a removal");
    assert_eq!(removed, [id("B01")]);
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_row_that_others_refer_to_stays_when_its_product_is_removed() {
    let (database, engine) = adopted(
        "CREATE TABLE raw_products (product_id text PRIMARY KEY, name text);
         INSERT INTO raw_products VALUES ('sold', 'lamp'), ('new', 'cup');
         CREATE TABLE orders (product_id text REFERENCES raw_products);
         INSERT INTO orders VALUES ('sold')",
    )
    .await;
    let store = engine.store();
    let later = Version(i64::MAX / 2);
    let mut removed = store.remove(&["sold", "new"].map(id), later).await.expect("a removal");
    removed.sort();
    assert_eq!(removed, ["new", "sold"].map(id));
    assert!(store.fetch(&["sold", "new"].map(id)).await.expect("products").is_empty());
    assert_eq!(store.counts().await.expect("counts").outbox, 2);
    assert_eq!(database.value("SELECT string_agg(name, ',') FROM raw_products").await, "lamp");
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_copy_that_a_table_refuses_ends_with_the_product_and_its_column() {
    let (_database, engine) = adopted(
        "CREATE TABLE raw_products (product_id text PRIMARY KEY, name varchar(10));
         CREATE VIEW names AS SELECT name FROM raw_products",
    )
    .await;
    let record = |product| ProductRecord { product, created: Timestamp(1), version: Version(1) };
    let long = Product { name: "y".repeat(12), ..bare_product("bad") };
    let records = [bare_product("good"), long, bare_product("great")].map(record);
    let error = engine.store().restore(&records).await.expect_err("one product is refused");
    assert_eq!(error.kind, ErrorKind::Refused);
    assert_names(&report(&error), &["\"bad\"", "\"name\"", "12 characters"]);
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn no_value_of_another_program_ends_its_adoption() {
    let (_database, engine) = adopted(
        "CREATE TABLE raw_products (
            product_id text PRIMARY KEY, name text, actual_price text, ratings text,
            modified_date text, created_date date);
         INSERT INTO raw_products VALUES
            ('a', 'lamp', '999999999999999', '4.5', '2023-01-01', '5874897-01-01'),
            ('b', 'lamp', '999999999999999e+09', 'NaN', 'tomorrow?', '0044-03-15 BC'),
            ('c', 'lamp', '', '', '294276-12-31', 'infinity'),
            ('d', 'lamp', NULL, '99', '2023-02-31', NULL)",
    )
    .await;
    assert_eq!(engine.store().counts().await.expect("counts").products, 4);
    let found = engine.store().fetch(&[id("a")]).await.expect("products");
    let found = &found[&id("a")];
    assert_eq!(found.version, Version(1_672_531_200_000_000));
    assert_eq!(found.product.rating, akin_entities::Rating::from_hundredths(450));
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_table_that_akin_cannot_write_is_refused_with_its_column() {
    for (table, words) in [
        (
            "CREATE TABLE raw_products (product_id text PRIMARY KEY, main_category integer)",
            ["\"main_category\"", "integer"],
        ),
        (
            "CREATE TABLE raw_products (product_id text PRIMARY KEY,
                 name text GENERATED ALWAYS AS ('lamp') STORED)",
            ["\"name\"", "raw_products"],
        ),
    ] {
        let database = TestDatabase::create().await;
        database.execute(table).await;
        let error = migrate(&database.settings()).await.expect_err("adoption should fail");
        assert_eq!(error.kind, ErrorKind::Misconfigured);
        assert_names(&report(&error), &words);
        assert_names(&report(&error), &["POSTGRES_RAW_PRODUCT_TABLE_NAME"]);
    }
}
