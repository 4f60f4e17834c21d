//! Statistics: counted by the server, remembered here, and counted again when something changed.

use crate::connection::{Connection, Request};
use crate::counting::{self, Found};
use crate::vocabulary::Vocabulary;
use akin_ports::PortResult;
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counting may take this share of a server's time at the most: it is not repeated before so many
/// times as long as it took have passed.
const REST: u32 = 20;

/// The statistics, as they were counted last.
#[derive(Debug)]
pub(crate) struct Remembered {
    held: Mutex<Option<Held>>,
    /// Held by whoever counts, so that nobody else does.
    counting: Arc<tokio::sync::Mutex<()>>,
    age: Duration,
}

#[derive(Clone, Debug)]
struct Held {
    vocabulary: Arc<Vocabulary>,
    stamp: Stamp,
    fresh_until: Instant,
    took: Duration,
}

/// Tells whether an index has changed: it is another one, it holds more or fewer documents, or
/// one was written again, which gives it a greater sequence number.
#[derive(Clone, Debug, Default, PartialEq)]
struct Stamp {
    index: String,
    documents: u64,
    sequences: f64,
}

impl Remembered {
    pub(crate) fn new(age: Duration) -> Self {
        Self { held: Mutex::default(), counting: Arc::default(), age }
    }

    fn held(&self) -> Option<Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, held: Option<Held>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }

    /// Forgets them, so that they are counted when they are asked for.
    pub(crate) async fn forget(&self) {
        let _counting = self.counting.lock().await;
        self.hold(None);
    }

    /// The statistics as they are remembered; counted only if they are not.
    ///
    /// Old ones are given too, and counted again meanwhile: no search waits for that.
    pub(crate) async fn get(
        self: &Arc<Self>,
        connection: &Arc<Connection>,
        alias: &str,
    ) -> PortResult<Arc<Vocabulary>> {
        if let Some(held) = self.held() {
            if held.fresh_until <= Instant::now() {
                self.count_meanwhile(connection, alias);
            }
            return Ok(held.vocabulary);
        }
        let _counting = self.counting.lock().await;
        if let Some(held) = self.held() {
            return Ok(held.vocabulary);
        }
        let held = self.count(connection, alias, None).await?;
        self.hold(Some(held.clone()));
        Ok(held.vocabulary)
    }

    fn count_meanwhile(self: &Arc<Self>, connection: &Arc<Connection>, alias: &str) {
        let Ok(counting) = Arc::clone(&self.counting).try_lock_owned() else { return };
        let (remembered, connection) = (Arc::clone(self), Arc::clone(connection));
        let alias = alias.to_owned();
        tokio::spawn(async move {
            let _counting = counting;
            let Some(before) = remembered.held() else { return };
            // What cannot be counted now is counted later; until then the old ones serve.
            let held = match remembered.count(&connection, &alias, Some(before.clone())).await {
                Ok(held) => held,
                Err(_) => Held { fresh_until: Instant::now() + remembered.age, ..before },
            };
            remembered.hold(Some(held));
        });
    }

    async fn count(
        &self,
        connection: &Connection,
        alias: &str,
        before: Option<Held>,
    ) -> PortResult<Held> {
        let began = Instant::now();
        let stamp = stamp(connection, alias).await?;
        let (vocabulary, took) = match before {
            Some(held) if held.stamp == stamp => (held.vocabulary, held.took),
            _ => (Arc::new(counting::vocabulary(connection, alias).await?), began.elapsed()),
        };
        let fresh_until = Instant::now() + self.age.max(REST * took);
        Ok(Held { vocabulary, stamp, fresh_until, took })
    }
}

async fn stamp(connection: &Connection, alias: &str) -> PortResult<Stamp> {
    let body = json!({
        "size": 1,
        "_source": false,
        "track_total_hits": true,
        "aggs": {"sequences": {"sum": {"field": "_seq_no"}}},
    });
    let found: Found = connection.call(&Request::post(format!("{alias}/_search"), &body)).await?;
    Ok(Stamp {
        index: found.hits.hits.into_iter().next().map(|hit| hit.index).unwrap_or_default(),
        documents: found.hits.total.value,
        sequences: counting::number(&found.aggregations, "sequences")?,
    })
}
