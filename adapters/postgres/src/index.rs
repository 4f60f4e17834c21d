mod candidates;
mod counting;
mod facets;
mod filter;
mod graph;
mod knowledge;
mod list;
mod shares;
mod statistics;
mod tables;
mod write;

pub(crate) use statistics::HeldStatistics;

use crate::database::Database;
use crate::error::Failure;
use akin_entities::{Change, Fingerprint, ProductId, Statistics};
use akin_ports::{
    Candidate, CandidateQuery, Failures, IndexEntry, IndexedState, PortResult, ProductIndex,
};
use async_trait::async_trait;
use candidates::Candidates;
use graph::BuildGraph;
use knowledge::{Known, ReadState};
use list::List;
use shares::Reweigh;
use std::collections::HashMap;
use std::sync::Arc;
use write::{Remove, Upsert};

/// A [`ProductIndex`] in the tables of a [`crate::PostgresEngine`].
#[derive(Clone, Debug)]
pub struct PostgresIndex {
    pub(crate) database: Arc<Database>,
    pub(crate) statistics: Arc<HeldStatistics>,
}

#[async_trait]
impl ProductIndex for PostgresIndex {
    async fn upsert(&self, entries: &[IndexEntry]) -> PortResult<Failures> {
        let newest = newest_of_each(entries);
        let mut failures = Failures::new();
        for entries in newest.chunks(self.database.settings.upsert_batch_size.get()) {
            let done = self.database.call(&Upsert { entries }).await;
            // Also a write whose answer was lost may have been done.
            self.statistics.outdate();
            let done = done?;
            let place = self.database.settings.place();
            let port = |(id, why): (ProductId, Failure)| (id, why.port(&place));
            failures.extend(done.failures.into_iter().map(port));
            self.tidy(done.must_reweigh, done.products).await;
        }
        Ok(failures)
    }

    async fn remove(&self, changes: &[Change]) -> PortResult<Failures> {
        for changes in changes.chunks(self.database.settings.upsert_batch_size.get()) {
            let done = self.database.call(&Remove { changes }).await;
            self.statistics.outdate();
            self.tidy(done?, 0).await;
        }
        Ok(Failures::new())
    }

    async fn states(&self, ids: &[ProductId]) -> PortResult<HashMap<ProductId, IndexedState>> {
        let mut found = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(self.database.settings.fetch_batch_size.get()) {
            found.extend(self.database.call(&Known { ids }).await?);
        }
        Ok(found)
    }

    async fn candidates(&self, query: &CandidateQuery) -> PortResult<Vec<Candidate>> {
        if query.depth == 0 || (query.terms.is_empty() && query.vector.is_none()) {
            return Ok(Vec::new());
        }
        let exact_rows = self.database.settings.exact_rows;
        self.database.call(&Candidates { query, exact_rows }).await
    }

    async fn list(&self, after: Option<&ProductId>, limit: usize) -> PortResult<Vec<IndexEntry>> {
        self.database.call(&List { after, limit }).await
    }

    async fn statistics(&self) -> PortResult<Arc<dyn Statistics>> {
        Ok(self.statistics.current(&self.database).await?)
    }

    async fn fingerprint(&self) -> PortResult<Option<Fingerprint>> {
        Ok(self.database.call(&ReadState).await?.held_fingerprint().cloned())
    }

    async fn count(&self) -> PortResult<u64> {
        Ok(self.database.call(&ReadState).await?.products)
    }
}

impl PostgresIndex {
    /// What makes searches better and may be done later: what was written is written, and the next write
    /// tries again.
    async fn tidy(&self, must_reweigh: bool, products: u64) {
        let reweighed = if must_reweigh { self.reweigh(f64::INFINITY).await } else { Ok(()) };
        if let Err(error) = reweighed {
            tracing::warn!(error = error.report(), "the words could not be weighed anew");
        }
        if products > self.database.settings.exact_rows.into()
            && let Err(error) = self.database.call(&BuildGraph).await
        {
            tracing::warn!(error = error.report(), "the graph of the nearest could not be built");
        }
    }
}

impl PostgresIndex {
    /// Computes the words' shares anew until none is of an earlier basis, from which the averages have
    /// moved no farther than that.
    pub(crate) async fn reweigh(&self, most_drift: f64) -> PortResult<()> {
        while self.database.call(&Reweigh { most_drift }).await? {}
        Ok(())
    }
}

/// The newest entry of each id, of equal ones the last, in the order of the ids.
fn newest_of_each(entries: &[IndexEntry]) -> Vec<&IndexEntry> {
    let mut newest: HashMap<&ProductId, &IndexEntry> = HashMap::with_capacity(entries.len());
    for entry in entries {
        let held = newest.entry(&entry.id).or_insert(entry);
        if held.version <= entry.version {
            *held = entry;
        }
    }
    let mut newest: Vec<_> = newest.into_values().collect();
    newest.sort_by(|a, b| a.id.cmp(&b.id));
    newest
}
