//! Counts rows without reading millions of them.

use crate::database::{get, query};
use crate::error::Failure;
use crate::names::Names;
use akin_ports::EXACT_COUNTS;
use sqlx::PgConnection;

/// Rows to be counted, as templates of SQL.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    /// The table with its condition.
    pub(crate) rows: &'static str,
    /// The table or partial index whose size is the estimate.
    pub(crate) relation: &'static str,
}

/// Counts up to [`EXACT_COUNTS`] rows of each kind. A larger count is the server's own estimate.
pub(crate) async fn count<const KINDS: usize>(
    connection: &mut PgConnection,
    names: &Names,
    kinds: [Counted; KINDS],
) -> Result<[u64; KINDS], Failure> {
    let counts = kinds.map(|Counted { rows, .. }| {
        format!("(SELECT count(*) FROM (SELECT FROM {rows} LIMIT $1 + 1) AS counted)")
    });
    let relations = kinds.map(|kind| names.fill(kind.relation)).to_vec();
    let sql = format!(
        "SELECT ARRAY[{}], ARRAY(
             SELECT coalesce(reltuples, 0)::bigint
             FROM unnest($2::text[]) WITH ORDINALITY AS named(relation, place)
             LEFT JOIN pg_class ON pg_class.oid = to_regclass(relation) ORDER BY place)",
        counts.join(", ")
    );
    let counted = query(names.fill(&sql)).bind(EXACT_COUNTS.cast_signed()).bind(relations);
    let row = counted.fetch_one(connection).await?;
    let (counts, estimates): (Vec<i64>, Vec<i64>) = (get(&row, 0)?, get(&row, 1)?);
    let mut result = [0; KINDS];
    for ((result, count), estimate) in result.iter_mut().zip(counts).zip(estimates) {
        // A table that was never analyzed has a negative estimate.
        let larger = if count.unsigned_abs() > EXACT_COUNTS { estimate.max(count) } else { count };
        *result = larger.unsigned_abs();
    }
    Ok(result)
}
