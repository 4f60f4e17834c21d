//! What the index knows: of products, and as a whole.

use super::counting::Counting;
use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::store::product_id;
use crate::text::{escape, unescape};
use async_trait::async_trait;
use entities::{Fingerprint, ProductId, TextField, TextHash, Version};
use ports::Indexed;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use std::collections::HashMap;

/// What the index knows of some products.
pub(crate) struct Known<'a> {
    pub(crate) ids: &'a [ProductId],
}

#[async_trait]
impl Call for Known<'_> {
    type Answer = HashMap<ProductId, Indexed>;

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
            Ok((product_id(get(row, 0)?)?, Indexed { version: Version(get(row, 1)?), text_hash }))
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
}

/// The columns of a [`State`], as [`State::of`] wants them.
pub(crate) const STATE: &str = "fingerprint, products, lengths, next_key, changes";

impl State {
    /// The state whose columns begin the row.
    pub(crate) fn of(row: &PgRow) -> Result<Self, Failure> {
        let fingerprint = get::<Option<String>>(row, 0)?.map(unescape);
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
                       next_key = $4, changes = changes + 1";
        query(names.fill(sql))
            .bind(self.fingerprint_text())
            .bind(self.products.cast_signed())
            .bind(self.lengths.to_vec())
            .bind(self.next_key)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Which model made the embeddings; `None` while there are none.
    pub(crate) fn held_fingerprint(&self) -> Option<&Fingerprint> {
        if self.products == 0 { None } else { self.fingerprint.as_ref() }
    }

    /// Takes in what a write changes.
    pub(crate) fn count(&mut self, counting: &Counting) {
        self.products = self.products.saturating_add_signed(counting.products);
        for (length, change) in self.lengths.iter_mut().zip(counting.lengths) {
            *length += change;
        }
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
