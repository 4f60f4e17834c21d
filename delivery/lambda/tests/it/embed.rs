use crate::shop::{Shop, open, within};
use akin_entities::{Change, ProductId, Version};
use akin_lambda::{EmbedFunction, NotOpened, Parts, SqsEvent};
use akin_ports::{ErrorKind, ProductIndex as _};
use akin_usecases::ProcessChanges;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const LONG: Duration = Duration::from_mins(5);

/// Returns a function whose messages are `id@version`.
fn function(process: Parts<ProcessChanges>) -> EmbedFunction {
    let parse = |body: &str| {
        let (id, version) = body.split_once('@').ok_or("there is no @")?;
        let id = ProductId::new(id).map_err(|error| error.to_string())?;
        let version = version.parse().map(Version).map_err(|error| error.to_string())?;
        Ok(Change { id, version })
    };
    EmbedFunction { process, parse: Arc::new(parse) }
}

/// Returns a batch of messages with these ids and bodies.
fn event(messages: &[(&str, &str)]) -> SqsEvent {
    let record = |(id, body): &(&str, &str)| json!({"messageId": id, "body": body});
    let records: Vec<Value> = messages.iter().map(record).collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

fn body(change: &Change) -> String {
    format!("{}@{}", change.id, change.version.0)
}

async fn again(function: &EmbedFunction, messages: &[(&str, &str)], time: Duration) -> Vec<String> {
    let response = function.handle(event(messages), within(time)).await;
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

#[tokio::test]
async fn only_the_messages_that_are_not_done_are_delivered_again() {
    let shop = Shop::new();
    let stocked = [("a", "Phone tripod"), ("b", "Desk lamp"), ("c", "Cup")];
    let changes = shop.stock(&stocked).await;
    let [tripod, lamp, cup] = [0, 1, 2].map(|at| body(&changes[at]));
    let function = function(open(shop.process()));
    let messages = [
        ("m1", &*tripod),
        ("m2", "{\"order\": 7}"),
        ("m3", &*lamp),
        ("m4", &*cup),
        ("m5", "gone@1"),
    ];
    assert_eq!(again(&function, &messages, LONG).await, ["m2", "m3"]);
    assert_eq!(shop.index.count().await.unwrap(), 2);
    assert!(again(&function, &[("m1", &*tripod)], LONG).await.is_empty(), "once more is harmless");
}

#[tokio::test]
async fn a_superseded_message_beside_two_fresh_ones_is_done() {
    let shop = Shop::new();
    let old = shop.stock(&[("a", "Phone tripod"), ("b", "Cup")]).await;
    let new = shop.stock(&[("a", "Phone stand"), ("b", "Mug")]).await;
    let [superseded, fresh, other] = [&old[0], &new[0], &new[1]].map(body);
    let function = function(open(shop.process()));
    let messages = [("m1", &*superseded), ("m2", &*fresh), ("m3", &*other)];
    assert!(again(&function, &messages, LONG).await.is_empty());
    let state = shop.index.states(&[new[0].id.clone(), new[1].id.clone()]).await.unwrap();
    let versions: Vec<_> = new.iter().map(|change| state[&change.id].version).collect();
    assert_eq!(versions, [new[0].version, new[1].version]);
}

#[tokio::test]
async fn after_an_outage_every_message_is_delivered_again_and_nothing_is_thrown() {
    let shop = Shop::new();
    let changes = shop.stock(&[("a", "Phone tripod"), ("b", "Cup")]).await;
    let [first, second] = [&changes[0], &changes[1]].map(body);
    let messages = [("m1", &*first), ("m2", &*second)];
    let function = function(open(shop.process()));
    for steps in 0..3 {
        shop.faults.break_after(steps, ErrorKind::Unavailable);
        assert_eq!(again(&function, &messages, LONG).await, ["m1", "m2"], "after {steps} steps");
        shop.faults.clear();
    }
    assert!(again(&function, &messages, LONG).await.is_empty());
}

#[tokio::test]
async fn without_its_parts_a_function_asks_for_every_message_again() {
    let away = NotOpened { message: "the store is away".to_owned(), is_final: false };
    let function = function(Parts::new(move || std::future::ready(Err(away.clone()))));
    assert_eq!(again(&function, &[("m1", "a@1"), ("m2", "b@1")], LONG).await, ["m1", "m2"]);
}

#[tokio::test]
async fn when_the_time_is_over_no_work_is_begun() {
    let shop = Shop::new();
    let changes = shop.stock(&[("a", "Phone tripod")]).await;
    let function = function(open(shop.process()));
    let message = body(&changes[0]);
    assert_eq!(again(&function, &[("m1", &*message)], Duration::ZERO).await, ["m1"]);
    assert_eq!(shop.index.count().await.unwrap(), 0);
}

#[tokio::test]
async fn work_that_does_not_end_in_time_is_given_up_before_the_deadline() {
    let parts = Parts::new(std::future::pending::<Result<ProcessChanges, NotOpened>>);
    let function = function(parts);
    let time = Duration::from_millis(100);
    let within = tokio::time::timeout(time, again(&function, &[("m1", "a@1")], time)).await;
    assert_eq!(within.unwrap(), ["m1"]);
}

#[tokio::test]
async fn an_empty_batch_is_done() {
    let function = function(open(Shop::new().process()));
    assert!(again(&function, &[], LONG).await.is_empty());
}
