//! The messages of one queue, whatever their bodies.

use crate::batch::{BatchRequest, Rejected, send_all};
use async_trait::async_trait;
use aws_client::{Failure, FailureKind};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry,
    DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, MessageSystemAttributeName,
    QueueAttributeName, SendMessageBatchRequestEntry,
};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The longest time that SQS hides a message.
const MAX_VISIBILITY: Duration = Duration::from_hours(12);

/// One queue in SQS.
#[derive(Clone, Debug)]
pub(crate) struct RawQueue {
    pub(crate) client: Client,
    pub(crate) url: String,
    /// The attempts of an entry of a batch.
    pub(crate) attempts: u32,
}

/// A message to send.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) body: String,
    pub(crate) attributes: HashMap<String, MessageAttributeValue>,
}

/// A message that was received.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    pub(crate) id: String,
    pub(crate) handle: String,
    pub(crate) attempts: u32,
    pub(crate) message: Outgoing,
}

/// How messages are received.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Receive {
    pub(crate) limit: usize,
    /// The time for which they are hidden.
    pub(crate) lease: Duration,
    /// The time to wait for the first one.
    pub(crate) wait: Duration,
    /// Whether to wait for each further one too, without which SQS may overlook some.
    pub(crate) finds_all: bool,
    /// The time after which no further ones are received.
    pub(crate) time: Duration,
}

/// A count of messages, which lags behind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ApproximateCounts {
    pub(crate) waiting: u64,
    pub(crate) in_flight: u64,
}

/// The most messages that SQS returns at once.
const MAX_RECEIVED: usize = 10;

impl RawQueue {
    /// Sends messages and returns those that were refused.
    pub(crate) async fn send(
        &self,
        messages: Vec<(usize, Outgoing)>,
    ) -> Result<Vec<Rejected<(usize, Outgoing)>>, Failure> {
        send_all(&Send(self), messages, self.attempts).await
    }

    /// Deletes messages, and ignores handles that are no longer valid.
    pub(crate) async fn delete(&self, handles: Vec<String>) -> Result<(), Failure> {
        settled(send_all(&Delete(self), handles, self.attempts).await?)
    }

    /// Hides each message for its time, and ignores handles that are no longer valid.
    pub(crate) async fn hide(&self, messages: Vec<(String, Duration)>) -> Result<(), Failure> {
        settled(send_all(&Hide(self), messages, self.attempts).await?)
    }

    /// Receives messages until there are `limit`, none is visible, or the time is over.
    pub(crate) async fn receive(&self, receive: Receive) -> Result<Vec<Incoming>, Failure> {
        let began = Instant::now();
        let mut received = Vec::new();
        while received.len() < receive.limit
            && (received.is_empty() || began.elapsed() < receive.time)
        {
            // What has been received should not wait for more to come.
            let waits = received.is_empty() || receive.finds_all;
            let wait = if waits { receive.wait } else { Duration::ZERO };
            let limit = (receive.limit - received.len()).min(MAX_RECEIVED);
            match self.receive_once(Receive { limit, wait, ..receive }).await {
                Ok(messages) if messages.is_empty() => break,
                Ok(messages) => received.extend(messages),
                Err(failure) if received.is_empty() => return Err(failure),
                // Those received are leased and have to be worked on; the next call fails by itself.
                Err(_) => break,
            }
        }
        Ok(received)
    }

    async fn receive_once(&self, receive: Receive) -> Result<Vec<Incoming>, Failure> {
        let request = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(receive.limit).unwrap_or(i32::MAX))
            .visibility_timeout(seconds(receive.lease))
            .wait_time_seconds(seconds(receive.wait))
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_attribute_names("All");
        let answer = request.send().await.map_err(|error| Failure::of(&error))?;
        answer.messages.unwrap_or_default().into_iter().map(incoming).collect()
    }

    pub(crate) async fn counts(&self) -> Result<ApproximateCounts, Failure> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages, ApproximateNumberOfMessagesDelayed,
            ApproximateNumberOfMessagesNotVisible,
        };
        let names = [
            ApproximateNumberOfMessages,
            ApproximateNumberOfMessagesDelayed,
            ApproximateNumberOfMessagesNotVisible,
        ];
        let attributes = self.attributes(&names).await?;
        let count = |name| match attributes.get(name).map(|text| text.parse::<u64>()) {
            Some(Ok(count)) => Ok(count),
            _ => Err(Failure::new(FailureKind::Corrupt, format!("the answer lacks {name}"))),
        };
        Ok(ApproximateCounts {
            waiting: count(&names[0])? + count(&names[1])?,
            in_flight: count(&names[2])?,
        })
    }

    pub(crate) async fn attributes(
        &self,
        names: &[QueueAttributeName],
    ) -> Result<HashMap<QueueAttributeName, String>, Failure> {
        let request = self.client.get_queue_attributes().queue_url(&self.url);
        let answer = request.set_attribute_names(Some(names.to_vec())).send().await;
        Ok(answer.map_err(|error| Failure::of(&error))?.attributes.unwrap_or_default())
    }
}

