use crate::derived::Derived;
use crate::entries::{self, Writer};
use crate::pool::{self, Database};
use async_trait::async_trait;
use entities::{Change, Fingerprint, ProductId, Statistics};
use ports::{Candidate, CandidateQuery, Failures, IndexEntry, Indexed, PortResult, ProductIndex};
use std::collections::HashMap;
use std::sync::Arc;

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

    async fn known(&self, ids: &[ProductId]) -> PortResult<HashMap<ProductId, Indexed>> {
        let ids = ids.to_vec();
        self.database.read(move |connection| entries::known(connection, ids)).await
    }

    async fn candidates(&self, query: &CandidateQuery) -> PortResult<Vec<Candidate>> {
        let (derived, query) = (Arc::clone(&self.derived), query.clone());
        pool::blocking(move || derived.candidates(&query)).await
    }

    async fn statistics(&self) -> PortResult<Arc<dyn Statistics>> {
        let derived = Arc::clone(&self.derived);
        pool::blocking(move || Ok(derived.current()? as Arc<dyn Statistics>)).await
    }

    async fn fingerprint(&self) -> PortResult<Option<Fingerprint>> {
        self.database.read(entries::fingerprint).await
    }

    async fn count(&self) -> PortResult<u64> {
        self.database.read(entries::count).await
    }
}

impl LocalIndex {
    async fn write<F>(&self, work: F) -> PortResult<Failures>
    where
        F: FnOnce(&mut Writer<'_>) -> rusqlite::Result<()> + Send + 'static,
    {
        let database = Arc::clone(&self.database);
        let written = self.database.write(move |transaction| {
            let mut writer = Writer::new(transaction, database.file())?;
            work(&mut writer)?;
            writer.finish()
        });
        let (failures, sequence) = written.await?;
        self.derived.expect(sequence);
        Ok(failures)
    }
}
