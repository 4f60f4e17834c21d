use crate::connection::{Connection, Request, Urgency};
use crate::document::Lengths;
use crate::model::Known;
use crate::open::{self, Migrated};
use crate::settings::Settings;
use crate::statistics::Remembered;
use akin_entities::{Change, Fingerprint, ProductId, Statistics};
use akin_ports::{
    Candidate, CandidateQuery, Failures, IndexEntry, IndexedState, PortResult, ProductIndex,
};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A [`ProductIndex`] on `OpenSearch`.
#[derive(Clone, Debug)]
pub struct OpenSearchIndex(Arc<Engine>);

/// What all its parts share.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) connection: Arc<Connection>,
    pub(crate) alias: String,
    /// How many documents are written at a time.
    pub(crate) batch: usize,
    /// Of all products, as far as this process knows: what words are weighed by.
    pub(crate) lengths: tokio::sync::Mutex<Option<Lengths>>,
    model: Mutex<Known>,
    statistics: Arc<Remembered>,
}

#[derive(Deserialize)]
struct Counted {
    count: u64,
}

impl OpenSearchIndex {
    /// Connects, and makes the index if it is not there. A server that cannot serve is refused
    /// within ten seconds, with the setting at fault and the remedy.
    pub async fn open(settings: &Settings) -> PortResult<Self> {
        let connection = Connection::new(settings)?;
        open::prepare(&connection, &settings.index_name).await?;
        Ok(Self::over(settings, connection))
    }

    /// Opens an index that exists, and creates nothing.
    pub async fn open_existing(settings: &Settings) -> PortResult<Self> {
        let connection = Connection::new(settings)?;
        open::require(&connection, &settings.index_name).await?;
        Ok(Self::over(settings, connection))
    }

    fn over(settings: &Settings, connection: Connection) -> Self {
        Self(Arc::new(Engine {
            connection: Arc::new(connection),
            alias: settings.index_name.clone(),
            batch: settings.upsert_batch_size.get(),
            lengths: tokio::sync::Mutex::default(),
            model: Mutex::default(),
            statistics: Arc::new(Remembered::new(settings.statistics_age)),
        }))
    }

    /// Makes the index if it is not there, and says what was done. Harmless twice, and by two
    /// processes at once.
    pub async fn migrate(settings: &Settings) -> PortResult<Migrated> {
        open::prepare(&Connection::new(settings)?, &settings.index_name).await
    }

    /// Makes all that was written visible now, to this process's searches and statistics, too;
    /// others see it within a second, and count it again when they next look.
    pub async fn refresh(&self) -> PortResult<()> {
        self.0.make_visible().await?;
        self.0.remember_model(None);
        self.0.statistics.forget().await;
        Ok(())
    }
}

impl Engine {
    pub(crate) fn known_model(&self) -> Known {
        self.model.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn remember_model(&self, model: Known) {
        *self.model.lock().unwrap_or_else(PoisonError::into_inner) = model;
    }

    pub(crate) async fn make_visible(&self) -> PortResult<()> {
        let path = format!("{}/_refresh", self.alias);
        self.connection.call::<Value>(&Request::bare(path).urgency(Urgency::Write)).await.map(drop)
    }

    /// Of those that searches see; of one `model`, or of any.
    pub(crate) async fn count_products(
        &self,
        model: Option<&Fingerprint>,
        urgency: Urgency,
    ) -> PortResult<u64> {
        let query = match model {
            Some(model) => json!({"query": {"term": {"fingerprint": model.to_string()}}}),
            None => json!({"query": {"exists": {"field": "fingerprint"}}}),
        };
        let request = Request::post(format!("{}/_count", self.alias), &query).urgency(urgency);
        Ok(self.connection.call::<Counted>(&request).await?.count)
    }

    pub(crate) async fn statistics(&self) -> PortResult<Arc<dyn Statistics>> {
        let statistics: Arc<dyn Statistics> =
            self.statistics.get(&self.connection, &self.alias).await?;
        Ok(statistics)
    }
}

#[async_trait]
impl ProductIndex for OpenSearchIndex {
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

    async fn list(&self, after: Option<&ProductId>, limit: usize) -> PortResult<Vec<IndexEntry>> {
        self.0.list(after, limit).await
    }

    async fn statistics(&self) -> PortResult<Arc<dyn Statistics>> {
        self.0.statistics().await
    }

    async fn fingerprint(&self) -> PortResult<Option<Fingerprint>> {
        let held = self.count().await?;
        let model = self.0.read_model(Urgency::Read).await?;
        Ok(model.filter(|_| held > 0))
    }

    async fn count(&self) -> PortResult<u64> {
        match self.0.read_model(Urgency::Read).await? {
            Some(model) => self.0.count_products(Some(&model), Urgency::Read).await,
            None => Ok(0),
        }
    }
}