fn incoming(message: Message) -> Result<Incoming, Failure> {
    let attempts = message.attributes.as_ref();
    let attempts =
        attempts.and_then(|all| all.get(&MessageSystemAttributeName::ApproximateReceiveCount));
    let attempts = attempts.and_then(|count| count.parse().ok()).unwrap_or(1);
    let handle = message.receipt_handle.filter(|handle| !handle.is_empty()).ok_or_else(|| {
        Failure::new(FailureKind::Corrupt, "a message was received without a receipt handle")
    })?;
    Ok(Incoming {
        id: message.message_id.unwrap_or_default(),
        handle,
        attempts,
        message: Outgoing {
            body: message.body.unwrap_or_default(),
            attributes: message.message_attributes.unwrap_or_default(),
        },
    })
}

/// Passes over rejected handles, which are of messages that were delivered again or are gone.
fn settled<E>(rejected: Vec<Rejected<E>>) -> Result<(), Failure> {
    let mut failures = rejected.into_iter().map(|rejected| rejected.failure);
    match failures.find(|failure| failure.kind != FailureKind::Refused) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// Returns whole seconds, rounded up, as far as SQS allows them.
pub(crate) fn whole_seconds(time: Duration) -> u64 {
    let time = time.min(MAX_VISIBILITY);
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

fn seconds(time: Duration) -> i32 {
    i32::try_from(whole_seconds(time)).unwrap_or(i32::MAX)
}

struct Send<'a>(&'a RawQueue);
struct Delete<'a>(&'a RawQueue);
struct Hide<'a>(&'a RawQueue);

type Failed = Result<Vec<BatchResultErrorEntry>, Failure>;

/// Maps an entry that this crate built wrongly, which cannot happen.
fn unbuilt(error: impl std::error::Error) -> Failure {
    Failure::new(FailureKind::Refused, error.to_string())
}

#[async_trait]
impl BatchRequest for Send<'_> {
    /// A message with the caller's number.
    type Entry = (usize, Outgoing);

    async fn send(&self, entries: &[(usize, Outgoing)]) -> Failed {
        let entries = entries.iter().enumerate().map(|(at, (_, message))| {
            SendMessageBatchRequestEntry::builder()
                .id(at.to_string())
                .message_body(&message.body)
                .set_message_attributes(Some(message.attributes.clone()))
                .build()
        });
        let entries = entries.collect::<Result<_, _>>().map_err(unbuilt)?;
        let request = self.0.client.send_message_batch().queue_url(&self.0.url);
        let answer = request.set_entries(Some(entries)).send().await;
        Ok(answer.map_err(|error| Failure::of(&error))?.failed)
    }

    fn size((_, message): &(usize, Outgoing)) -> usize {
        let value = |value: &MessageAttributeValue| {
            value.data_type.len()
                + value.string_value.as_ref().map_or(0, String::len)
                + value.binary_value.as_ref().map_or(0, |bytes| bytes.as_ref().len())
        };
        let attributes = message.attributes.iter().map(|(name, is)| name.len() + value(is));
        message.body.len() + attributes.sum::<usize>()
    }
}

#[async_trait]
impl BatchRequest for Delete<'_> {
    /// A receipt handle.
    type Entry = String;

    async fn send(&self, entries: &[String]) -> Failed {
        let entries = entries.iter().enumerate().map(|(at, handle)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(at.to_string())
                .receipt_handle(handle)
                .build()
        });
        let entries = entries.collect::<Result<_, _>>().map_err(unbuilt)?;
        let request = self.0.client.delete_message_batch().queue_url(&self.0.url);
        let answer = request.set_entries(Some(entries)).send().await;
        Ok(answer.map_err(|error| Failure::of(&error))?.failed)
    }
}

#[async_trait]
impl BatchRequest for Hide<'_> {
    /// A receipt handle, and the time for which its message is hidden from now on.
    type Entry = (String, Duration);

    async fn send(&self, entries: &[(String, Duration)]) -> Failed {
        let entries = entries.iter().enumerate().map(|(at, (handle, time))| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(at.to_string())
                .receipt_handle(handle)
                .visibility_timeout(seconds(*time))
                .build()
        });
        let entries = entries.collect::<Result<_, _>>().map_err(unbuilt)?;
        let request = self.0.client.change_message_visibility_batch().queue_url(&self.0.url);
        let answer = request.set_entries(Some(entries)).send().await;
        Ok(answer.map_err(|error| Failure::of(&error))?.failed)
    }
}
