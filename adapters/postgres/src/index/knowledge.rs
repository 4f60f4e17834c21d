//! What the index knows: of products, and as a whole.

use super::counting::Counting;
use super::shares::Basis;
use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::store::product_id;
use crate::text::{escape, unescape};
use akin_entities::{Fingerprint, ProductId, TextField, TextHash, Version};
use akin_ports::IndexedState;
use async_trait::async_trait;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use std::collections::HashMap;

/// What the index knows of some products.
pub(crate) struct Known<'a> {
    pub(crate) ids: &'a [ProductId],
}

#[async_trait]
impl Call for Known<'_> {
    type Answer = HashMap<ProductId, IndexedState>;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure> {
        let sql = "SELECT product_id::text, akin_version, akin_text_hash FROM {entries}
                   WHERE product_id = ANY ($1::text[]) AND akin_version IS NOT NULL";
        let ids: Vec<_> = self.ids.iter().map(|id| escape(id.as_str())).collect();
        let rows = query(names.fill(sql)).bind(ids).fetch_all(connection).await?;
        let known = rows.iter().map(|row| {
            let text_hash = text_hash(get(row, 2)?)?;
            Ok((
                product_id(get(row, 0)?)?,
                IndexedState { version: Version(get(row, 1)?), text_hash },
            ))
        });
        known.collect()
    }
}

/// The hash that a column holds.
pub(crate) fn text_hash(bytes: Option<&[u8]>) -> Result<Option<TextHash>, Failure> {
    let Some(bytes) = bytes else { return Ok(None) };
    let hash = bytes.try_into().map(TextHash::from_bytes);
    hash.map(Some).map_err(|_| Failure::corrupt(format!("a text hash of {} bytes", bytes.len())))
}

/// The index as a whole.
#[derive(Clone, Debug)]
pub(crate) struct State {
    fingerprint: Option<Fingerprint>,
    /// How many products can be found.
    pub(crate) products: u64,
    /// How many terms each field holds, over all products.
    lengths: [i64; TextField::ALL.len()],
    /// The key of the next product that the index has never seen.
    pub(crate) next_key: i32,
    /// Grows with every write.
    pub(crate) changes: i64,
    /// By which average lengths the shares are computed.
    pub(crate) basis: Option<Basis>,
    /// How many products there were when that was decided.
    weighed: u64,
    /// The first key whose shares are of an earlier basis; `None`: none is.
    pub(crate) reweigh_from: Option<i32>,
}

/// The averages may move so far before all shares are computed anew; or so far, once the products have
/// doubled. Both happen ever more seldom while a catalogue grows.
const MOST_DRIFT: f64 = 0.1;
const LEAST_DRIFT: f64 = 0.02;

/// The columns of a [`State`], as [`State::of`] wants them.
pub(crate) const STATE: &str =
    "fingerprint, products, lengths, next_key, changes, basis, weighed, reweigh_from";

/// How many they are.
pub(crate) const STATE_COLUMNS: usize = 8;

impl State {
    /// The state whose columns begin the row.
    pub(crate) fn of(row: &PgRow) -> Result<Self, Failure> {
        let fingerprint = get::<Option<String>>(row, 0)?.map(unescape);
        let basis: Option<Vec<f64>> = get(row, 5)?;
        let basis = basis.map(|basis| basis.try_into().map(Basis)).transpose();
        let parse = |text: String| {
            Fingerprint::parse(&text)
                .ok_or_else(|| Failure::corrupt(format!("the fingerprint {text:?}")))
        };
        let lengths: Vec<i64> = get(row, 2)?;
        let lengths =
            lengths.try_into().map_err(|_| Failure::corrupt("lengths of other fields"))?;
        Ok(Self {
            fingerprint: fingerprint.map(parse).transpose()?,
            products: u64::try_from(get::<i64>(row, 1)?).unwrap_or_default(),
            lengths,
            next_key: get(row, 3)?,
            changes: get(row, 4)?,
            basis: basis.map_err(|_| Failure::corrupt("averages of other fields"))?,
            weighed: u64::try_from(get::<i64>(row, 6)?).unwrap_or_default(),
            reweigh_from: get(row, 7)?,
        })
    }

    /// The state, which is this transaction's alone until it ends: writers take turns.
    pub(crate) async fn lock(
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self, Failure> {
        let sql = names.fill(&format!("SELECT {STATE} FROM {{state}} FOR UPDATE"));
        let row = query(sql).fetch_optional(connection).await?;
        row.as_ref().map_or_else(|| Err(no_state()), Self::of)
    }

    /// Writes the state that the transaction locked.
    pub(crate) async fn save(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<(), Failure> {
        let sql = "UPDATE {state} SET fingerprint = $1, products = $2, lengths = $3,
                       next_key = $4, changes = changes + 1, basis = $5, weighed = $6,
                       reweigh_from = $7";
        query(names.fill(sql))
            .bind(self.fingerprint_text())
            .bind(self.products.cast_signed())
            .bind(self.lengths.to_vec())
            .bind(self.next_key)
            .bind(self.basis.map(|basis| basis.0.to_vec()))
            .bind(self.weighed.cast_signed())
            .bind(self.reweigh_from)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Which model made the embeddings; `None` while there are none.
    pub(crate) fn held_fingerprint(&self) -> Option<&Fingerprint> {
        if self.products == 0 { None } else { self.fingerprint.as_ref() }
    }

    /// Takes in what a write changes; answers by which basis its shares are to be computed.
    pub(crate) fn count(&mut self, counting: &Counting) -> Basis {
        self.products = self.products.saturating_add_signed(counting.products);
        for (length, change) in self.lengths.iter_mut().zip(counting.lengths) {
            *length += change;
        }
        let has_doubled = self.products >= self.weighed.saturating_mul(2);
        self.settle_basis(if has_doubled { LEAST_DRIFT } else { MOST_DRIFT })
    }

    /// Makes the averages of now the basis, if they moved farther than that from it.
    pub(crate) fn settle_basis(&mut self, most_drift: f64) -> Basis {
        let averages = self.averages();
        if let Some(basis) = self.basis
            && (self.products == 0 || basis.drift(averages) <= most_drift)
        {
            return basis;
        }
        self.reweigh_from = self.basis.is_some().then_some(0);
        (self.basis, self.weighed) = (Some(Basis(averages)), self.products);
        Basis(averages)
    }

    /// Makes the embeddings those of `given`, when there are none yet.
    pub(crate) fn adopt(&mut self, given: &Fingerprint) {
        self.fingerprint = Some(given.clone());
    }

    /// The fingerprint as a column holds it.
    fn fingerprint_text(&self) -> Option<String> {
        self.fingerprint.as_ref().map(|fingerprint| escape(&fingerprint.to_string()).into_owned())
    }

    /// The average length of each field.
    #[expect(clippy::cast_precision_loss, reason = "an average of counts far below 2^52")]
    pub(crate) fn averages(&self) -> [f64; TextField::ALL.len()] {
        self.lengths.map(|length| length as f64 / self.products.max(1) as f64)
    }
}

/// Reads the state.
pub(crate) struct ReadState;

#[async_trait]
impl Call for ReadState {
    type Answer = State;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<State, Failure> {
        let sql = names.fill(&format!("SELECT {STATE} FROM {{state}}"));
        let row = query(sql).fetch_optional(connection).await?;
        row.as_ref().map_or_else(|| Err(no_state()), State::of)
    }
}

/// There is always one row.
pub(crate) fn no_state() -> Failure {
    Failure::corrupt("the row that describes the index is gone")
}
