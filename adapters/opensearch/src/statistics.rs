//! Caches the statistics, and refreshes them in the background when the index has changed.

use crate::aggregations::{self, AggregationResponse};
use crate::connection::{Connection, Request};
use crate::vocabulary::Vocabulary;
use akin_ports::PortResult;
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After counting took t, it is not repeated for this many times t, so that it takes at most 5 % of
/// the server's time.
const IDLE_FACTOR: u32 = 20;

/// The most recent statistics.
#[derive(Debug)]
pub(crate) struct StatisticsCache {
    cached: Mutex<Option<CachedStatistics>>,
    /// Locked while counting, so that only one task counts.
    counting: Arc<tokio::sync::Mutex<()>>,
    max_age: Duration,
}

#[derive(Clone, Debug)]
struct CachedStatistics {
    vocabulary: Arc<Vocabulary>,
    stamp: IndexStamp,
    fresh_until: Instant,
    took: Duration,
}

/// Identifies a state of an index: its name, its number of documents, and the sum of their sequence
/// numbers, which grows with each write.
#[derive(Clone, Debug, Default, PartialEq)]
struct IndexStamp {
    index: String,
    documents: u64,
    sequences: f64,
}

impl StatisticsCache {
    pub(crate) fn new(max_age: Duration) -> Self {
        Self { cached: Mutex::default(), counting: Arc::default(), max_age }
    }

    fn cached(&self) -> Option<CachedStatistics> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn store(&self, cached: Option<CachedStatistics>) {
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = cached;
    }

    /// Discards the statistics, so that the next call counts them.
    pub(crate) async fn clear(&self) {
        let _counting = self.counting.lock().await;
        self.store(None);
    }

    /// Returns the cached statistics; counts them only if there are none.
    ///
    /// Statistics older than the maximum age are returned too, and refreshed in the background: no
    /// search waits for that.
    pub(crate) async fn get(
        self: &Arc<Self>,
        connection: &Arc<Connection>,
        alias: &str,
    ) -> PortResult<Arc<Vocabulary>> {
        if let Some(cached) = self.cached() {
            if cached.fresh_until <= Instant::now() {
                self.refresh_in_background(connection, alias);
            }
            return Ok(cached.vocabulary);
        }
        let _counting = self.counting.lock().await;
        if let Some(cached) = self.cached() {
            return Ok(cached.vocabulary);
        }
        let cached = self.count(connection, alias, None).await?;
        self.store(Some(cached.clone()));
        Ok(cached.vocabulary)
    }

    fn refresh_in_background(self: &Arc<Self>, connection: &Arc<Connection>, alias: &str) {
        let Ok(counting) = Arc::clone(&self.counting).try_lock_owned() else { return };
        let (cache, connection) = (Arc::clone(self), Arc::clone(connection));
        let alias = alias.to_owned();
        tokio::spawn(async move {
            let _counting = counting;
            let Some(previous) = cache.cached() else { return };
            // After a failure the old statistics serve until the next attempt.
            let cached = match cache.count(&connection, &alias, Some(previous.clone())).await {
                Ok(cached) => cached,
                Err(_) => {
                    CachedStatistics { fresh_until: Instant::now() + cache.max_age, ..previous }
                }
            };
            cache.store(Some(cached));
        });
    }

    async fn count(
        &self,
        connection: &Connection,
        alias: &str,
        previous: Option<CachedStatistics>,
    ) -> PortResult<CachedStatistics> {
        let start = Instant::now();
        let stamp = stamp(connection, alias).await?;
        let (vocabulary, took) = match previous {
            Some(cached) if cached.stamp == stamp => (cached.vocabulary, cached.took),
            _ => (Arc::new(aggregations::vocabulary(connection, alias).await?), start.elapsed()),
        };
        let fresh_until = Instant::now() + self.max_age.max(IDLE_FACTOR * took);
        Ok(CachedStatistics { vocabulary, stamp, fresh_until, took })
    }
}

async fn stamp(connection: &Connection, alias: &str) -> PortResult<IndexStamp> {
    let body = json!({
        "size": 1,
        "_source": false,
        "track_total_hits": true,
        "aggs": {"sequences": {"sum": {"field": "_seq_no"}}},
    });
    let response: AggregationResponse =
        connection.call(&Request::post(format!("{alias}/_search"), &body)).await?;
    Ok(IndexStamp {
        index: response.hits.hits.into_iter().next().map(|hit| hit.index).unwrap_or_default(),
        documents: response.hits.total.value,
        sequences: aggregations::number(&response.aggregations, "sequences")?,
    })
}
