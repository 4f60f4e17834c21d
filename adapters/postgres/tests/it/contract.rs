//! The ports' contracts on a real server, with exact vector search and with a graph.

use akin_contracts::Subject;
use akin_entities::ProductId;
use akin_ports::{ChangeQueue, ProductIndex, ProductStore, RunLog};
use akin_postgres::{PostgresEngine, Settings};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{TestDatabase, id};

mod store {
    akin_contracts::product_store_contract!(super::store, ignore = "needs Postgres: make test");
}

mod store_in_small_statements {
    akin_contracts::product_store_contract!(
        super::store_in_small_statements,
        ignore = "needs Postgres: make test"
    );
}

mod store_in_an_adopted_table {
    akin_contracts::product_store_contract!(
        super::store_in_an_adopted_table,
        ignore = "needs Postgres: make test"
    );
}

mod queue {
    akin_contracts::change_queue_contract!(super::queue, ignore = "needs Postgres: make test");
}

mod runs {
    akin_contracts::run_log_contract!(super::runs, ignore = "needs Postgres: make test");
}

mod index_with_exact_search {
    akin_contracts::product_index_contract!(
        super::index_with_exact_search,
        ignore = "needs Postgres: make test"
    );
}

mod index_with_graph {
    akin_contracts::product_index_contract!(
        super::index_with_graph,
        ignore = "needs Postgres: make test"
    );
}

mod index_in_an_adopted_table {
    akin_contracts::product_index_contract!(
        super::index_in_an_adopted_table,
        ignore = "needs Postgres: make test"
    );
}

async fn engine(settings: impl FnOnce(Settings) -> Settings) -> (TestDatabase, PostgresEngine) {
    let database = TestDatabase::create().await;
    let engine = PostgresEngine::open(&settings(database.settings())).await.expect("an engine");
    (database, engine)
}

async fn store() -> Subject<dyn ProductStore> {
    let (database, engine) = engine(|settings| settings).await;
    Subject::store(engine.store(), engine.runs()).keeping(database)
}

/// Simulates the passing of time by changing the times that are compared with the server's clock.
async fn queue() -> Subject<dyn ChangeQueue> {
    let (database, engine) = engine(|settings| settings).await;
    let database = Arc::new(database);
    let queue = Arc::new(engine.queue(Duration::from_mins(1)));
    let database_of_queue = Arc::clone(&database);
    let pass = move |time: Duration| {
        let database = Arc::clone(&database_of_queue);
        async move {
            let earlier =
                format!("visible = visible - interval '{} microseconds'", time.as_micros());
            database.execute(&format!("UPDATE raw_products_queue SET {earlier}")).await;
        }
    };
    Subject::queue(queue.clone(), queue, pass).keeping(database)
}

async fn runs() -> Subject<dyn RunLog> {
    let (database, engine) = engine(|settings| settings).await;
    let database = Arc::new(database);
    let leases = Arc::clone(&database);
    let move_leases = move |micros: i64| {
        let database = Arc::clone(&leases);
        async move {
            let later = format!("UPDATE raw_products_runs SET expires = expires + {micros}");
            database.execute(&later).await;
        }
    };
    Subject::run_log(engine.runs(), move_leases).keeping(database)
}

/// Each batch takes several statements of one transaction.
async fn store_in_small_statements() -> Subject<dyn ProductStore> {
    let few = NonZeroUsize::new(3).expect("a number");
    let few = |settings| Settings { upsert_batch_size: few, fetch_batch_size: few, ..settings };
    let (database, engine) = engine(few).await;
    Subject::store(engine.store(), engine.runs()).keeping(database).of_size(100)
}

/// Another program's tables, with its own types and indexes. The views keep akin from widening the
/// ids.
const ADOPTED: &str = "
    CREATE TABLE raw_products (
        id serial PRIMARY KEY, product_id varchar(256) NOT NULL UNIQUE, name varchar(20) NOT NULL,
        main_category varchar(10) NOT NULL DEFAULT 'other', brand char(5),
        ratings numeric(2, 1) NOT NULL DEFAULT 0, discount_price numeric(6, 2) NOT NULL DEFAULT 0,
        actual_price numeric(6, 2), modified_date timestamp NOT NULL DEFAULT now());
    CREATE VIEW product_ids AS SELECT product_id FROM raw_products;
    CREATE EXTENSION vector;
    CREATE TABLE embedded_products (
        product_id varchar(256) PRIMARY KEY, name varchar(20) NOT NULL, embedding vector(3) NOT NULL);
    CREATE VIEW embedded_ids AS SELECT product_id FROM embedded_products;";

/// Returns an id that those tables cannot hold: it is stored in 400 characters.
fn too_long() -> ProductId {
    id(&"\u{1}".repeat(200))
}

async fn adopted() -> (TestDatabase, PostgresEngine) {
    let database = TestDatabase::create().await;
    database.execute(ADOPTED).await;
    let engine = database.open().await;
    (database, engine)
}

async fn store_in_an_adopted_table() -> Subject<dyn ProductStore> {
    let (database, engine) = adopted().await;
    Subject::store(engine.store(), engine.runs()).keeping(database).refusing(too_long())
}

async fn index_in_an_adopted_table() -> Subject<dyn ProductIndex> {
    let (database, engine) = adopted().await;
    Subject::index(engine.index()).keeping(database).refusing(too_long())
}

/// The configuration of a small shop.
async fn index_with_exact_search() -> Subject<dyn ProductIndex> {
    let (database, engine) = engine(|settings| settings).await;
    Subject::index(engine.index()).keeping(database)
}

/// The configuration of a large shop: from the second product on there is a graph, which is used
/// wherever it has four times as many products to choose from as requested.
async fn index_with_graph() -> Subject<dyn ProductIndex> {
    let (database, engine) = engine(|settings| Settings { exact_rows: 1, ..settings }).await;
    Subject::index(engine.index()).keeping(database)
}
