use crate::shop::{Shop, feed, open, within};
use akin_lambda::{FeedOpener, FunctionError, IngestFunction, IngestParts, RunReport};
use akin_ports::{
    ChangeQueue as _, ErrorKind, FeedSource, NewRun, PortResult, ProductStore as _, RunEnd,
    RunHolder, RunOutcome, RunStart,
};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LONG: Duration = Duration::from_mins(15);

/// Feeds whose products a test replaces.
#[derive(Clone, Default)]
struct Feeds(Arc<Mutex<Vec<(String, String)>>>);

impl Feeds {
    fn of(products: &[(&str, &str)]) -> Self {
        let feeds = Self::default();
        feeds.replace(products);
        feeds
    }

    fn replace(&self, products: &[(&str, &str)]) {
        let owned = products.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned()));
        *self.0.lock().unwrap() = owned.collect();
    }

    fn source(&self, name: &str) -> Arc<dyn FeedSource> {
        let products = self.0.lock().unwrap();
        let products: Vec<_> = products.iter().map(|(id, name)| (&**id, &**name)).collect();
        feed(name, &products)
    }
}

#[async_trait]
impl FeedOpener for Feeds {
    async fn configured(&self) -> PortResult<Vec<Arc<dyn FeedSource>>> {
        Ok(vec![self.source("s3://shop/all.csv")])
    }

    fn object(&self, bucket: &str, key: &str) -> PortResult<Arc<dyn FeedSource>> {
        Ok(self.source(&format!("s3://{bucket}/{key}")))
    }
}

fn function(shop: &Shop, feeds: &Feeds, is_complete: bool) -> IngestFunction {
    let parts = IngestParts {
        ingest: shop.ingest(is_complete),
        queue: shop.queue.clone(),
        runs: shop.runs.clone(),
        feeds: Arc::new(feeds.clone()),
    };
    IngestFunction { parts: open(parts), patience: Duration::from_mins(1) }
}

fn put(key: &str, sequencer: &str) -> Value {
    json!({
        "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "shop"}, "object": {"key": key, "sequencer": sequencer}}
    })
}

fn event(records: &[Value]) -> Value {
    json!({ "Records": records })
}

async fn handle(function: &IngestFunction, event: Value) -> Result<Value, FunctionError> {
    let report: RunReport = function.handle(event, within(LONG)).await?;
    Ok(serde_json::to_value(report).unwrap())
}

async fn waiting(shop: &Shop) -> u64 {
    shop.queue.counts().await.unwrap().waiting
}

#[tokio::test]
async fn an_object_is_ingested_and_its_changes_are_sent_once() {
    let (shop, feeds) = (Shop::new(), Feeds::of(&[("a", "Phone tripod"), ("b", "Cup")]));
    let function = function(&shop, &feeds, false);
    let report = handle(&function, event(&[put("a.csv", "01")])).await.unwrap();
    assert_eq!((&report["outcome"], &report["inserted"]), (&json!("finished"), &json!(2)));
    assert_eq!(report["feeds"], json!(["s3://shop/a.csv?sequencer=01"]));
    assert_eq!(waiting(&shop).await, 2);
    let same = handle(&function, event(&[put("a.csv", "02")])).await.unwrap();
    assert_eq!((&same["unchanged"], waiting(&shop).await), (&json!(2), 2));
    let runs = shop.runs.last(10).await.unwrap();
    assert!(runs.iter().all(|run| run.end.as_ref().unwrap().outcome == RunOutcome::Finished));
    assert_eq!(runs.len(), 2);
}

#[tokio::test]
async fn an_event_as_old_as_one_that_is_done_does_nothing() {
    let (shop, feeds) = (Shop::new(), Feeds::of(&[("a", "Phone tripod")]));
    let function = function(&shop, &feeds, false);
    handle(&function, event(&[put("a.csv", "0055")])).await.unwrap();
    for sequencer in ["0055", "0054"] {
        let report = handle(&function, event(&[put("a.csv", sequencer)])).await.unwrap();
        assert_eq!(report["outcome"], "nothing", "{sequencer}");
    }
    assert_eq!(shop.runs.last(10).await.unwrap().len(), 1);
    let both = handle(&function, event(&[put("a.csv", "0055"), put("b.csv", "0001")])).await;
    assert_eq!(both.unwrap()["feeds"], json!(["s3://shop/b.csv?sequencer=0001"]));
    let newer = handle(&function, event(&[put("a.csv", "0056")])).await.unwrap();
    assert_eq!(newer["outcome"], "finished");
}

