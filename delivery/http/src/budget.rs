use crate::error::ApiError;
use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// The memory that answers with products may take, however many clients ask and however slowly they
/// read.
///
/// An answer is charged until its last byte was handed to the system. One that finds no room is
/// answered with 503. Answers up to 64 KiB are not charged: the number of connections bounds
/// them, and slow readers of large answers do not keep others from searching.
#[derive(Clone, Debug)]
pub struct AnswerBudget(Arc<Budget>);

#[derive(Debug)]
struct Budget {
    /// One permit for each product that may be held to write an answer.
    products: Semaphore,
    /// One permit for each [`UNIT`] of written answers.
    units: Arc<Semaphore>,
    all_units: u32,
}

/// The maximum number of products that are held at the same time to write answers; a request for more
/// takes all.
const PRODUCTS: u32 = 512;

/// The size of an answer that is not charged, in bytes.
const FREE: usize = 64 * 1024;

/// The bytes of a permit.
const UNIT: usize = 1024;

/// Bytes that return their permits when they are dropped.
struct Charged {
    bytes: Vec<u8>,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Charged {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AnswerBudget {
    /// Creates a budget of so many bytes. An answer that is larger needs all of it.
    pub fn new(bytes: usize) -> Self {
        let all_units = bytes.div_ceil(UNIT).min(Semaphore::MAX_PERMITS);
        let all_units = u32::try_from(all_units).unwrap_or(u32::MAX);
        Self(Arc::new(Budget {
            products: Semaphore::new(PRODUCTS as usize),
            units: Arc::new(Semaphore::new(all_units as usize)),
            all_units,
        }))
    }

    /// Waits until `count` products may be fetched. They may be held as long as the returned permit.
    pub(crate) async fn products(&self, count: usize) -> Result<SemaphorePermit<'_>, ApiError> {
        let count = u32::try_from(count).unwrap_or(PRODUCTS).min(PRODUCTS);
        self.0.products.acquire_many(count).await.map_err(|_| ApiError::overloaded())
    }

    /// Writes `view` as JSON.
    pub(crate) fn json(&self, view: &impl Serialize) -> Result<Response, ApiError> {
        let mut bytes = serde_json::to_vec(view).map_err(|error| ApiError::unwritten(&error))?;
        bytes.shrink_to_fit();
        let bytes: Bytes = if bytes.len() <= FREE { bytes.into() } else { self.charge(bytes)? };
        Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
    }

    fn charge(&self, bytes: Vec<u8>) -> Result<Bytes, ApiError> {
        let units = u32::try_from(bytes.len().div_ceil(UNIT)).unwrap_or(u32::MAX);
        let units = units.min(self.0.all_units);
        let permit = Arc::clone(&self.0.units).try_acquire_many_owned(units);
        let permit = permit.map_err(|_| {
            tracing::warn!(bytes = bytes.len(), "an answer was refused: others take the memory");
            ApiError::overloaded()
        })?;
        Ok(Bytes::from_owner(Charged { bytes, _permit: permit }))
    }
}

impl Default for AnswerBudget {
    fn default() -> Self {
        Self::new(256 * 1024 * 1024)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn products_are_held_in_turn() {
        let budget = AnswerBudget::default();
        let all = budget.products(100_000).now_or_never().expect("a free budget").unwrap();
        let mut next = Box::pin(budget.products(1));
        assert!(next.as_mut().now_or_never().is_none());
        drop(all);
        assert!(next.now_or_never().is_some());
    }

    #[test]
    fn answers_are_charged_until_they_are_dropped_unless_they_are_small() {
        let budget = AnswerBudget::new(100 * 1024);
        let text = |length: usize| "x".repeat(length);
        let large = budget.json(&text(70_000)).unwrap();
        assert!(budget.json(&text(70_000)).is_err());
        assert!(budget.json(&text(FREE - 2)).is_ok());
        drop(large);
        let larger_than_all = budget.json(&text(1_000_000)).unwrap();
        assert!(budget.json(&text(70_000)).is_err());
        drop(larger_than_all);
        assert!(budget.json(&text(70_000)).is_ok());
    }
}
