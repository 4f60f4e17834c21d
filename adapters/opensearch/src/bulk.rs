//! Many documents in one request, each with an outcome of its own.

use crate::connection::{Request, Urgency};
use crate::error::{self, ServerError};
use crate::index::Engine;
use akin_ports::{Failures, PortResult};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// How large a request may be, in bytes, unless one document is larger: the smallest managed
/// servers take 10 MiB.
const LARGEST: usize = 5 << 20;

/// What to do with one document.
#[derive(Debug)]
pub(crate) struct Action {
    id: String,
    lines: String,
}

/// What became of a document.
#[derive(Debug)]
pub(crate) enum Outcome {
    Done,
    /// Somebody wrote a newer version.
    Late,
    /// The server was too busy for this one.
    Again(ServerError),
    Failed(ServerError),
}

#[derive(Deserialize)]
struct Answer {
    items: Vec<BTreeMap<String, Item>>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "_id")]
    id: String,
    status: u16,
    #[serde(default)]
    error: Value,
}

impl Action {
    /// An action on the document `id`: its `header`, and the document's `body`.
    pub(crate) fn new(id: &str, header: &Value, body: &str) -> Self {
        Self { id: id.to_owned(), lines: format!("{header}\n{body}\n") }
    }
}

/// Does all of them, each id once; says of each that could not be done why. What the server is too
/// busy for is tried again; what it never gets round to is a failure of that product alone.
pub(crate) async fn perform(
    engine: &Engine,
    actions: &[Action],
    failures: &mut Failures,
) -> PortResult<()> {
    let mut rest = actions;
    while !rest.is_empty() {
        let (batch, others) = rest.split_at(fitting(rest, engine.batch));
        perform_batch(engine, batch, failures).await?;
        rest = others;
    }
    Ok(())
}

/// How many of the first `actions` fit into a request.
fn fitting(actions: &[Action], most: usize) -> usize {
    let mut size = 0;
    let fits = actions.iter().take(most).take_while(|action| {
        size += action.lines.len();
        size <= LARGEST
    });
    fits.count().max(1)
}

async fn perform_batch(
    engine: &Engine,
    batch: &[Action],
    failures: &mut Failures,
) -> PortResult<()> {
    let mut patience = engine.connection.patience(Urgency::Write);
    let mut waiting: Vec<_> = batch.iter().collect();
    loop {
        let mut outcomes = send(engine, &waiting).await?;
        let mut again = Vec::new();
        for action in waiting {
            match outcomes.remove(&action.id) {
                Some(Outcome::Done | Outcome::Late) => {}
                Some(Outcome::Again(error)) => again.push((action, error)),
                // That is no document's fault, and will be the next one's, too.
                Some(Outcome::Failed(error)) if error.status == 404 => return Err(error.into()),
                Some(Outcome::Failed(error)) => fail(failures, action, error),
                None => return Err(error::corrupt("it does not say what became of a document")),
            }
        }
        if again.is_empty() {
            return Ok(());
        }
        if !patience.wait().await {
            for (action, error) in again {
                fail(failures, action, error);
            }
            return Ok(());
        }
        waiting = again.into_iter().map(|(action, _)| action).collect();
    }
}

fn fail(failures: &mut Failures, action: &Action, error: ServerError) {
    // An id that is none is that of no product.
    if let Ok(id) = akin_entities::ProductId::new(action.id.as_str()) {
        failures.insert(id, error.into());
    }
}

/// Sends `actions` in one request; says what became of each.
pub(crate) async fn send(
    engine: &Engine,
    actions: &[&Action],
) -> PortResult<HashMap<String, Outcome>> {
    let body: String = actions.iter().map(|action| action.lines.as_str()).collect();
    // Without its alias a write would make an index of its own, which nothing describes.
    let fields = "items.*._id,items.*.status,items.*.error.type,items.*.error.reason,\
                  items.*.error.caused_by.reason";
    let path = format!("{}/_bulk?require_alias=true&filter_path={fields}", engine.alias);
    let answer: Answer =
        engine.connection.call(&Request::lines(path, body).urgency(Urgency::Write)).await?;
    let items = answer.items.into_iter().flat_map(BTreeMap::into_values);
    Ok(items.map(|item| (item.id.clone(), outcome(&item))).collect())
}

fn outcome(item: &Item) -> Outcome {
    let error = || ServerError::of(item.status, &item.error);
    match item.status {
        200..=299 => Outcome::Done,
        409 => Outcome::Late,
        429 | 502..=504 => Outcome::Again(error()),
        _ => Outcome::Failed(error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actions(sizes: &[usize]) -> Vec<Action> {
        let action = |&size| Action { id: String::new(), lines: "x".repeat(size) };
        sizes.iter().map(action).collect()
    }

    #[test]
    fn a_request_is_as_large_as_allowed_and_holds_one_document_at_least() {
        assert_eq!(fitting(&actions(&[10, 10, 10]), 2), 2);
        assert_eq!(fitting(&actions(&[LARGEST - 1, 1, 1]), 500), 2);
        assert_eq!(fitting(&actions(&[2 * LARGEST, 1]), 500), 1);
    }

    #[test]
    fn each_document_has_an_outcome_of_its_own() {
        let text = r#"{"items":[{"index":{"_id":"a","status":201}},
            {"index":{"_id":"b","status":409,"error":{"type":"version_conflict_engine_exception"}}},
            {"index":{"_id":"c","status":429,"error":{"type":"x","reason":"full"}}},
            {"create":{"_id":"d","status":400,"error":{"type":"y","reason":"bad"}}}]}"#;
        let answer: Answer = serde_json::from_str(text).unwrap();
        let items = answer.items.into_iter().flat_map(BTreeMap::into_values);
        let outcomes: Vec<_> = items.map(|item| outcome(&item)).collect();
        assert!(matches!(
            &outcomes[..],
            [Outcome::Done, Outcome::Late, Outcome::Again(_), Outcome::Failed(_)]
        ));
    }
}
