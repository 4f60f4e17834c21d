//! Queues of a test's own in an emulator.

use crate::clock::Clock;
use akin_sqs::{Settings, SqsQueue};
use aws_client::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use jiff::tz::TimeZone;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The lease of the tests' queues.
pub(crate) const LEASE: Duration = Duration::from_mins(1);

/// A queue with a dead-letter queue.
pub(crate) struct Fixture {
    pub(crate) queue: SqsQueue,
    pub(crate) clock: Clock,
    /// Calls without the adapter and without the clock.
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) dead_letters_url: String,
    pub(crate) config: SdkConfig,
}

/// Returns a name that no other test has.
fn unique() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    format!("akin-{}-{time}-{}", process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// Returns the address of the emulator in `variable`.
fn address(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run tools/with-services.sh"))
}

pub(crate) fn settings(url: &str) -> Settings {
    Settings {
        queue_url: Some(url.to_owned()),
        dead_letter_queue_url: None,
        wait: Duration::from_secs(1),
        time_zone: TimeZone::UTC,
    }
}

impl Fixture {
    /// Creates a queue in the emulator whose address is in `variable`.
    pub(crate) async fn create(variable: &str) -> Self {
        let aws = aws_client::Settings::default();
        let config = aws.load_emulator(&address(variable)).await;
        let client = Client::new(&config);
        let name = unique();
        let dead = create_queue(&client, &format!("{name}-dead"), None).await;
        let arn = QueueAttributeName::QueueArn;
        let request = client.get_queue_attributes().queue_url(&dead);
        let attributes = request.attribute_names(arn.clone()).send().await.unwrap().attributes;
        let arn = &attributes.unwrap()[&arn];
        let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":5}}"#);
        let url = create_queue(&client, &name, Some(policy)).await;
        let clock = Clock::new(&config, client.clone());
        let timed = clock.configure(&config);
        let queue = SqsQueue::new(&timed, &aws, &settings(&url), LEASE).unwrap();
        Self { queue, clock, client, url, dead_letters_url: dead, config }
    }

    /// Sends a message with any body.
    pub(crate) async fn send(&self, body: &str) {
        self.client.send_message().queue_url(&self.url).message_body(body).send().await.unwrap();
    }
}

async fn create_queue(client: &Client, name: &str, redrive_policy: Option<String>) -> String {
    let mut request = client
        .create_queue()
        .queue_name(name)
        .attributes(QueueAttributeName::MaximumMessageSize, "262144");
    if let Some(policy) = redrive_policy {
        request = request.attributes(QueueAttributeName::RedrivePolicy, policy);
    }
    request.send().await.unwrap().queue_url.unwrap()
}
