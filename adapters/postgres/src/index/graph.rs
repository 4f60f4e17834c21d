//! The HNSW graph for catalogues that are too large to be compared one by one.

use super::state::State;
use crate::database::{Call, query};
use crate::error::Failure;
use crate::names::Names;
use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::time::Duration;

/// The maximum dimension of a graph over half-precision vectors.
pub(crate) const MAX_DIMENSION: usize = 4_000;

/// The time limit for building the graph. Writers wait meanwhile, so it is built only once, when
/// the catalogue outgrows exact search; from then on each write maintains it.
const TIME_LIMIT: Duration = Duration::from_hours(1);

/// Builds the graph unless it exists. Its vectors have half the precision and half the size; its
/// results are compared exactly afterwards.
pub(crate) struct BuildGraph;

#[async_trait]
impl Call for BuildGraph {
    type Answer = ();

    fn time_limit(&self) -> Option<Duration> {
        Some(TIME_LIMIT)
    }

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        if graph_exists(connection, names).await? {
            return Ok(());
        }
        let mut transaction = connection.begin().await?;
        // The lock keeps other processes from building it, too, and from changing the model.
        let state = State::lock(&mut transaction, names).await?;
        let dimension = state.active_fingerprint().map_or(0, |fingerprint| fingerprint.dimension);
        if !(1..=MAX_DIMENSION).contains(&dimension)
            || graph_exists(&mut transaction, names).await?
        {
            return Ok(());
        }
        let limit = format!("SET LOCAL statement_timeout = {}", TIME_LIMIT.as_millis());
        transaction.execute(AssertSqlSafe(limit)).await?;
        let build = format!(
            "CREATE INDEX IF NOT EXISTS {{near}} ON {{entries}}
             USING hnsw ((embedding::halfvec({dimension})) halfvec_ip_ops)
             WITH (m = 16, ef_construction = 100) WHERE akin_text_hash IS NOT NULL"
        );
        transaction.execute(AssertSqlSafe(names.fill(&build))).await?;
        transaction.commit().await?;
        tracing::info!("built the vector graph");
        Ok(())
    }
}

async fn graph_exists(connection: &mut PgConnection, names: &Names) -> Result<bool, Failure> {
    let row = query("SELECT to_regclass($1) IS NOT NULL".to_owned()).bind(names.fill("{near}"));
    Ok(sqlx::Row::try_get(&row.fetch_one(connection).await?, 0)?)
}