#[tokio::test]
async fn an_event_whose_run_failed_is_done_by_the_next_one() {
    let (shop, feeds) = (Shop::new(), Feeds::of(&[("a", "Phone tripod")]));
    let function = function(&shop, &feeds, false);
    let put = event(&[put("a.csv", "01")]);
    for steps in 0.. {
        shop.faults.break_after(steps, ErrorKind::Unavailable);
        let result = handle(&function, put.clone()).await;
        shop.faults.clear();
        if result.is_ok() {
            assert!(steps > 5, "{steps}");
            break;
        }
    }
    assert!(waiting(&shop).await > 0, "a change may be sent twice, but never not at all");
    assert!(shop.store.outbox(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn any_other_event_ingests_the_feeds_of_the_settings() {
    let (shop, feeds) = (Shop::new(), Feeds::of(&[("a", "Phone tripod")]));
    let function = function(&shop, &feeds, false);
    for event in [json!({}), json!({"source": "aws.events"}), json!(null)] {
        let report = handle(&function, event).await.unwrap();
        assert_eq!(report["feeds"], json!(["s3://shop/all.csv"]));
    }
    assert_eq!(waiting(&shop).await, 1);
    let test = handle(&function, json!({"Event": "s3:TestEvent"})).await.unwrap();
    assert_eq!(test["outcome"], "nothing");
}

#[tokio::test]
async fn of_a_complete_catalogue_an_object_is_no_reason_to_remove_what_other_feeds_name() {
    let products: Vec<_> = (0..10).map(|n| (n.to_string(), format!("Product {n}"))).collect();
    let products: Vec<_> = products.iter().map(|(id, name)| (&**id, &**name)).collect();
    let (shop, feeds) = (Shop::new(), Feeds::of(&products));
    let function = function(&shop, &feeds, true);
    let first = handle(&function, event(&[put("part.csv", "01")])).await.unwrap();
    assert_eq!(first["feeds"], json!(["s3://shop/all.csv", "s3://shop/part.csv?sequencer=01"]));
    feeds.replace(&products[1..]);
    let second = handle(&function, event(&[put("part.csv", "02")])).await.unwrap();
    assert_eq!((&second["removed"], waiting(&shop).await), (&json!(1), 11));
    feeds.replace(&products[5..]);
    let refused = handle(&function, json!({})).await.unwrap_err();
    assert_eq!(refused.kind, "Refused");
    assert!(refused.message.contains("4 of 9 products"), "{refused}");
}

#[tokio::test]
async fn a_run_waits_for_another_within_its_own_time() {
    let (shop, feeds) = (Shop::new(), Feeds::of(&[("a", "Phone tripod")]));
    let function = function(&shop, &feeds, false);
    let other = begin(&shop, "another process").await;
    let short = within(Duration::from_millis(400));
    let busy = function.handle(json!({}), short).await.unwrap_err();
    assert_eq!(busy.kind, "Busy");
    assert!(busy.message.contains("another process"), "{busy}");
    let waiting = function.handle(json!({}), within(LONG));
    let ending = async {
        tokio::task::yield_now().await;
        let end = RunEnd { outcome: RunOutcome::Interrupted, took: Duration::ZERO, counts: None };
        shop.runs.finish(other, &end).await.unwrap();
    };
    let (waited, ()) = tokio::join!(waiting, ending);
    assert_eq!(waited.unwrap().outcome, "finished");
}

#[tokio::test]
async fn an_event_takes_over_from_its_own_killed_invocation_at_once() {
    let (shop, feeds) = (Shop::new(), Feeds::of(&[("a", "Phone tripod")]));
    begin(&shop, &format!("{} 17a 9", within(LONG).request_id)).await;
    let mut function = function(&shop, &feeds, false);
    function.patience = Duration::ZERO;
    assert_eq!(handle(&function, json!({})).await.unwrap()["outcome"], "finished");
}

/// Begins a run of another process.
async fn begin(shop: &Shop, key: &str) -> akin_entities::Version {
    let holder = RunHolder { name: key.to_owned(), key: key.to_owned() };
    match shop.runs.begin(&NewRun { holder, feeds: Vec::new(), gone: None }).await.unwrap() {
        RunStart::Begun(version) => version,
        held @ RunStart::Held(_) => panic!("{held:?}"),
    }
}
