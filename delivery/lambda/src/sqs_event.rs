use crate::FunctionError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;

/// A batch of messages of an SQS queue.
#[derive(Clone, Debug, Deserialize)]
pub struct SqsEvent {
    /// The messages.
    #[serde(rename = "Records")]
    pub records: Vec<SqsMessage>,
}

/// A message of an SQS queue.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SqsMessage {
    /// Identifies the message in the response.
    pub message_id: String,
    /// The text of the message.
    #[serde(default)]
    pub body: String,
    /// What SQS knows of the message, such as `ApproximateReceiveCount`.
    #[serde(default)]
    pub attributes: HashMap<String, String>,
}

/// The messages that SQS must deliver again; it deletes the others. The event source mapping needs
/// `ReportBatchItemFailures`, or SQS deletes all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SqsBatchResponse {
    /// The messages, in the order of the event.
    pub batch_item_failures: Vec<BatchItemFailure>,
}

/// A message that SQS must deliver again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// The id of the message.
    pub item_identifier: String,
}

impl SqsEvent {
    /// Reads an event of SQS. An error if it is another one.
    pub fn read(event: Value) -> Result<Self, FunctionError> {
        serde_json::from_value(event).map_err(|error| {
            FunctionError::event(format!("the event is no batch of messages of SQS: {error}"))
        })
    }
}

impl SqsMessage {
    /// Returns how often the message was received, this time included; 1 if SQS did not say.
    pub fn attempts(&self) -> u32 {
        let count = self.attributes.get("ApproximateReceiveCount");
        count.and_then(|count| count.parse().ok()).unwrap_or(1)
    }
}

impl SqsBatchResponse {
    /// Returns the response for the messages with these ids.
    pub(crate) fn failures(ids: impl Iterator<Item = String>) -> Self {
        let failure = |item_identifier| BatchItemFailure { item_identifier };
        Self { batch_item_failures: ids.map(failure).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_message_is_read_as_sqs_sends_it() {
        let event: SqsEvent = serde_json::from_value(json!({
            "Records": [{
                "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
                "body": "{}",
                "attributes": {
                    "ApproximateReceiveCount": "3",
                    "SentTimestamp": "1545082649183",
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": "1545082649185"
                },
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue",
                "awsRegion": "us-east-2"
            }, {"messageId": "bare"}]
        }))
        .unwrap();
        let attempts: Vec<_> = event.records.iter().map(SqsMessage::attempts).collect();
        assert_eq!(attempts, [3, 1]);
        assert_eq!(event.records[0].body, "{}");
    }

    #[test]
    fn another_event_is_an_error_that_says_so() {
        for event in [json!({}), json!(null), json!([1])] {
            let error = SqsEvent::read(event).unwrap_err();
            assert_eq!(error.kind, "InvalidEvent");
            assert!(error.message.contains("messages of SQS"), "{error}");
        }
    }

    #[test]
    fn the_response_names_the_messages_to_deliver_again() {
        let response = SqsBatchResponse::failures(["a".to_owned()].into_iter());
        let expected = json!({"batchItemFailures": [{"itemIdentifier": "a"}]});
        assert_eq!(serde_json::to_value(response).unwrap(), expected);
    }
}
