//! The services of AWS between the functions: a bucket, a queue with its dead letters, and a secret.

use crate::support::aws::Aws;
use serde_json::{Value, json};

/// What the functions find in the emulated AWS.
pub(crate) struct Services {
    pub(crate) aws: Aws,
    pub(crate) bucket: String,
    /// The URL of the queue of changes, and of its dead letters.
    pub(crate) queue: String,
    pub(crate) dead_letters: String,
    has_secret: bool,
}

/// A message that was received.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) receipt: String,
    pub(crate) body: String,
    pub(crate) attempts: String,
}

impl Services {
    pub(crate) fn new() -> Self {
        let aws = Aws::new();
        let bucket = aws.create_bucket().to_owned();
        let [queue, dead_letters] = aws.create_queue();
        Self { aws, bucket, queue, dead_letters, has_secret: false }
    }

    /// Returns the variables by which akin's clients find the queue.
    pub(crate) fn variables(&self) -> [(&'static str, &str); 3] {
        [
            ("AWS_SQS_SUBSCRIBED_QUEUE_URL", &self.queue),
            ("AWS_SQS_WAIT", "1"),
            ("AWS_S3_PATH_STYLE", "true"),
        ]
    }

    /// Receives at most ten messages; none if none is visible.
    pub(crate) fn receive(&self) -> Vec<Message> {
        let request = json!({
            "QueueUrl": self.queue,
            "MaxNumberOfMessages": 10,
            "VisibilityTimeout": 300,
            "AttributeNames": ["ApproximateReceiveCount"],
        });
        let received = self.aws.call("AmazonSQS.ReceiveMessage", &request);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let message = |message: &Value| Message {
            id: text(&message["MessageId"]),
            receipt: text(&message["ReceiptHandle"]),
            body: text(&message["Body"]),
            attempts: text(&message["Attributes"]["ApproximateReceiveCount"]),
        };
        received["Messages"].as_array().into_iter().flatten().map(message).collect()
    }

    pub(crate) fn delete(&self, message: &Message) {
        let request = json!({"QueueUrl": self.queue, "ReceiptHandle": message.receipt});
        self.aws.call("AmazonSQS.DeleteMessage", &request);
    }

    /// Makes a message visible at once.
    pub(crate) fn release(&self, message: &Message) {
        let request = json!({
            "QueueUrl": self.queue,
            "ReceiptHandle": message.receipt,
            "VisibilityTimeout": 0,
        });
        self.aws.call("AmazonSQS.ChangeMessageVisibility", &request);
    }

    /// Returns the numbers of messages that are visible, and that are invisible.
    pub(crate) fn counts(&self, queue: &str) -> [u64; 2] {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let request = json!({"QueueUrl": queue, "AttributeNames": names});
        let answer = self.aws.call("AmazonSQS.GetQueueAttributes", &request);
        names.map(|name| {
            let count = answer["Attributes"][name].as_str().expect("a count");
            count.parse().expect("a number")
        })
    }

    /// Creates the secret, or replaces its value. Its name is that of the emulator's user.
    pub(crate) fn set_secret(&mut self, value: &Value) {
        if std::mem::replace(&mut self.has_secret, true) {
            let request = json!({"SecretId": self.aws.name, "SecretString": value.to_string()});
            self.aws.call("secretsmanager.PutSecretValue", &request);
        } else {
            self.aws.create_secret(value);
        }
    }
}
