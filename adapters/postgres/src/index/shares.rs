//! What a product's words add to the formula's L, ready-made: the postings hold it, so that a search only
//! adds up.

use super::knowledge::State;
use crate::database::{Call, query};
use crate::error::Failure;
use crate::names::Names;
use akin_entities::{AnalyzedText, TextField, bm25};
use async_trait::async_trait;
use sqlx::{Connection, PgConnection};
use std::collections::HashMap;

/// A longer term cannot be searched for: an index holds no more, and nobody asks for it.
pub(crate) const MAX_BYTES: usize = 1_000;

/// How many products are weighed anew in one transaction, for which all writers wait.
const CHUNK: i32 = 2_000;

const FIELDS: usize = TextField::ALL.len();

/// The average lengths by which all shares are computed. They are those of some earlier moment: as long
/// as the averages have hardly moved since, the same products are the best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Basis(pub(crate) [f64; FIELDS]);

impl Basis {
    /// How far the averages have moved: 0 not at all, 1 without bounds.
    pub(crate) fn drift(self, averages: [f64; FIELDS]) -> f64 {
        let of_field = |(basis, average): (f64, f64)| {
            let larger = basis.max(average);
            if larger > 0.0 { (basis - average).abs() / larger } else { 0.0 }
        };
        self.0.into_iter().zip(averages).map(of_field).fold(0.0, f64::max)
    }

    /// The share of each of a text's terms, in no order.
    pub(crate) fn shares(self, text: &AnalyzedText) -> Vec<(&str, f32)> {
        let mut frequencies: HashMap<&str, f64> = HashMap::new();
        for (field, stream) in text.fields() {
            let length = stream.split_ascii_whitespace().count();
            let length = u32::try_from(length).map_or(f64::INFINITY, f64::from);
            let weight = field.norm(length, self.0[field.position()]);
            for term in stream.split_ascii_whitespace() {
                *frequencies.entry(term).or_default() += weight;
            }
        }
        let findable = frequencies.into_iter().filter(|(term, _)| term.len() <= MAX_BYTES);
        #[expect(clippy::cast_possible_truncation, reason = "a share needs no more than f32")]
        let share = |frequency: f64| bm25::term_score(1.0, frequency) as f32;
        findable.map(|(term, frequency)| (term, share(frequency))).collect()
    }
}

/// Computes shares anew by another basis, a chunk of products at a time; says whether there is more to
/// do. Killed anywhere, the next write goes on.
pub(crate) struct Reweigh {
    /// So far the averages may have moved; if they moved farther, it begins anew.
    pub(crate) most_drift: f64,
}

/// The same as [`Basis::shares`], for the texts whose keys lie between $1 and $2.
const REWEIGH: &str = r"
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
impl Call for Reweigh {
    type Answer = bool;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<bool, Failure> {
        let mut transaction = connection.begin().await?;
        let mut state = State::lock(&mut transaction, names).await?;
        state.settle_basis(self.most_drift);
        let (Some(from), Some(basis)) = (state.reweigh_from, state.basis) else { return Ok(false) };
        let norms: Vec<_> = basis.0.into_iter().map(bm25::length_coefficients).collect();
        query(names.fill(REWEIGH))
            .bind(from)
            .bind(from.saturating_add(CHUNK))
            .bind(TextField::ALL.map(|field| f64::from(field.weight())).to_vec())
            .bind(norms.iter().map(|(constant, _)| *constant).collect::<Vec<_>>())
            .bind(norms.iter().map(|(_, of_term)| *of_term).collect::<Vec<_>>())
            .bind(bm25::K1)
            .execute(&mut *transaction)
            .await?;
        let next = from.saturating_add(CHUNK);
        state.reweigh_from = (next < state.next_key).then_some(next);
        state.save(&mut transaction, names).await?;
        transaction.commit().await?;
        Ok(state.reweigh_from.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(basis: Basis, title: &str, term: &str) -> f32 {
        let split = title.split_ascii_whitespace().collect::<Vec<_>>();
        let text = AnalyzedText::new([split, vec![], vec![], vec![], vec![]]);
        let shares = basis.shares(&text);
        shares.iter().find(|(known, _)| *known == term).map_or(0.0, |(_, share)| *share)
    }

    #[test]
    fn a_share_is_the_formulas_saturated_frequency() {
        let basis = Basis([2.0, 0.0, 0.0, 0.0, 0.0]);
        // Of average length: the frequency is the count, and 1 / (1 + .5) of it counts.
        assert!((share(basis, "red tripod", "red") - 2.0 / 3.0).abs() < 1e-6);
        assert!((share(basis, "red red", "red") - 2.0 / 2.5).abs() < 1e-6);
        assert!(share(basis, "red", "red") > share(basis, "red tripod stand", "red"));
        assert_eq!(share(basis, "red", "blue").to_bits(), 0);
        assert!((share(Basis([0.0; 5]), "a b c d", "a") - 2.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn drift_is_that_of_the_field_that_moved_most() {
        let basis = Basis([10.0, 40.0, 0.0, 0.0, 0.0]);
        assert!(basis.drift(basis.0).abs() < f64::EPSILON);
        assert!((basis.drift([9.0, 50.0, 0.0, 0.0, 0.0]) - 0.2).abs() < 1e-9);
        assert!((basis.drift([10.0, 40.0, 3.0, 0.0, 0.0]) - 1.0).abs() < f64::EPSILON);
    }
}
