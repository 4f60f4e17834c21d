use crate::pool::Database;
use crate::runs;
use crate::store::row_limit;
use akin_entities::Timestamp;
use akin_ports::{PortResult, Run, RunEnd, RunLog};
use async_trait::async_trait;
use std::sync::Arc;

/// A [`RunLog`] in the folder of a [`crate::LocalEngine`].
#[derive(Clone, Debug)]
pub struct LocalRuns {
    pub(crate) database: Arc<Database>,
}

#[async_trait]
impl RunLog for LocalRuns {
    async fn begin(&self, began: Timestamp, feeds: &[String]) -> PortResult<()> {
        let feeds = feeds.to_vec();
        self.database.write(move |t| runs::begin(t, began, &feeds)).await
    }

    async fn finish(&self, began: Timestamp, end: &RunEnd) -> PortResult<()> {
        let end = end.clone();
        self.database.write(move |t| runs::finish(t, began, &end)).await
    }

    async fn last(&self, limit: usize) -> PortResult<Vec<Run>> {
        self.database.read(move |c| runs::last(c, row_limit(limit))).await
    }
}
