use crate::connection::{Connection, RetryPolicy};
use crate::error::SYSTEM;
use crate::open::{self, IndexMigration};
use crate::session::IndexSession;
use crate::settings::Settings;
use crate::statistics::StatisticsCache;
use akin_entities::{Analysis, Change, Fingerprint, ProductId, Statistics};
use akin_ports::{
    Candidate, CandidateQuery, Failures, IndexEntry, IndexIdentity, IndexedState, MatchQuery,
    Matches, PortResult, ProductIndex,
};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::Arc;

/// A [`ProductIndex`] on `OpenSearch`.
#[derive(Clone, Debug)]
pub struct OpenSearchIndex(Arc<IndexSession>);

impl OpenSearchIndex {
    /// Connects, and creates the index if it is missing. A server that is not usable is an error
    /// within ten seconds, with the setting to change and the remedy.
    pub async fn open(settings: &Settings) -> PortResult<Self> {
        let connection = Connection::new(settings)?;
        open::prepare(&connection, &settings.index_name).await?;
        Ok(Self::with_connection(settings, connection))
    }

    /// Opens an existing index, and creates nothing.
    pub async fn open_existing(settings: &Settings) -> PortResult<Self> {
        let connection = Connection::new(settings)?;
        open::check_existing(&connection, &settings.index_name).await?;
        Ok(Self::with_connection(settings, connection))
    }

    fn with_connection(settings: &Settings, connection: Connection) -> Self {
        Self(Arc::new(IndexSession::new(
            connection,
            settings.index_name.clone(),
            settings.upsert_batch_size.get(),
            StatisticsCache::new(settings.statistics_age),
        )))
    }

    /// Creates the index if it is missing, upgrades one of an earlier version, and returns what was
    /// done. Idempotent, also if two processes run it at once or one is interrupted. An upgrade writes
    /// every product again, without embedding it; until it is done, the index is not opened.
    pub async fn migrate(settings: &Settings) -> PortResult<IndexMigration> {
        let connection = Connection::new(settings)?;
        if open::is_outdated(&connection, &settings.index_name).await? {
            Self::with_connection(settings, connection).0.upgrade().await?;
            let connection = Connection::new(settings)?;
            let prepared = open::prepare(&connection, &settings.index_name).await?;
            return Ok(IndexMigration { upgraded: true, ..prepared });
        }
        open::prepare(&connection, &settings.index_name).await
    }

    /// Returns the version of the server, which must be suitable. Creates nothing.
    pub async fn server_version(settings: &Settings) -> PortResult<String> {
        open::check_server(&Connection::new(settings)?).await
    }

    /// Makes all writes visible to searches at once, also in this process's statistics. Other
    /// processes see them within a second, and in their statistics when those are refreshed.
    pub async fn refresh(&self) -> PortResult<()> {
        self.0.make_visible().await?;
        self.0.clear_caches().await;
        Ok(())
    }
}

#[async_trait]
impl ProductIndex for OpenSearchIndex {
    async fn identity(&self) -> PortResult<IndexIdentity> {
        let key = open::identity(&self.0.connection, &self.0.alias).await?;
        Ok(IndexIdentity { name: SYSTEM.to_owned(), key })
    }

    async fn upsert(&self, entries: &[IndexEntry]) -> PortResult<Failures> {
        self.0.upsert(entries).await
    }

    async fn remove(&self, changes: &[Change]) -> PortResult<Failures> {
        self.0.remove(changes).await
    }

    async fn states(&self, ids: &[ProductId]) -> PortResult<HashMap<ProductId, IndexedState>> {
        self.0.states(ids).await
    }

    async fn candidates(&self, query: &CandidateQuery) -> PortResult<Vec<Candidate>> {
        self.0.candidates(query).await
    }

    async fn matches(&self, query: &MatchQuery) -> PortResult<Matches> {
        self.0.matches(query).await
    }

    async fn name_counts(&self, all: &[String], terms: &[String]) -> PortResult<Vec<u64>> {
        self.0.name_counts(all, terms).await
    }

    async fn list(&self, after: Option<&ProductId>, limit: usize) -> PortResult<Vec<IndexEntry>> {
        self.0.list(after, limit).await
    }

    async fn statistics(&self) -> PortResult<Arc<dyn Statistics>> {
        self.0.statistics().await
    }

    async fn fingerprint(&self) -> PortResult<Option<Fingerprint>> {
        let count = self.count().await?;
        let model = self.0.read_model(RetryPolicy::Search).await?;
        Ok(model.filter(|_| count > 0))
    }

    async fn count(&self) -> PortResult<u64> {
        match self.0.read_model(RetryPolicy::Search).await? {
            Some(model) => self.0.count_products(Some(&model), RetryPolicy::Search).await,
            None => Ok(0),
        }
    }

    async fn analysis(&self) -> PortResult<Option<Analysis>> {
        open::analysis(&self.0.connection, &self.0.alias).await
    }

    async fn set_analysis(&self, analysis: &Analysis) -> PortResult<()> {
        open::set_analysis(&self.0.connection, &self.0.alias, analysis).await
    }
}
