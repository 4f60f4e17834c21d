//! The doubles keep the ports' contracts.

use akin_contracts::Subject;
use akin_contracts::backup_storage::BackupPlace;
use akin_contracts::feed::Written;
use akin_contracts::feed_source::FeedLocation;
use akin_contracts::sample::id;
use akin_entities::ProductId;
use akin_memory::{
    Faults, MemoryBackup, MemoryEmbedder, MemoryFeed, MemoryIndex, MemoryQueue, MemoryRuns,
    MemoryStore,
};
use akin_ports::{
    BACKUP_FILE, BackupStorage, ChangeQueue, Embedder, ErrorKind, FeedItem, FeedRow, FeedSource,
    ProductFeed, ProductIndex, ProductStore, QueueCapabilities, RefusedRow, RunLog,
};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

mod store {
    akin_contracts::product_store_contract!(super::store);
}

mod index {
    akin_contracts::product_index_contract!(super::index);
}

mod store_with_a_refused_product {
    akin_contracts::product_store_contract!(super::store_with_a_refused_product);
}

mod index_with_a_refused_product {
    akin_contracts::product_index_contract!(super::index_with_a_refused_product);
}

mod queue {
    akin_contracts::change_queue_contract!(super::queue);
}

mod queue_without_capabilities {
    akin_contracts::change_queue_contract!(super::queue_without_capabilities);
}

mod runs {
    akin_contracts::run_log_contract!(super::runs);
}

mod embedder {
    akin_contracts::embedder_contract!(super::embedder);
}

mod feed {
    akin_contracts::product_feed_contract!(super::written, super::cut_off);
}

mod feed_source {
    akin_contracts::feed_source_contract!(super::location);
}

mod backup_storage {
    akin_contracts::backup_storage_contract!(super::backup_place);
}

/// A backup, and the folder from which its file is moved.
struct Place(MemoryBackup, tempfile::TempDir);

fn backup_place() -> Place {
    Place(MemoryBackup::default(), tempfile::tempdir().expect("a folder"))
}

impl BackupPlace for Place {
    fn storage(&self) -> Arc<dyn BackupStorage> {
        Arc::new(self.0.clone())
    }

    fn file(&self) -> PathBuf {
        self.1.path().join("staging")
    }

    fn leave(&self, name: &str, bytes: &[u8]) {
        if name == BACKUP_FILE {
            self.0.leave_file(bytes.to_vec());
        } else {
            self.0.leave_checksum(&String::from_utf8_lossy(bytes));
        }
    }
}

async fn store() -> Subject<dyn ProductStore> {
    let store = MemoryStore::default();
    let runs = store.runs();
    Subject::store(store, runs)
}

async fn index() -> Subject<dyn ProductIndex> {
    Subject::index(MemoryIndex::default())
}

fn refusing() -> (Faults, ProductId) {
    let (faults, refused) = (Faults::default(), id("refused"));
    faults.refuse(refused.clone());
    (faults, refused)
}

async fn store_with_a_refused_product() -> Subject<dyn ProductStore> {
    let (faults, refused) = refusing();
    let store = MemoryStore::with_faults(faults);
    let runs = store.runs();
    Subject::store(store, runs).refusing(refused)
}

async fn index_with_a_refused_product() -> Subject<dyn ProductIndex> {
    let (faults, refused) = refusing();
    Subject::index(MemoryIndex::with_faults(faults)).refusing(refused)
}

async fn queue() -> Subject<dyn ChangeQueue> {
    queue_subject(MemoryQueue::default())
}

/// The capabilities of a queue like SQS: visibility timeouts and a redrive policy, and nothing that a table
/// can do besides.
async fn queue_without_capabilities() -> Subject<dyn ChangeQueue> {
    queue_subject(MemoryQueue::with_capabilities(QueueCapabilities::NONE))
}

fn queue_subject(queue: MemoryQueue) -> Subject<dyn ChangeQueue> {
    let queue = Arc::new(queue);
    let clock = Arc::clone(&queue);
    Subject::queue(queue.clone(), queue, move |time| {
        clock.pass(time);
        async {}
    })
}

async fn runs() -> Subject<dyn RunLog> {
    let runs = MemoryRuns::default();
    let leases = runs.clone();
    Subject::run_log(runs, move |micros| {
        leases.move_leases(micros);
        async {}
    })
}

async fn embedder() -> Subject<dyn Embedder> {
    Subject::embedder(MemoryEmbedder::default())
}

fn written(name: &str, rows: &[Written]) -> Box<dyn ProductFeed> {
    Box::new(feed(name, rows))
}

fn cut_off(name: &str, rows: &[Written]) -> Box<dyn ProductFeed> {
    let faults = Faults::default();
    faults.break_after(3, ErrorKind::Unavailable);
    Box::new(feed(name, rows).with_faults(faults))
}

fn feed(name: &str, rows: &[Written]) -> MemoryFeed {
    let item = |(place, row): (usize, &Written)| -> FeedItem {
        let line = 1 + place as u64;
        match row {
            Written::Row(row) => Ok(FeedRow { line, ..row.clone() }),
            Written::Malformed => {
                let (field, value) = (String::new(), "?".to_owned());
                let reason = "malformed".to_owned();
                Err(RefusedRow { line, is_kept: false, field, value, reason, row: None })
            }
        }
    };
    MemoryFeed::new(name, rows.iter().enumerate().map(item).collect())
}

fn location() -> Location {
    Location::default()
}

/// Rows from which each source makes a feed.
#[derive(Default)]
struct Location(Mutex<Vec<FeedItem>>);

impl FeedLocation for Location {
    fn write(&self, rows: &[FeedRow]) {
        *self.0.lock().expect("a lock") = rows.iter().cloned().map(Ok).collect();
    }

    fn source(&self) -> Arc<dyn FeedSource> {
        Arc::new(MemoryFeed::new("shop.csv", self.0.lock().expect("a lock").clone()))
    }
}
