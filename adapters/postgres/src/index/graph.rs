//! The HNSW graph, for more products than are compared one by one.

use super::knowledge::State;
use crate::database::{Call, query};
use crate::error::Failure;
use crate::names::Names;
use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::time::Duration;

/// The most coordinates that a graph of half-precision vectors takes.
pub(crate) const MAX_DIMENSION: usize = 4_000;

/// How long building it may take. Writers wait for it, so it is built once, when products outgrow
/// the comparison; from then on each write keeps it.
const PATIENCE: Duration = Duration::from_hours(1);

/// Builds the graph, unless it is there. Its vectors have half the precision and half the size: what
/// it names is compared exactly afterwards.
pub(crate) struct BuildGraph;

#[async_trait]
impl Call for BuildGraph {
    type Answer = ();

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        if is_there(connection, names).await? {
            return Ok(());
        }
        let mut transaction = connection.begin().await?;
        // Of two that find no graph one builds it; and nobody changes the model meanwhile.
        let state = State::lock(&mut transaction, names).await?;
        let dimension = state.held_fingerprint().map_or(0, |fingerprint| fingerprint.dimension);
        if !(1..=MAX_DIMENSION).contains(&dimension) || is_there(&mut transaction, names).await? {
            return Ok(());
        }
        let limit = format!("SET LOCAL statement_timeout = {}", PATIENCE.as_millis());
        transaction.execute(AssertSqlSafe(limit)).await?;
        let build = format!(
            "CREATE INDEX IF NOT EXISTS {{near}} ON {{entries}}
             USING hnsw ((embedding::halfvec({dimension})) halfvec_ip_ops)
             WITH (m = 16, ef_construction = 100) WHERE akin_text_hash IS NOT NULL"
        );
        transaction.execute(AssertSqlSafe(names.fill(&build))).await?;
        transaction.commit().await?;
        tracing::info!("built the graph of the nearest products");
        Ok(())
    }
}

async fn is_there(connection: &mut PgConnection, names: &Names) -> Result<bool, Failure> {
    let row = query("SELECT to_regclass($1) IS NOT NULL".to_owned()).bind(names.fill("{near}"));
    Ok(sqlx::Row::try_get(&row.fetch_one(connection).await?, 0)?)
}
