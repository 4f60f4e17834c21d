use crate::dead_letters::DeadLetterQueue;
use crate::error::{SYSTEM, misconfigured, port_error};
use crate::listings::Listings;
use crate::outcomes::{delay, handles, receipt};
use crate::raw_queue::{Incoming, Outgoing, RawQueue, Receive, whole_seconds};
use crate::{MessageFormat, Settings};
use akin_entities::Change;
use akin_ports::{
    ChangeQueue, Delivery, ErrorKind, Failures, PortError, PortResult, QueueCapabilities,
    QueueCounts, RELEASE_DELAY, Receipt,
};
use async_trait::async_trait;
use aws_client::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{Builder, StalledStreamProtectionConfig};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// A queue of changes in SQS. Clones share the connections.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    pub(crate) messages: RawQueue,
    pub(crate) format: MessageFormat,
    pub(crate) lease: Duration,
    pub(crate) wait: Duration,
    /// The URL of the dead-letter queue, if it is set.
    pub(crate) dead_letters_url: Option<String>,
    /// The dead-letter queue, once it was needed; `None` if there is none.
    pub(crate) dead_letters: Arc<OnceCell<Option<DeadLetterQueue>>>,
    pub(crate) listings: Arc<Listings>,
}

impl SqsQueue {
    /// Connects to the queue of `settings`, whose messages are leased for `lease` (whole seconds, at
    /// most 12 hours). Makes no call yet.
    pub fn new(
        config: &SdkConfig,
        aws: &aws_client::Settings,
        settings: &Settings,
        lease: Duration,
    ) -> PortResult<Self> {
        let problems = settings.problems();
        let url = settings.queue_url.clone().filter(|_| problems.is_empty());
        let url = url.ok_or_else(|| misconfigured(problems.join("; ")))?;
        let config = Builder::from(config)
            .timeout_config(aws.timeouts(settings.wait))
            // An answer that waits for messages looks like a stalled one.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        let client = Client::from_conf(config);
        Ok(Self {
            messages: RawQueue { client, url, attempts: aws.max_attempts },
            format: settings.message_format(),
            lease: Duration::from_secs(whole_seconds(lease).max(1)),
            wait: settings.wait,
            dead_letters_url: settings.dead_letter_queue_url.clone().filter(|url| !url.is_empty()),
            dead_letters: Arc::default(),
            listings: Arc::default(),
        })
    }

    /// Receives up to `limit` messages, without holding those received for long.
    pub(crate) fn receive_soon(&self, limit: usize) -> Receive {
        let (lease, wait) = (self.lease, self.wait);
        Receive { limit, lease, wait, finds_all: false, time: lease / 4 }
    }

    /// Splits messages into changes and those whose bodies are no changes. The latter have failed, so
    /// that the redrive policy makes dead letters of them.
    async fn deliver(&self, messages: Vec<Incoming>) -> PortResult<Vec<Delivery>> {
        let (mut deliveries, mut malformed) = (Vec::new(), Vec::new());
        for Incoming { id, handle, attempts, message } in messages {
            match self.format.parse(&message.body) {
                Ok(change) => {
                    let receipt = receipt(attempts, &handle);
                    deliveries.push(Delivery { receipt, change, attempts });
                }
                Err(error) => {
                    tracing::warn!(message_id = id, attempts, %error, "a message is not a change");
                    malformed.push((handle, delay(attempts)));
                }
            }
        }
        // If this fails, they are visible again when their leases end.
        if let Err(failure) = self.messages.hide(malformed).await
            && deliveries.is_empty()
        {
            return Err(port_error(failure));
        }
        Ok(deliveries)
    }

    async fn hide(
        &self,
        receipts: &[Receipt],
        time: impl Fn(u32) -> Duration + Send,
    ) -> PortResult<()> {
        let hidden = handles(receipts).map(|(attempts, handle)| (handle, time(attempts)));
        self.messages.hide(hidden.collect()).await.map_err(port_error)
    }
}

#[async_trait]
impl ChangeQueue for SqsQueue {
    async fn send(&self, changes: &[Change]) -> PortResult<Failures> {
        let mut failures = Failures::new();
        let mut messages = Vec::new();
        for (at, change) in changes.iter().enumerate() {
            match self.format.write(change) {
                Ok(body) => messages.push((at, Outgoing { body, attributes: HashMap::new() })),
                Err(error) => {
                    let error = PortError::new(SYSTEM, ErrorKind::Refused, error);
                    failures.insert(change.id.clone(), error);
                }
            }
        }
        for rejected in self.messages.send(messages).await.map_err(port_error)? {
            let id = changes[rejected.entry.0].id.clone();
            failures.insert(id, port_error(rejected.failure));
        }
        Ok(failures)
    }

    async fn receive(&self, limit: usize) -> PortResult<Vec<Delivery>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let receive = self.receive_soon(limit);
        loop {
            let messages = self.messages.receive(receive).await.map_err(port_error)?;
            let is_empty = messages.is_empty();
            let deliveries = self.deliver(messages).await?;
            // Behind messages that are no changes, changes may be visible.
            if is_empty || !deliveries.is_empty() {
                return Ok(deliveries);
            }
        }
    }

    fn lease(&self) -> Duration {
        self.lease
    }

    async fn extend(&self, receipts: &[Receipt]) -> PortResult<()> {
        self.hide(receipts, |_| self.lease).await
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> PortResult<()> {
        let done = handles(receipts).map(|(_, handle)| handle).collect();
        self.messages.delete(done).await.map_err(port_error)
    }

    async fn release(&self, receipts: &[Receipt]) -> PortResult<()> {
        self.hide(receipts, |_| RELEASE_DELAY).await
    }

    async fn fail(&self, failed: &[(Receipt, String)]) -> PortResult<()> {
        let receipts: Vec<_> = failed.iter().map(|(receipt, _)| receipt.clone()).collect();
        self.hide(&receipts, delay).await
    }

    async fn counts(&self) -> PortResult<QueueCounts> {
        let counts = self.messages.counts().await.map_err(port_error)?;
        let dead = match self.dead_letter_queue().await? {
            Some(queue) => {
                let dead = queue.messages.counts().await.map_err(port_error)?;
                dead.waiting + dead.in_flight
            }
            None => 0,
        };
        Ok(QueueCounts { waiting: counts.waiting, in_flight: counts.in_flight, dead })
    }

    fn capabilities(&self) -> QueueCapabilities {
        QueueCapabilities::NONE
    }
}
