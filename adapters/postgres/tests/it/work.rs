//! The work of a call is proportional to what changed, however much the tables hold.

use akin_contracts::sample::titled;
use akin_entities::{Change, Version};
use akin_ports::{ChangeQueue, ProductIndex, ProductStore, SentChanges};
use akin_postgres::{PostgresEngine, PostgresQueue};
use std::collections::HashSet;
use std::time::Duration;

use crate::support::{TestDatabase, id};

/// More than is counted one by one.
const MANY: u64 = 150_000;

async fn opened() -> (TestDatabase, PostgresEngine) {
    let database = TestDatabase::create().await;
    let engine = database.open().await;
    (database, engine)
}

fn queue(engine: &PostgresEngine) -> PostgresQueue {
    engine.queue(Duration::from_mins(1))
}

/// Returns the number of rows and index entries of `table` that were read so far. Connections report
/// what they read when they end.
async fn examined(database: &TestDatabase, table: &str) -> u64 {
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                  AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    while database.value(others).await != "0" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let read = format!(
        "SELECT seq_tup_read + (SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes
             WHERE relname = '{table}') FROM pg_stat_user_tables WHERE relname = '{table}'"
    );
    database.value(&read).await.parse().expect("a number")
}

/// Sends messages directly; those with a number below `first` are delayed.
async fn fill(database: &TestDatabase, first: u64) {
    let fill = format!(
        "INSERT INTO raw_products_queue (product_id, version, visible, hidden)
         SELECT 'p' || i, 1, now() + interval '1 hour' * (i < {first})::integer, i < {first}
         FROM generate_series(1, {MANY}) AS i;
         ANALYZE raw_products_queue"
    );
    database.execute(&fill).await;
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn receiving_reads_neither_delayed_nor_dead_messages() {
    let (database, engine) = opened().await;
    fill(&database, MANY - 1_000).await;
    database.execute("UPDATE raw_products_queue SET died = now() WHERE sequence < 50000").await;
    database.execute("VACUUM ANALYZE raw_products_queue").await;
    drop(engine);
    let before = examined(&database, "raw_products_queue").await;
    let engine = database.open().await;
    for _ in 0..3 {
        let received = queue(&engine).receive(100).await.expect("messages");
        assert_eq!(received.len(), 100);
        let receipts: Vec<_> = received.into_iter().map(|delivery| delivery.receipt).collect();
        queue(&engine).acknowledge(&receipts).await.expect("an acknowledgment");
    }
    drop(engine);
    let read = examined(&database, "raw_products_queue").await - before;
    assert!(read < 5_000, "{read} rows were read for 300 messages");
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn large_tables_are_estimated_and_small_ones_counted() {
    let (database, engine) = opened().await;
    fill(&database, 1).await;
    let fill = format!(
        "INSERT INTO raw_products (product_id, akin_version) SELECT i, 1 FROM generate_series(1, {MANY}) i;
         INSERT INTO raw_products_outbox (product_id, version) SELECT i, 1 FROM generate_series(1, 7) i;
         ANALYZE raw_products"
    );
    database.execute(&fill).await;
    drop(engine);
    let before = examined(&database, "raw_products").await;
    let engine = database.open().await;
    let counts = engine.store().counts().await.expect("counts");
    assert_eq!((counts.products, counts.outbox, counts.quarantined), (MANY, 7, 0));
    let queued = queue(&engine).counts().await.expect("counts");
    assert_eq!((queued.waiting, queued.in_flight, queued.dead), (MANY, 0, 0));
    drop(engine);
    let read = examined(&database, "raw_products").await - before;
    assert!(read <= 110_000, "{read} rows were read");
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn several_relays_send_each_change_once() {
    let (database, engine) = opened().await;
    let fill = "INSERT INTO raw_products_outbox (product_id, version)
                SELECT i, 1 FROM generate_series(1, 5000) i";
    database.execute(fill).await;
    let relay = || async {
        let (engine, queue) = (database.open().await, queue(&engine));
        let queue = &queue;
        let send = move |changes: Vec<Change>| -> SentChanges<'_> {
            Box::pin(async move { queue.send(&changes).await })
        };
        let (mut after, mut relayed) = (None, 0);
        loop {
            let page = engine.store().relay(after, 100, &send).await.expect("a page");
            relayed += page.sent;
            if page.last.is_none() {
                return relayed;
            }
            after = page.last;
        }
    };
    let (a, b, c, d) = tokio::join!(relay(), relay(), relay(), relay());
    assert_eq!(
        (a + b + c + d, queue(&engine).counts().await.expect("counts").waiting),
        (5_000, 5_000)
    );
    assert_eq!(engine.store().counts().await.expect("counts").outbox, 0);
    let mut ids = HashSet::new();
    for _ in 0..50 {
        let received = queue(&engine).receive(100).await.expect("messages");
        ids.extend(received.into_iter().map(|delivery| delivery.change.id));
    }
    assert_eq!(ids.len(), 5_000);
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_change_that_arrives_while_its_product_is_relayed_is_sent_too() {
    let (_database, engine) = opened().await;
    let (store, queue) = (engine.store(), queue(&engine));
    let product = akin_contracts::sample::bare_product("a");
    store.apply(std::slice::from_ref(&product), Version(1)).await.expect("a product");
    let (store, queue) = (&store, &queue);
    let changed = akin_entities::Product { name: "other".into(), ..product };
    let newer = store.apply(std::slice::from_ref(&changed), Version(2));
    let send = move |changes: Vec<Change>| -> SentChanges<'_> {
        Box::pin(async move { queue.send(&changes).await })
    };
    let (relayed, applied) = tokio::join!(store.relay(None, 10, &send), newer);
    assert_eq!(relayed.expect("a page").sent, 1);
    assert_eq!(applied.expect("a change").changed, [id("a")]);
    store.relay(None, 10, &send).await.expect("a page");
    let received = queue.receive(10).await.expect("messages");
    assert_eq!(received.last().expect("a message").change.version, Version(2));
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn a_vacuum_that_fails_does_not_fail_the_run() {
    let (database, engine) = opened().await;
    let entries = [titled("a", 1, "red tripod", 0.0)];
    assert!(engine.index().upsert(&entries).await.expect("an upsert").is_empty());
    // The pool stays connected; nobody else may connect.
    let forbid = format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", database.name);
    let mut other = database.server.connect("postgres").await;
    sqlx::Executor::execute(&mut other, sqlx::AssertSqlSafe(forbid)).await.expect("a setting");
    engine.optimize().await.expect("only vacuuming failed");
    assert_eq!(engine.index().count().await.expect("a count"), 1);
}
