use crate::Faults;
use akin_entities::Timestamp;
use akin_ports::{MAX_RUNS, PortResult, Run, RunEnd, RunLog};
use async_trait::async_trait;
use std::sync::Mutex;

/// A [`RunLog`] in memory.
#[derive(Debug, Default)]
pub struct MemoryRuns {
    /// In the order in which they were recorded.
    runs: Mutex<Vec<Run>>,
    faults: Faults,
}

impl MemoryRuns {
    /// Returns an empty log with these `faults`.
    pub fn with_faults(faults: Faults) -> Self {
        Self { faults, ..Self::default() }
    }

    /// Makes one call, which fails before its effect or after it if the faults say so.
    async fn call<T>(&self, work: impl FnOnce(&mut Vec<Run>) -> T) -> PortResult<T> {
        self.faults.call(&self.runs, work).await
    }
}

#[async_trait]
impl RunLog for MemoryRuns {
    async fn begin(&self, began: Timestamp, feeds: &[String]) -> PortResult<()> {
        self.call(|runs| {
            if runs.iter().all(|run| run.began != began) {
                runs.push(Run { began, feeds: feeds.to_vec(), end: None });
            }
            runs.drain(..runs.len().saturating_sub(MAX_RUNS));
        })
        .await
    }

    async fn finish(&self, began: Timestamp, end: &RunEnd) -> PortResult<()> {
        self.call(|runs| {
            let run = runs.iter_mut().find(|run| run.began == began && run.end.is_none());
            if let Some(run) = run {
                run.end = Some(end.clone());
            }
        })
        .await
    }

    async fn last(&self, limit: usize) -> PortResult<Vec<Run>> {
        self.call(|runs| runs.iter().rev().take(limit).cloned().collect()).await
    }
}
