use crate::connection::{Connection, Request, RetryPolicy};
use crate::document::LengthTotals;
use crate::statistics::StatisticsCache;
use akin_entities::{Fingerprint, Statistics};
use akin_ports::PortResult;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// An open index. Each operation adds its methods in a module of its own.
#[derive(Debug)]
pub(crate) struct IndexSession {
    pub(crate) connection: Arc<Connection>,
    pub(crate) alias: String,
    /// The maximum number of documents per write request.
    pub(crate) batch_size: usize,
    /// The text lengths of all products, as far as this process knows, for the norms of new documents.
    pub(crate) lengths: tokio::sync::Mutex<Option<LengthTotals>>,
    model: Mutex<Option<(Option<Fingerprint>, Instant)>>,
    statistics: Arc<StatisticsCache>,
}

/// Identifies one write of a document, for a conditional write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Revision {
    pub(crate) sequence: u64,
    pub(crate) term: u64,
}

#[derive(Deserialize)]
struct CountResponse {
    count: u64,
}

impl IndexSession {
    pub(crate) fn new(
        connection: Connection,
        alias: String,
        batch_size: usize,
        statistics: StatisticsCache,
    ) -> Self {
        Self {
            connection: Arc::new(connection),
            alias,
            batch_size,
            lengths: tokio::sync::Mutex::default(),
            model: Mutex::default(),
            statistics: Arc::new(statistics),
        }
    }

    /// Returns the model as it was last read, and when.
    pub(crate) fn cached_model(&self) -> Option<(Option<Fingerprint>, Instant)> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn cache_model(&self, model: Option<Fingerprint>) {
        let cached = Some((model, Instant::now()));
        *self.model.lock().unwrap_or_else(PoisonError::into_inner) = cached;
    }

    /// Discards the cached model and statistics.
    pub(crate) async fn clear_caches(&self) {
        *self.model.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.statistics.clear().await;
    }

    pub(crate) async fn make_visible(&self) -> PortResult<()> {
        let path = format!("{}/_refresh", self.alias);
        let request = Request::bare(path).retry(RetryPolicy::Write);
        self.connection.call::<Value>(&request).await.map(drop)
    }

    /// Counts the searchable products, of one `model` or of any.
    pub(crate) async fn count_products(
        &self,
        model: Option<&Fingerprint>,
        retry: RetryPolicy,
    ) -> PortResult<u64> {
        let query = match model {
            Some(model) => json!({"query": {"term": {"fingerprint": model.to_string()}}}),
            None => json!({"query": {"exists": {"field": "fingerprint"}}}),
        };
        let request = Request::post(format!("{}/_count", self.alias), &query).retry(retry);
        Ok(self.connection.call::<CountResponse>(&request).await?.count)
    }

    pub(crate) async fn statistics(&self) -> PortResult<Arc<dyn Statistics>> {
        let statistics: Arc<dyn Statistics> =
            self.statistics.get(&self.connection, &self.alias).await?;
        Ok(statistics)
    }
}
