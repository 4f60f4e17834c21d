//! The whole pipeline: the three functions between S3, SQS, Secrets Manager, Postgres and OpenSearch.

use super::function::{End, Function};
use super::runtime_api::Answer;
use super::services::{Message, Services};
use crate::support::proxy::Proxy;
use crate::support::shop::{Shop, url};
use serde_json::{Value, json};
use std::time::Duration;

/// The key of the feed in the bucket. S3 encodes it in its events.
pub(crate) const KEY: &str = "feeds/shop catalogue.csv";

/// The functions and the servers between which they stand.
pub(crate) struct Pipeline {
    pub(crate) services: Services,
    pub(crate) shop: Shop,
    pub(crate) postgres: Proxy,
    pub(crate) opensearch: Proxy,
    /// The endpoint of SageMaker, for engines that embed with it.
    pub(crate) endpoint: Proxy,
    pub(crate) ingest: Function,
    pub(crate) embed: Function,
    pub(crate) query: Function,
    /// The number of events that S3 has sent.
    sequence: u64,
}

/// The result of working off the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Worked {
    pub(crate) batches: u64,
    /// Messages that were received, every time that they were.
    pub(crate) messages: u64,
    /// Messages that the function asked for again.
    pub(crate) again: u64,
}

impl Pipeline {
    /// Creates empty servers, and functions with `variables`.
    pub(crate) fn new(variables: &[(&'static str, &str)]) -> Self {
        let services = Services::new();
        let mut shop = services.aws.settings(Shop::in_postgres().with_opensearch());
        let opensearch = shop.setting("OPENSEARCH_ENDPOINT").trim_start_matches("http://");
        let opensearch = Proxy::to(opensearch.trim_end_matches('/').to_owned());
        let postgres = [shop.setting("POSTGRES_HOST"), shop.setting("POSTGRES_PORT")].join(":");
        let postgres = Proxy::to(postgres);
        let endpoint =
            Proxy::to(url("AKIN_TEST_EMBEDDINGS").trim_start_matches("http://").to_owned());
        let [in_opensearch, at_endpoint] =
            [&opensearch, &endpoint].map(|proxy| format!("http://127.0.0.1:{}", proxy.port));
        let port = postgres.port.to_string();
        let own = [
            ("OPENSEARCH_ENDPOINT", &*in_opensearch),
            ("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", &at_endpoint),
            ("POSTGRES_PORT", &port),
            ("POSTGRES_CONNECT_TIMEOUT", "2"),
            ("OPENSEARCH_RETRY_TIMEOUT", "3"),
            ("AWS_OPERATION_TIMEOUT", "5"),
            ("AKIN_ENGINES", "postgres,opensearch"),
            ("AKIN_STORE", "postgres"),
            ("AKIN_QUEUE", "sqs"),
            ("AKIN_COMPLETE", "true"),
            ("AKIN_CURRENCY", "INR"),
            ("AWS_S3_SAMPLE_DATA_BUCKET_NAME", &*services.bucket),
            ("AWS_S3_SAMPLE_DATA_KEY", KEY),
            ("LOG_LEVEL", "info"),
        ];
        for (name, value) in own.iter().chain(&services.variables()).chain(variables) {
            shop.set_variable(name, value);
        }
        let [ingest, embed, query] =
            ["ingest-lambda", "embed-lambda", "query-lambda"].map(|name| function(name, &shop));
        Self { services, shop, postgres, opensearch, endpoint, ingest, embed, query, sequence: 0 }
    }

    /// Writes the feed into the bucket and returns the event that S3 sends.
    pub(crate) fn put_feed(&mut self, feed: &str) -> Value {
        self.services.aws.put(&KEY.replace(' ', "%20"), feed);
        self.sequence += 1;
        put_event(&self.services.bucket, self.sequence)
    }

    /// Ingests, and returns the report; any other end fails the test.
    pub(crate) fn ingest(&mut self, feed: &str) -> Value {
        let event = self.put_feed(feed);
        self.ingest.answer(event)
    }

    /// Delivers a batch to the embedding function as SQS does, and deletes the messages that are done.
    /// Those that are not are visible again at once. Returns their number.
    pub(crate) fn deliver(&mut self, batch: &[Message]) -> usize {
        let end = self.embed.invoke(sqs_event(batch));
        self.settle(batch, &end)
    }

    /// Deletes the messages that are done, and returns the number of the others.
    pub(crate) fn settle(&self, batch: &[Message], end: &End) -> usize {
        let again = failures(batch, end);
        for message in batch {
            if again.contains(&message.id) {
                self.services.release(message);
            } else {
                self.services.delete(message);
            }
        }
        again.len()
    }

    /// Receives at most `limit` messages.
    pub(crate) fn receive(&self, limit: usize) -> Vec<Message> {
        let mut batch = Vec::new();
        while batch.len() < limit {
            let received = self.services.receive();
            if received.is_empty() {
                break;
            }
            batch.extend(received);
        }
        batch
    }

    /// Works off the queue in batches of at most `limit` messages.
    pub(crate) fn work_off(&mut self, limit: usize) -> Worked {
        let mut worked = Worked::default();
        loop {
            let batch = self.receive(limit);
            if batch.is_empty() {
                return worked;
            }
            worked.batches += 1;
            worked.messages += batch.len() as u64;
            worked.again += self.deliver(&batch) as u64;
        }
    }

    /// Returns the status and the body of the query function's answer to a request.
    pub(crate) fn request(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> (u64, Value) {
        let answer = self.query.answer(http_event(method, path, body));
        let body = answer["body"].as_str().expect("a body");
        let status = answer["statusCode"].as_u64().expect("a status");
        (status, serde_json::from_str(body).unwrap_or_else(|_| body.into()))
    }

    /// Returns the ids of the products that a search of `engine` finds.
    pub(crate) fn search(&mut self, engine: &str, query: &str) -> Vec<String> {
        let body = json!({"query": query, "engine": engine, "page_size": 10});
        let (status, found) = self.request("POST", "/api/search", Some(&body));
        assert_eq!(status, 200, "{found}");
        let id = |hit: &Value| hit["product"]["product_id"].as_str().expect("an id").to_owned();
        found["hits"].as_array().expect("hits").iter().map(id).collect()
    }

    /// Returns the numbers of products in the store and in both indexes.
    pub(crate) fn counts(&self) -> [u64; 3] {
        let status = self.shop.json("status");
        let indexed = |at: usize| status["engines"][at]["indexed"].as_u64().expect("a count");
        [status["products"].as_u64().expect("a count"), indexed(0), indexed(1)]
    }

    /// Returns everything that the functions logged.
    pub(crate) fn logs(&self) -> String {
        [&self.ingest, &self.embed, &self.query].map(Function::log).concat()
    }
}

fn function(name: &'static str, shop: &Shop) -> Function {
    let here = ["PATH", "HOME", "XDG_CACHE_HOME", "AKIN_MODELS", "AKIN_CPU"];
    let here =
        here.into_iter().filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
    let settings = shop.variables().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let variables: Vec<_> = here.chain(settings).collect();
    Function::new(name, shop.sandbox.0.path(), variables)
}

/// Returns the event that S3 sends about the feed in `bucket`.
pub(crate) fn put_event(bucket: &str, sequence: u64) -> Value {
    json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": "2026-01-01T00:00:00.000Z", "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": "feeds",
            "bucket": {"name": bucket, "arn": format!("arn:aws:s3:::{bucket}")},
            "object": {"key": KEY.replace(' ', "+"), "sequencer": format!("0055AED6{sequence:08X}")}
        }
    }]})
}

