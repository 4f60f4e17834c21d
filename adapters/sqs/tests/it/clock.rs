//! Makes time pass in an emulator, which has only the real one.
//!
//! The clock sits between the adapter and the emulator. It hides each message for longer than any test
//! lasts, remembers for how long the adapter asked to hide it, and shows it when that time has passed.

use aws_client::SdkConfig;
use aws_sdk_sqs::Client;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The seconds for which messages are really hidden.
const HIDDEN: u32 = 18_000;

#[derive(Clone)]
pub(crate) struct Clock {
    shared: Arc<Shared>,
    client: Client,
}

#[derive(Debug)]
struct Shared {
    inner: SharedHttpClient,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    now: u64,
    /// When the message of a queue and a receipt handle is visible again.
    hidden: HashMap<(String, String), u64>,
}

impl Clock {
    pub(crate) fn new(config: &SdkConfig, client: Client) -> Self {
        let inner = config.http_client().unwrap();
        Self { shared: Arc::new(Shared { inner, state: Mutex::default() }), client }
    }

    /// Returns the configuration of clients whose time is this clock's.
    pub(crate) fn configure(&self, config: &SdkConfig) -> SdkConfig {
        let client = SharedHttpClient::new(Timed(self.shared.clone()));
        config.clone().into_builder().http_client(client).build()
    }

    /// Makes `time` pass.
    pub(crate) async fn pass(&self, time: Duration) {
        let shown: Vec<_> = {
            let mut state = self.shared.state.lock().unwrap();
            state.now += time.as_secs();
            let now = state.now;
            state.hidden.extract_if(|_, until| *until <= now).map(|(key, _)| key).collect()
        };
        for (url, handle) in shown {
            let request = self.client.change_message_visibility().queue_url(url);
            // Handles of messages that were received again or deleted meanwhile are refused.
            drop(request.receipt_handle(handle).visibility_timeout(0).send().await);
        }
    }
}

#[derive(Debug)]
struct Timed(Arc<Shared>);

#[derive(Debug)]
struct TimedConnector {
    shared: Arc<Shared>,
    inner: SharedHttpConnector,
}

impl HttpClient for Timed {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.0.inner.http_connector(settings, components);
        SharedHttpConnector::new(TimedConnector { shared: self.0.clone(), inner })
    }
}

impl HttpConnector for TimedConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        let mut body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let asked = body.clone();
        rewrite(&target, &mut body);
        let bytes = body.to_string();
        request.headers_mut().insert("content-length", bytes.len().to_string());
        *request.body_mut() = SdkBody::from(bytes);
        let (answer, shared) = (self.inner.call(request), self.shared.clone());
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            let content = take_body(&mut answer).await;
            let done: Value = serde_json::from_slice(&content).unwrap_or_default();
            if answer.status().is_success() {
                shared.state.lock().unwrap().record(&target, &asked, &done);
            }
            *answer.body_mut() = SdkBody::from(content);
            Ok(answer)
        })
    }
}

async fn take_body(answer: &mut HttpResponse) -> Vec<u8> {
    let body = std::mem::replace(answer.body_mut(), SdkBody::empty());
    ByteStream::new(body).collect().await.unwrap().to_vec()
}

/// Replaces the times of a request.
fn rewrite(target: &str, body: &mut Value) {
    match target {
        "AmazonSQS.ReceiveMessage" => {
            body["VisibilityTimeout"] = HIDDEN.into();
            // An emulator is one server, where a short poll sees everything.
            body["WaitTimeSeconds"] = 0.into();
        }
        "AmazonSQS.ChangeMessageVisibilityBatch" => {
            for entry in body["Entries"].as_array_mut().unwrap() {
                if entry["VisibilityTimeout"] != json!(0) {
                    entry["VisibilityTimeout"] = HIDDEN.into();
                }
            }
        }
        _ => {}
    }
}

impl State {
    /// Remembers until when messages are hidden.
    fn record(&mut self, target: &str, asked: &Value, done: &Value) {
        let url = text(&asked["QueueUrl"]);
        let failed: Vec<_> = list(&done["Failed"]).iter().map(|failed| &failed["Id"]).collect();
        let succeeded =
            || list(&asked["Entries"]).iter().filter(|entry| !failed.contains(&&entry["Id"]));
        match target {
            "AmazonSQS.ReceiveMessage" => {
                let until = self.now + seconds(asked);
                for message in list(&done["Messages"]) {
                    self.hidden.insert((url.clone(), text(&message["ReceiptHandle"])), until);
                }
            }
            "AmazonSQS.ChangeMessageVisibilityBatch" => {
                for entry in succeeded() {
                    let (message, time) =
                        ((url.clone(), text(&entry["ReceiptHandle"])), seconds(entry));
                    if time == 0 {
                        self.hidden.remove(&message);
                    } else {
                        self.hidden.insert(message, self.now + time);
                    }
                }
            }
            "AmazonSQS.DeleteMessageBatch" => {
                for entry in succeeded() {
                    self.hidden.remove(&(url.clone(), text(&entry["ReceiptHandle"])));
                }
            }
            _ => {}
        }
    }
}

fn seconds(request: &Value) -> u64 {
    request["VisibilityTimeout"].as_u64().expect("the adapter says how long messages are hidden")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
