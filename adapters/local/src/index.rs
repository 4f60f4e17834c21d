use crate::copy;
use crate::derived::Derived;
use crate::entries;
use crate::entry_writer::EntryWriter;
use crate::pool::{self, Database};
use crate::snapshot::Snapshot;
use crate::store::row_limit;
use akin_entities::{Change, Fingerprint, ProductId, Statistics};
use akin_ports::{
    Candidate, CandidateQuery, Failures, IndexEntry, IndexedState, PortResult, ProductIndex,
};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::Arc;

/// So few products are searched where the question was asked: it takes a millisecond or two, and another
/// thread would have to be woken for it, on a core that knows nothing of what is ranked next.
const SMALL: usize = 250_000;

/// A [`ProductIndex`] in the folder of a [`crate::LocalEngine`].
#[derive(Clone, Debug)]
pub struct LocalIndex {
    pub(crate) database: Arc<Database>,
    pub(crate) derived: Arc<Derived>,
}

#[async_trait]
impl ProductIndex for LocalIndex {
    async fn upsert(&self, entries: &[IndexEntry]) -> PortResult<Failures> {
        if entries.is_empty() {
            return Ok(Failures::new());
        }
        let entries = entries.to_vec();
        self.write(move |writer| entries.iter().try_for_each(|entry| writer.upsert(entry))).await
    }

    async fn remove(&self, changes: &[Change]) -> PortResult<Failures> {
        if changes.is_empty() {
            return Ok(Failures::new());
        }
        let changes = changes.to_vec();
        self.write(move |writer| changes.iter().try_for_each(|change| writer.remove(change))).await
    }

    async fn states(&self, ids: &[ProductId]) -> PortResult<HashMap<ProductId, IndexedState>> {
        let ids = ids.to_vec();
        self.database.read(move |connection| entries::known(connection, ids)).await
    }

    async fn candidates(&self, query: &CandidateQuery) -> PortResult<Vec<Candidate>> {
        if let Some(snapshot) = self.derived.unchanged()?.filter(|held| held.len() <= SMALL) {
            return self.derived.candidates(&snapshot, query);
        }
        let (derived, query) = (Arc::clone(&self.derived), query.clone());
        pool::blocking(move || derived.candidates(&*derived.current()?, &query)).await
    }

    async fn list(&self, after: Option<&ProductId>, limit: usize) -> PortResult<Vec<IndexEntry>> {
        let after = after.cloned();
        self.database.read(move |c| copy::entries(c, after.as_ref(), row_limit(limit))).await
    }

    async fn statistics(&self) -> PortResult<Arc<dyn Statistics>> {
        Ok(self.snapshot().await?)
    }

    async fn fingerprint(&self) -> PortResult<Option<Fingerprint>> {
        match self.derived.unchanged()? {
            Some(snapshot) => Ok(snapshot.fingerprint().cloned()),
            // Nothing need be taken in to answer this.
            None => self.database.read(entries::fingerprint).await,
        }
    }

    async fn count(&self) -> PortResult<u64> {
        self.database.read(entries::count).await
    }
}

impl LocalIndex {
    /// What can be searched now. Asking whether that changed does not wait for the disk, so it costs
    /// no hop to another thread; taking in what changed may.
    async fn snapshot(&self) -> PortResult<Arc<Snapshot>> {
        if let Some(snapshot) = self.derived.unchanged()? {
            return Ok(snapshot);
        }
        let derived = Arc::clone(&self.derived);
        pool::blocking(move || derived.current()).await
    }

    async fn write<F>(&self, work: F) -> PortResult<Failures>
    where
        F: FnOnce(&mut EntryWriter<'_>) -> rusqlite::Result<()> + Send + 'static,
    {
        let database = Arc::clone(&self.database);
        let written = self.database.write(move |transaction| {
            let mut writer = EntryWriter::new(transaction, database.file())?;
            work(&mut writer)?;
            writer.finish()
        });
        let (failures, sequence) = written.await?;
        self.derived.expect(sequence);
        Ok(failures)
    }
}
