//! Recomputes term scores after the average lengths have drifted.

use super::state::State;
use crate::database::{Call, query};
use crate::error::Failure;
use crate::names::Names;
use akin_entities::{TextField, bm25};
use async_trait::async_trait;
use sqlx::{Connection, PgConnection};

/// The number of products per transaction; all writers wait for it.
const CHUNK: i32 = 2_000;

/// Recomputes the term scores of one chunk of products, and returns whether there is more to do. If it
/// is interrupted, the next write continues.
pub(crate) struct RescoreTerms {
    /// The drift of the average lengths above which the basis is updated first.
    pub(crate) max_drift: f64,
}

/// Computes the same as [`term_scores`](super::term_scores::LengthBasis::term_scores) in the database,
/// for texts whose keys are at least $1 and below $2. The length coefficients and k1 are parameters.
const RESCORE: &str = r"
    UPDATE {postings} held SET share = weighed.frequency / (weighed.frequency + $6)
    FROM (
        SELECT texts.key, known.id, sum(($3::double precision[])[field] /
            (($4::double precision[])[field] + cardinality(split) * ($5::double precision[])[field])
        ) AS frequency
        FROM {texts} texts
        CROSS JOIN LATERAL (
            SELECT place::integer AS field, string_to_array(stream, ' ') AS split
            FROM unnest(string_to_array(texts.text, E'\n')) WITH ORDINALITY AS f(stream, place)
        ) AS fields
        CROSS JOIN LATERAL unnest(split) AS word
        JOIN {terms} known ON known.term = word
        WHERE texts.key >= $1 AND texts.key < $2
        GROUP BY texts.key, known.id
    ) AS weighed
    WHERE held.term = weighed.id AND held.key = weighed.key";

#[async_trait]
impl Call for RescoreTerms {
    type Answer = bool;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<bool, Failure> {
        let mut transaction = connection.begin().await?;
        let mut state = State::lock(&mut transaction, names).await?;
        state.update_basis(self.max_drift);
        let (Some(from), Some(basis)) = (state.rescore_from, state.basis) else { return Ok(false) };
        let (constants, per_term): (Vec<_>, Vec<_>) =
            basis.0.into_iter().map(bm25::length_coefficients).unzip();
        query(names.fill(RESCORE))
            .bind(from)
            .bind(from.saturating_add(CHUNK))
            .bind(TextField::ALL.map(|field| f64::from(field.weight())).to_vec())
            .bind(constants)
            .bind(per_term)
            .bind(bm25::K1)
            .execute(&mut *transaction)
            .await?;
        let next = from.saturating_add(CHUNK);
        state.rescore_from = (next < state.next_key).then_some(next);
        state.save(&mut transaction, names).await?;
        transaction.commit().await?;
        Ok(state.rescore_from.is_some())
    }
}
