//! Emulated AWS services, called without a client of AWS.

use super::shop::{Shop, unique_number, url};
use serde_json::{Value, json};

/// An emulator, and names of a test's own in it.
pub(crate) struct Aws {
    address: String,
    pub(crate) name: String,
}

impl Aws {
    pub(crate) fn new() -> Self {
        let time = std::time::UNIX_EPOCH.elapsed().unwrap().as_micros();
        let name = format!("akin-{}-{time}-{}", std::process::id(), unique_number());
        Self { address: url("AKIN_TEST_AWS"), name }
    }

    /// Calls an operation of SQS or Secrets Manager.
    pub(crate) fn call(&self, operation: &str, request: &Value) -> Value {
        let answer = ureq::post(format!("{}/", self.address))
            .header("X-Amz-Target", operation)
            .header("Content-Type", "application/x-amz-json-1.1")
            .send(request.to_string());
        let text = answer.unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Creates a queue with a dead-letter queue, and returns the URLs of both.
    pub(crate) fn create_queue(&self) -> [String; 2] {
        let create = |name: String, attributes: Value| {
            let request = json!({"QueueName": name, "Attributes": attributes});
            self.call("AmazonSQS.CreateQueue", &request)["QueueUrl"].as_str().unwrap().to_owned()
        };
        let dead = create(format!("{}-dead", self.name), json!({}));
        let request = json!({"QueueUrl": dead, "AttributeNames": ["QueueArn"]});
        let arn = self.call("AmazonSQS.GetQueueAttributes", &request);
        let policy =
            json!({"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": 5});
        let queue = create(self.name.clone(), json!({"RedrivePolicy": policy.to_string()}));
        [queue, dead]
    }

    /// Receives a message and deletes it; returns its body.
    pub(crate) fn take(&self, queue: &str) -> Option<String> {
        let request = json!({"QueueUrl": queue, "MaxNumberOfMessages": 1});
        let received = self.call("AmazonSQS.ReceiveMessage", &request);
        let message = received["Messages"].as_array()?.first()?;
        let request = json!({"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"]});
        self.call("AmazonSQS.DeleteMessage", &request);
        Some(message["Body"].as_str()?.to_owned())
    }

    /// Sends a message with any body.
    pub(crate) fn send(&self, queue: &str, body: &str) {
        let request = json!({"QueueUrl": queue, "MessageBody": body});
        self.call("AmazonSQS.SendMessage", &request);
    }

    /// Creates a bucket and returns its name.
    pub(crate) fn create_bucket(&self) -> &str {
        ureq::put(format!("{}/{}", self.address, self.name)).send_empty().unwrap();
        &self.name
    }

    /// Writes an object of the bucket.
    pub(crate) fn put(&self, key: &str, content: &str) {
        ureq::put(format!("{}/{}/{key}", self.address, self.name)).send(content).unwrap();
    }

    /// Creates a secret.
    pub(crate) fn create_secret(&self, secret: &Value) {
        let request = json!({"Name": self.name, "SecretString": secret.to_string()});
        self.call("secretsmanager.CreateSecret", &request);
    }

    /// Returns `shop` with the settings of the emulator.
    pub(crate) fn settings(&self, shop: Shop) -> Shop {
        shop.with_variable("AWS_ENDPOINT_URL", &self.address)
            .with_variable("AWS_REGION", "us-east-1")
            .with_variable("AWS_ACCESS_KEY_ID", "test")
            .with_variable("AWS_SECRET_ACCESS_KEY", "hidden-key")
    }
}
