//! Writes many documents in one request, each with its own outcome.

use crate::connection::{Request, RetryPolicy};
use crate::error::{self, ServerError};
use crate::session::IndexSession;
use akin_entities::ProductId;
use akin_ports::{ErrorKind, Failures, PortError, PortResult};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// The maximum size of a request in bytes, unless one document is larger. The smallest managed
/// servers accept 10 MiB.
const MAX_REQUEST_BYTES: usize = 5 << 20;

/// A write of one document.
#[derive(Debug)]
pub(crate) struct BulkAction {
    id: String,
    lines: String,
}

/// The result of one [`BulkAction`].
#[derive(Debug)]
pub(crate) enum BulkOutcome {
    Done,
    /// A newer version of the document exists.
    Superseded,
    /// The server was too busy for this document.
    Retryable(ServerError),
    Failed(ServerError),
}

#[derive(Deserialize)]
struct BulkResponse {
    items: Vec<BTreeMap<String, BulkItem>>,
}

#[derive(Deserialize)]
struct BulkItem {
    #[serde(rename = "_id")]
    id: String,
    status: u16,
    #[serde(default)]
    error: Value,
}

impl BulkAction {
    /// Creates the action for document `id` from its `header` and the document's `body`.
    pub(crate) fn new(id: &str, header: &Value, body: &str) -> Self {
        Self { id: id.to_owned(), lines: format!("{header}\n{body}\n") }
    }

    /// Returns the product; the document of the model has none.
    fn product_id(&self) -> Option<ProductId> {
        ProductId::new(self.id.as_str()).ok()
    }
}

/// Performs all actions, whose ids are distinct, and adds an entry to `failures` for each that
/// failed. Actions that a busy server rejects are retried; those it rejects until the retry time is
/// over fail one by one. A request that is refused as a whole, perhaps by a proxy with a limit of its
/// own, is halved until single documents fail.
pub(crate) async fn perform(
    session: &IndexSession,
    actions: &[BulkAction],
    failures: &mut Failures,
) -> PortResult<()> {
    let mut parts = vec![actions];
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        let (batch, others) = part.split_at(fitting(part, session.batch_size));
        parts.push(others);
        match (perform_batch(session, batch, failures).await, batch) {
            (Err(error), [only]) if error.kind == ErrorKind::Refused => {
                failures.extend(only.product_id().map(|id| (id, error)));
            }
            (Err(error), _) if error.kind == ErrorKind::Refused => {
                let (first, second) = batch.split_at(batch.len() / 2);
                parts.extend([second, first]);
            }
            (done, _) => done?,
        }
    }
    Ok(())
}

/// Returns how many of the first `actions` fit into one request.
fn fitting(actions: &[BulkAction], max: usize) -> usize {
    let mut size = 0;
    let fits = actions.iter().take(max).take_while(|action| {
        size += action.lines.len();
        size <= MAX_REQUEST_BYTES
    });
    fits.count().max(1)
}

async fn perform_batch(
    session: &IndexSession,
    batch: &[BulkAction],
    failures: &mut Failures,
) -> PortResult<()> {
    let mut backoff = session.connection.backoff(RetryPolicy::Write);
    let mut waiting: Vec<_> = batch.iter().collect();
    loop {
        let mut outcomes = send(session, &waiting).await?;
        let mut again = Vec::new();
        for action in waiting {
            match outcomes.remove(&action.id) {
                Some(BulkOutcome::Done | BulkOutcome::Superseded) => {}
                Some(BulkOutcome::Retryable(error)) => again.push((action, error)),
                // No document causes a missing index, and the next one would fail too.
                Some(BulkOutcome::Failed(error)) if error.status == 404 => return Err(error.into()),
                Some(BulkOutcome::Failed(error)) => fail(failures, action, error),
                None => return Err(missing_outcome()),
            }
        }
        if again.is_empty() {
            return Ok(());
        }
        if !backoff.wait(None).await {
            for (action, error) in again {
                fail(failures, action, error);
            }
            return Ok(());
        }
        waiting = again.into_iter().map(|(action, _)| action).collect();
    }
}

fn fail(failures: &mut Failures, action: &BulkAction, error: ServerError) {
    failures.extend(action.product_id().map(|id| (id, error.into())));
}

/// Sends `actions` in one request and returns the outcome of each by id.
pub(crate) async fn send(
    session: &IndexSession,
    actions: &[&BulkAction],
) -> PortResult<HashMap<String, BulkOutcome>> {
    let body: String = actions.iter().map(|action| action.lines.as_str()).collect();
    // Without `require_alias`, a write to a missing alias would create an index without mappings.
    let fields = "items.*._id,items.*.status,items.*.error.type,items.*.error.reason,\
                  items.*.error.caused_by.reason";
    let path = format!("{}/_bulk?require_alias=true&filter_path={fields}", session.alias);
    let response: BulkResponse =
        session.connection.call(&Request::lines(path, body).retry(RetryPolicy::Write)).await?;
    Ok(outcomes(response).collect())
}

/// Creates the error for a response that lacks a document.
pub(crate) fn missing_outcome() -> PortError {
    error::corrupt("a response lacks the outcome of a document")
}

/// Returns the outcome of each document by its id.
fn outcomes(response: BulkResponse) -> impl Iterator<Item = (String, BulkOutcome)> {
    let items = response.items.into_iter().flat_map(BTreeMap::into_values);
    items.map(|item| (item.id.clone(), outcome(&item)))
}

fn outcome(item: &BulkItem) -> BulkOutcome {
    let error = || ServerError::from_json(item.status, &item.error);
    match item.status {
        200..=299 => BulkOutcome::Done,
        409 => BulkOutcome::Superseded,
        429 | 502..=504 => BulkOutcome::Retryable(error()),
        _ => BulkOutcome::Failed(error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actions(sizes: &[usize]) -> Vec<BulkAction> {
        let action = |&size| BulkAction { id: String::new(), lines: "x".repeat(size) };
        sizes.iter().map(action).collect()
    }

    #[test]
    fn a_request_respects_the_limits_but_contains_at_least_one_document() {
        assert_eq!(fitting(&actions(&[10, 10, 10]), 2), 2);
        assert_eq!(fitting(&actions(&[MAX_REQUEST_BYTES - 1, 1, 1]), 500), 2);
        assert_eq!(fitting(&actions(&[2 * MAX_REQUEST_BYTES, 1]), 500), 1);
    }

    #[test]
    fn each_document_has_its_own_outcome() {
        let text = r#"{"items":[{"index":{"_id":"a","status":201}},
            {"index":{"_id":"b","status":409,"error":{"type":"version_conflict_engine_exception"}}},
            {"index":{"_id":"c","status":429,"error":{"type":"x","reason":"full"}}},
            {"create":{"_id":"d","status":400,"error":{"type":"y","reason":"bad"}}}]}"#;
        let response: BulkResponse = serde_json::from_str(text).unwrap();
        let outcomes: Vec<_> = outcomes(response).map(|(_, outcome)| outcome).collect();
        assert!(matches!(
            &outcomes[..],
            [
                BulkOutcome::Done,
                BulkOutcome::Superseded,
                BulkOutcome::Retryable(_),
                BulkOutcome::Failed(_)
            ]
        ));
    }
}