/// Returns the event of a batch of messages.
pub(crate) fn sqs_event(batch: &[Message]) -> Value {
    let record = |message: &Message| {
        json!({
            "messageId": message.id,
            "receiptHandle": message.receipt,
            "body": message.body,
            "attributes": {"ApproximateReceiveCount": message.attempts, "SenderId": "A"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
        })
    };
    json!({"Records": batch.iter().map(record).collect::<Vec<_>>()})
}

/// Returns the event of a request to an HTTP API.
pub(crate) fn http_event(method: &str, path: &str, body: Option<&Value>) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"content-type": "application/json", "host": "api.example"},
        "requestContext": {
            "stage": "$default", "requestId": "JKJaXmPLvHcESHA=",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"}
        },
        "body": body.map(Value::to_string),
        "isBase64Encoded": false
    })
}

/// Returns the ids of the messages that SQS delivers again: all of them, if the function did not answer.
fn failures(batch: &[Message], end: &End) -> Vec<String> {
    let End::Answered(Answer::Done(answer)) = end else {
        return batch.iter().map(|message| message.id.clone()).collect();
    };
    let failures = answer["batchItemFailures"].as_array().expect("a list of failures");
    let id = |failure: &Value| failure["itemIdentifier"].as_str().expect("an id").to_owned();
    failures.iter().map(id).collect()
}

/// The time that an emulated outage lasts.
pub(crate) const OUTAGE: Duration = Duration::from_secs(20);
