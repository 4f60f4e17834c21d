use crate::pool::Database;
use crate::runs;
use crate::store::row_limit;
use akin_entities::Version;
use akin_ports::{NewRun, PortResult, Run, RunEnd, RunLog, RunStart};
use async_trait::async_trait;
use std::sync::Arc;

/// A [`RunLog`] in the folder of a [`crate::LocalEngine`].
#[derive(Clone, Debug)]
pub struct LocalRuns {
    pub(crate) database: Arc<Database>,
}

#[async_trait]
impl RunLog for LocalRuns {
    async fn begin(&self, run: &NewRun) -> PortResult<RunStart> {
        let (run, clock) = (run.clone(), self.database.clock());
        // The time is read under the write lock: waiting for it may have taken long.
        self.database.write(move |t| runs::begin(t, &run, clock())).await
    }

    async fn renew(&self, version: Version) -> PortResult<bool> {
        let clock = self.database.clock();
        self.database.write(move |t| runs::renew(t, version, clock())).await
    }

    async fn finish(&self, version: Version, end: &RunEnd) -> PortResult<()> {
        let end = end.clone();
        self.database.write(move |t| runs::finish(t, version, &end)).await
    }

    async fn last(&self, limit: usize) -> PortResult<Vec<Run>> {
        let now = self.database.clock()();
        self.database.read(move |c| runs::last(c, row_limit(limit), now)).await
    }
}
