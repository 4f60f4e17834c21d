mod candidates;
mod counting;
mod facets;
mod filter;
mod graph;
mod indexed;
mod list;
mod matches;
mod name_counts;
mod parameters;
mod phrases;
mod rescore;
mod state;
mod statistics;
mod tables;
mod term_scores;
mod write;

pub(crate) use statistics::StatisticsCache;
pub(crate) use tables::fold_values;

use crate::database::Database;
use crate::error::{Failure, SYSTEM};
use crate::halves::Halves;
use akin_entities::{Analysis, Change, Fingerprint, ProductId, Statistics, newest_of_each};
use akin_ports::{
    Candidate, CandidateQuery, ErrorKind, Failures, IndexEntry, IndexIdentity, IndexedState,
    MatchQuery, Matches, PortResult, ProductIndex,
};
use async_trait::async_trait;
use candidates::Candidates;
use graph::BuildGraph;
use indexed::ReadIndexed;
use list::ListEntries;
use matches::CountMatches;
use name_counts::CountNames;
use rescore::RescoreTerms;
use state::{ReadAnalysis, ReadIdentity, ReadState, SetAnalysis};
use std::collections::HashMap;
use std::sync::Arc;
use write::{RemoveEntries, UpsertEntries};

/// A [`ProductIndex`] in the tables of a [`crate::PostgresEngine`].
#[derive(Clone, Debug)]
pub struct PostgresIndex {
    pub(crate) database: Arc<Database>,
    pub(crate) statistics: Arc<StatisticsCache>,
}

#[async_trait]
impl ProductIndex for PostgresIndex {
    async fn identity(&self) -> PortResult<IndexIdentity> {
        let key = self.database.call(&ReadIdentity).await?;
        Ok(IndexIdentity { name: SYSTEM.to_owned(), key })
    }

    async fn upsert(&self, entries: &[IndexEntry]) -> PortResult<Failures> {
        let mut newest = newest_of_each(entries, |entry| (&entry.id, entry.version));
        newest.sort_by(|a, b| a.id.cmp(&b.id));
        let mut failures = Failures::new();
        for entries in newest.chunks(self.database.settings.upsert_batch_size.get()) {
            let mut halves = Halves::new(entries);
            while let Some(part) = halves.next() {
                match self.write(part, &mut failures).await {
                    // The index refused a value.
                    Err(error) if error.kind == ErrorKind::Refused => {
                        let only = halves.fail(part).map(|entry| entry.id.clone());
                        failures.extend(only.map(|id| (id, error)));
                    }
                    written => written?,
                }
            }
        }
        Ok(failures)
    }

    async fn remove(&self, changes: &[Change]) -> PortResult<Failures> {
        let mut failures = Failures::new();
        for changes in changes.chunks(self.database.settings.upsert_batch_size.get()) {
            let mut halves = Halves::new(changes);
            while let Some(changes) = halves.next() {
                let must_rescore = self.database.call(&RemoveEntries { changes }).await;
                self.statistics.invalidate();
                match must_rescore {
                    // Removals keep a row, too.
                    Err(error) if error.kind == ErrorKind::Refused => {
                        let only = halves.fail(changes).map(|change| change.id.clone());
                        failures.extend(only.map(|id| (id, error)));
                    }
                    must_rescore => self.maintain(must_rescore?, 0).await,
                }
            }
        }
        Ok(failures)
    }

    async fn states(&self, ids: &[ProductId]) -> PortResult<HashMap<ProductId, IndexedState>> {
        let mut indexed = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(self.database.settings.fetch_batch_size.get()) {
            indexed.extend(self.database.call(&ReadIndexed { ids }).await?);
        }
        Ok(indexed)
    }

    async fn candidates(&self, query: &CandidateQuery) -> PortResult<Vec<Candidate>> {
        if query.depth == 0 || (query.terms.is_empty() && query.vector.is_none()) {
            return Ok(Vec::new());
        }
        let exact_rows = self.database.settings.exact_rows;
        self.database.call(&Candidates { query, exact_rows }).await
    }

    async fn matches(&self, query: &MatchQuery) -> PortResult<Matches> {
        query.page.as_ref().map_or(Ok(()), |page| page.check(SYSTEM))?;
        self.database.call(&CountMatches(query)).await
    }

    async fn name_counts(&self, all: &[String], terms: &[String]) -> PortResult<Vec<u64>> {
        self.database.call(&CountNames { all, terms }).await
    }

    async fn list(&self, after: Option<&ProductId>, limit: usize) -> PortResult<Vec<IndexEntry>> {
        self.database.call(&ListEntries { after, limit }).await
    }

    async fn statistics(&self) -> PortResult<Arc<dyn Statistics>> {
        Ok(self.statistics.current(&self.database).await?)
    }

    async fn fingerprint(&self) -> PortResult<Option<Fingerprint>> {
        Ok(self.database.call(&ReadState).await?.active_fingerprint().cloned())
    }

    async fn count(&self) -> PortResult<u64> {
        Ok(self.database.call(&ReadState).await?.products)
    }

    async fn analysis(&self) -> PortResult<Option<Analysis>> {
        self.database.call(&ReadAnalysis).await
    }

    async fn set_analysis(&self, analysis: &Analysis) -> PortResult<()> {
        self.database.call(&SetAnalysis(analysis)).await
    }
}

impl PostgresIndex {
    /// Writes entries, and adds those that are refused by name to `failures`.
    async fn write(&self, entries: &[&IndexEntry], failures: &mut Failures) -> PortResult<()> {
        let outcome = self.database.call(&UpsertEntries { entries }).await;
        // A write whose response was lost may have been done, too.
        self.statistics.invalidate();
        let outcome = outcome?;
        let server = self.database.settings.server();
        let into_port = |(id, failure): (ProductId, Failure)| (id, failure.into_port(&server));
        failures.extend(outcome.failures.into_iter().map(into_port));
        self.maintain(outcome.must_rescore, outcome.products).await;
        Ok(())
    }

    /// Updates outdated term scores and builds the vector graph when they are needed. A failure is
    /// only logged: the entries are written, and the next write tries again.
    async fn maintain(&self, must_rescore: bool, products: u64) {
        let rescored = if must_rescore { self.rescore_terms(f64::INFINITY).await } else { Ok(()) };
        if let Err(error) = rescored {
            tracing::warn!(error = error.report(), "the term scores could not be updated");
        }
        if products > self.database.settings.exact_rows.into()
            && let Err(error) = self.database.call(&BuildGraph).await
        {
            tracing::warn!(error = error.report(), "the vector graph could not be built");
        }
    }
}

impl PostgresIndex {
    /// Recomputes all term scores that are outdated. The average lengths that they use may differ
    /// from the current ones by at most `max_drift`.
    pub(crate) async fn rescore_terms(&self, max_drift: f64) -> PortResult<()> {
        while self.database.call(&RescoreTerms { max_drift }).await? {}
        Ok(())
    }
}
