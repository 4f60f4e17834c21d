//! The state of the whole index: one row, which writers lock.

use super::counting::CountChanges;
use super::term_scores::LengthBasis;
use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::text::{escape, unescape};
use akin_entities::{Analysis, Fingerprint, TextField};
use async_trait::async_trait;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

/// The state of the whole index.
#[derive(Clone, Debug)]
pub(crate) struct State {
    fingerprint: Option<Fingerprint>,
    /// The number of searchable products.
    pub(crate) products: u64,
    /// The number of terms in each field, over all products.
    lengths: [i64; TextField::ALL.len()],
    /// The key of the next new product.
    pub(crate) next_key: i32,
    /// Grows with every write.
    pub(crate) changes: i64,
    /// The average lengths that the term scores are computed with.
    pub(crate) basis: Option<LengthBasis>,
    /// The number of products when `basis` was set.
    basis_products: u64,
    /// The first key whose term scores use an earlier basis; `None` if there are none.
    pub(crate) rescore_from: Option<i32>,
}

/// The drift of the average lengths at which all term scores are recomputed.
const MAX_DRIFT: f64 = 0.1;

/// The tolerated drift when the number of products has doubled. Both events become rarer
/// as a catalogue grows.
const MAX_DRIFT_AFTER_DOUBLING: f64 = 0.02;

/// The columns of [`State::from_row`].
pub(crate) const STATE: &str =
    "fingerprint, products, lengths, next_key, changes, basis, weighed, reweigh_from";

/// The number of columns in [`STATE`].
pub(crate) const STATE_COLUMNS: usize = 8;

impl State {
    /// Parses the state from the first columns of a row.
    pub(crate) fn from_row(row: &PgRow) -> Result<Self, Failure> {
        let fingerprint = get::<Option<String>>(row, 0)?.map(unescape);
        let basis: Option<Vec<f64>> = get(row, 5)?;
        let basis = basis.map(|basis| basis.try_into().map(LengthBasis)).transpose();
        let parse = |text: String| {
            Fingerprint::parse(&text)
                .ok_or_else(|| Failure::corrupt(format!("invalid fingerprint {text:?}")))
        };
        let lengths: Vec<i64> = get(row, 2)?;
        let lengths = lengths
            .try_into()
            .map_err(|_| Failure::corrupt("the index has another number of text fields"))?;
        Ok(Self {
            fingerprint: fingerprint.map(parse).transpose()?,
            products: u64::try_from(get::<i64>(row, 1)?).unwrap_or_default(),
            lengths,
            next_key: get(row, 3)?,
            changes: get(row, 4)?,
            basis: basis
                .map_err(|_| Failure::corrupt("the index has another number of averages"))?,
            basis_products: u64::try_from(get::<i64>(row, 6)?).unwrap_or_default(),
            rescore_from: get(row, 7)?,
        })
    }

    /// Reads the state and locks it until the transaction ends, so that writers take turns.
    pub(crate) async fn lock(
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self, Failure> {
        let sql = names.fill(&format!("SELECT {STATE} FROM {{state}} FOR UPDATE"));
        let row = query(sql).fetch_optional(connection).await?;
        row.as_ref().map_or_else(|| Err(missing_state()), Self::from_row)
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
            .bind(self.basis_products.cast_signed())
            .bind(self.rescore_from)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Returns the model of the embeddings; `None` while there are none.
    pub(crate) fn active_fingerprint(&self) -> Option<&Fingerprint> {
        if self.products == 0 { None } else { self.fingerprint.as_ref() }
    }

    /// Applies the changes of a write. Returns the basis for its term scores.
    pub(crate) fn apply(&mut self, changes: &CountChanges) -> LengthBasis {
        self.products = self.products.saturating_add_signed(changes.products);
        for (length, change) in self.lengths.iter_mut().zip(changes.lengths) {
            *length += change;
        }
        let has_doubled = self.products >= self.basis_products.saturating_mul(2);
        self.update_basis(if has_doubled { MAX_DRIFT_AFTER_DOUBLING } else { MAX_DRIFT })
    }

    /// Makes the current averages the basis if they differ from it by more than `max_drift`.
    pub(crate) fn update_basis(&mut self, max_drift: f64) -> LengthBasis {
        let averages = self.averages();
        if let Some(basis) = self.basis
            && (self.products == 0 || basis.drift(averages) <= max_drift)
        {
            return basis;
        }
        self.rescore_from = self.basis.is_some().then_some(0);
        (self.basis, self.basis_products) = (Some(LengthBasis(averages)), self.products);
        LengthBasis(averages)
    }

    /// Sets the model of an index without embeddings.
    pub(crate) fn set_fingerprint(&mut self, given: &Fingerprint) {
        self.fingerprint = Some(given.clone());
    }

    /// Returns the fingerprint as the column stores it.
    fn fingerprint_text(&self) -> Option<String> {
        self.fingerprint.as_ref().map(|fingerprint| escape(&fingerprint.to_string()).into_owned())
    }

    /// Returns the average length of each field.
    #[expect(clippy::cast_precision_loss, reason = "an average of counts far below 2^52")]
    pub(crate) fn averages(&self) -> [f64; TextField::ALL.len()] {
        self.lengths.map(|length| length as f64 / self.products.max(1) as f64)
    }
}

/// Reads the state without a lock.
pub(crate) struct ReadState;

#[async_trait]
impl Call for ReadState {
    type Answer = State;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<State, Failure> {
        let sql = names.fill(&format!("SELECT {STATE} FROM {{state}}"));
        let row = query(sql).fetch_optional(connection).await?;
        row.as_ref().map_or_else(|| Err(missing_state()), State::from_row)
    }
}

/// Reads the identity of the index.
pub(crate) struct ReadIdentity;

#[async_trait]
impl Call for ReadIdentity {
    type Answer = String;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<String, Failure> {
        let row = query(names.fill("SELECT identity FROM {state}")).fetch_optional(connection);
        row.await?.as_ref().map_or_else(|| Err(missing_state()), |row| Ok(get(row, 0)?))
    }
}

/// Reads the analysis of the texts.
pub(crate) struct ReadAnalysis;

#[async_trait]
impl Call for ReadAnalysis {
    type Answer = Option<Analysis>;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Option<Analysis>, Failure> {
        let row = query(names.fill("SELECT analysis FROM {state}")).fetch_optional(connection);
        let row = row.await?.ok_or_else(missing_state)?;
        Ok(get::<Option<String>>(&row, 0)?.map(Analysis::from_stored))
    }
}

/// Sets the analysis of the texts.
pub(crate) struct SetAnalysis<'a>(pub(crate) &'a Analysis);

#[async_trait]
impl Call for SetAnalysis<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        let sql = names.fill("UPDATE {state} SET analysis = $1");
        query(sql).bind(self.0.as_str()).execute(connection).await?;
        Ok(())
    }
}

/// Creates the error for a missing state: the table always contains one row.
pub(crate) fn missing_state() -> Failure {
    Failure::corrupt("the row that describes the index is missing")
}
