use crate::copy;
use crate::derived_index::DerivedIndex;
use crate::entries;
use crate::entry_writer::EntryWriter;
use crate::pool::{self, Database};
use crate::snapshot::SearchSnapshot;
use crate::store::row_limit;
use akin_entities::{Analysis, Change, Fingerprint, ProductId, Statistics};
use akin_ports::{
    Candidate, CandidateQuery, Failures, IndexEntry, IndexIdentity, IndexedState, MatchQuery,
    Matches, PortResult, ProductIndex,
};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::Arc;

/// Up to this many products are searched on the calling thread: it takes a millisecond or two, and
/// waking another thread, on a core with a cold cache, would cost more.
const MAX_INLINE_SEARCH: usize = 250_000;

/// A [`ProductIndex`] in the folder of a [`crate::LocalEngine`].
#[derive(Clone, Debug)]
pub struct LocalIndex {
    pub(crate) database: Arc<Database>,
    pub(crate) derived: Arc<DerivedIndex>,
}

#[async_trait]
impl ProductIndex for LocalIndex {
    async fn identity(&self) -> PortResult<IndexIdentity> {
        let key = self.database.read(entries::identity).await?;
        Ok(IndexIdentity { name: "local".to_owned(), key })
    }

    async fn upsert(&self, entries: &[IndexEntry]) -> PortResult<Failures> {
        if entries.is_empty() {
            return Ok(Failures::new());
        }
        let entries = entries.to_vec();
        self.write(move |writer| writer.upsert_all(&entries)).await
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
        self.database.read(move |connection| entries::indexed(connection, ids)).await
    }

    async fn candidates(&self, query: &CandidateQuery) -> PortResult<Vec<Candidate>> {
        let current = self.derived.if_current()?;
        if let Some(snapshot) = current.filter(|snapshot| snapshot.len() <= MAX_INLINE_SEARCH) {
            return self.derived.candidates(&snapshot, query);
        }
        let (derived, query) = (Arc::clone(&self.derived), query.clone());
        pool::blocking(move || derived.candidates(&*derived.current()?, &query)).await
    }

    async fn matches(&self, query: &MatchQuery) -> PortResult<Matches> {
        query.page.as_ref().map_or(Ok(()), |page| page.check("local"))?;
        let current = self.derived.if_current()?;
        if let Some(snapshot) = current.filter(|snapshot| snapshot.len() <= MAX_INLINE_SEARCH) {
            return self.derived.matches(&snapshot, query);
        }
        let (derived, query) = (Arc::clone(&self.derived), query.clone());
        pool::blocking(move || derived.matches(&*derived.current()?, &query)).await
    }

    async fn name_counts(&self, all: &[String], terms: &[String]) -> PortResult<Vec<u64>> {
        Ok(self.snapshot().await?.name_counts(all, terms))
    }

    async fn list(&self, after: Option<&ProductId>, limit: usize) -> PortResult<Vec<IndexEntry>> {
        let after = after.cloned();
        self.database.read(move |c| copy::entries(c, after.as_ref(), row_limit(limit))).await
    }

    async fn statistics(&self) -> PortResult<Arc<dyn Statistics>> {
        Ok(self.snapshot().await?)
    }

    async fn fingerprint(&self) -> PortResult<Option<Fingerprint>> {
        match self.derived.if_current()? {
            Some(snapshot) => Ok(snapshot.fingerprint().cloned()),
            // No writes need to be applied to answer this.
            None => self.database.read(entries::fingerprint).await,
        }
    }

    async fn count(&self) -> PortResult<u64> {
        self.database.read(entries::count).await
    }

    async fn analysis(&self) -> PortResult<Option<Analysis>> {
        self.database.read(entries::analysis).await
    }

    async fn set_analysis(&self, analysis: &Analysis) -> PortResult<()> {
        let analysis = analysis.clone();
        self.database.write(move |transaction| entries::set_analysis(transaction, &analysis)).await
    }
}

impl LocalIndex {
    /// Returns a current snapshot. Checking for changes does not wait for the disk, so it runs on
    /// the calling thread; applying them may wait.
    async fn snapshot(&self) -> PortResult<Arc<SearchSnapshot>> {
        if let Some(snapshot) = self.derived.if_current()? {
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
        self.derived.note_own_writes(sequence);
        Ok(failures)
    }
}
