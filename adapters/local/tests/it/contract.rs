//! The ports' contracts, with the search index in memory, in files, and shared by processes.

use akin_contracts::Subject;
use akin_entities::{Analysis, Change, Fingerprint, ProductId, Statistics};
use akin_local::{LocalEngine, LocalIndex, LocalOptions};
use akin_ports::{
    Candidate, CandidateQuery, ChangeQueue, Failures, IndexEntry, IndexIdentity, IndexedState,
    MatchQuery, Matches, PortResult, ProductIndex, ProductStore, RunLog,
};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

mod store {
    akin_contracts::product_store_contract!(super::store);
}

mod queue {
    akin_contracts::change_queue_contract!(super::queue);
}

mod runs {
    akin_contracts::run_log_contract!(super::runs);
}

mod index_in_memory {
    akin_contracts::product_index_contract!(super::index_in_memory);
}

mod index_in_files {
    akin_contracts::product_index_contract!(super::index_in_files);
}

mod index_of_many_processes {
    akin_contracts::product_index_contract!(super::index_of_many_processes);
}

fn engine(options: LocalOptions) -> (TempDir, Arc<LocalEngine>) {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = LocalEngine::open(folder.path(), options).expect("an engine");
    (folder, Arc::new(engine))
}

async fn store() -> Subject<dyn ProductStore> {
    let (folder, engine) = engine(LocalOptions::default());
    Subject::store(engine.store(), engine.runs()).keeping(folder)
}

/// Simulates the passing of time by changing the times of the queue.
async fn queue() -> Subject<dyn ChangeQueue> {
    let (folder, engine) = engine(LocalOptions::default());
    let file = folder.path().join("akin.db");
    let pass = move |time: Duration| {
        let micros = i64::try_from(time.as_micros()).expect("a time");
        let database = rusqlite::Connection::open(&file).expect("a database");
        database.busy_timeout(Duration::from_secs(10)).expect("a timeout");
        let moved = database.execute("UPDATE queue SET visible = visible - ?1", [micros]);
        moved.expect("a queue");
        async {}
    };
    let queue = Arc::new(engine.queue(Duration::from_mins(1)));
    Subject::queue(queue.clone(), queue, pass).keeping(folder)
}

async fn runs() -> Subject<dyn RunLog> {
    let (folder, engine) = engine(LocalOptions::default());
    let file = folder.path().join("akin.db");
    let move_leases = move |micros: i64| {
        let database = rusqlite::Connection::open(&file).expect("a database");
        database.busy_timeout(Duration::from_secs(10)).expect("a timeout");
        let moved = database.execute("UPDATE runs SET expires = expires + ?1", [micros]);
        moved.expect("runs");
        async {}
    };
    Subject::run_log(engine.runs(), move_leases).keeping(folder)
}

/// All changes are in memory, over an empty base.
async fn index_in_memory() -> Subject<dyn ProductIndex> {
    let (folder, engine) =
        engine(LocalOptions { held_changes: usize::MAX, ..LocalOptions::default() });
    Subject::index(engine.index()).keeping(folder)
}

/// A base is built after every write.
async fn index_in_files() -> Subject<dyn ProductIndex> {
    let (folder, engine) = engine(LocalOptions { held_changes: 0, ..LocalOptions::default() });
    Subject::index(engine.index()).keeping(folder).refreshed_by(move || {
        let engine = Arc::clone(&engine);
        async move { engine.optimize().await.expect("a base") }
    })
}

/// Each call opens the folder anew, as another process would.
async fn index_of_many_processes() -> Subject<dyn ProductIndex> {
    let folder = tempfile::tempdir().expect("a folder");
    Subject::index(ManyProcesses(folder)).of_size(1_200)
}

#[derive(Debug)]
struct ManyProcesses(TempDir);

impl ManyProcesses {
    fn index(&self) -> LocalIndex {
        let options = LocalOptions { held_changes: 20, ..LocalOptions::default() };
        LocalEngine::open(self.0.path(), options).expect("an engine").index()
    }
}

#[async_trait]
impl ProductIndex for ManyProcesses {
    async fn identity(&self) -> PortResult<IndexIdentity> {
        self.index().identity().await
    }

    async fn upsert(&self, entries: &[IndexEntry]) -> PortResult<Failures> {
        self.index().upsert(entries).await
    }

    async fn remove(&self, changes: &[Change]) -> PortResult<Failures> {
        self.index().remove(changes).await
    }

    async fn states(&self, ids: &[ProductId]) -> PortResult<HashMap<ProductId, IndexedState>> {
        self.index().states(ids).await
    }

    async fn candidates(&self, query: &CandidateQuery) -> PortResult<Vec<Candidate>> {
        self.index().candidates(query).await
    }

    async fn matches(&self, query: &MatchQuery) -> PortResult<Matches> {
        self.index().matches(query).await
    }

    async fn name_counts(&self, all: &[String], terms: &[String]) -> PortResult<Vec<u64>> {
        self.index().name_counts(all, terms).await
    }

    async fn list(&self, after: Option<&ProductId>, limit: usize) -> PortResult<Vec<IndexEntry>> {
        self.index().list(after, limit).await
    }

    async fn statistics(&self) -> PortResult<Arc<dyn Statistics>> {
        self.index().statistics().await
    }

    async fn fingerprint(&self) -> PortResult<Option<Fingerprint>> {
        self.index().fingerprint().await
    }

    async fn count(&self) -> PortResult<u64> {
        self.index().count().await
    }

    async fn analysis(&self) -> PortResult<Option<Analysis>> {
        self.index().analysis().await
    }

    async fn set_analysis(&self, analysis: &Analysis) -> PortResult<()> {
        self.index().set_analysis(analysis).await
    }
}
