use crate::FunctionError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::cmp::Ordering;

/// An event that an ingestion answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IngestEvent {
    /// Objects of S3 were created or replaced; each is named once, by its newest event.
    Objects(Vec<ObjectEvent>),
    /// A schedule, or any other event: the feeds of the settings are to be read now.
    Run,
    /// Nothing is to be read: S3 tests the connection, or objects were removed.
    Nothing,
}

/// The event of an object that was created or replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectEvent {
    /// The bucket.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
    /// The place of the event among those of this key, in hexadecimal; empty if S3 did not say.
    pub sequencer: String,
}

/// A notification of S3 that arrives directly.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    event_name: String,
    s3: Entity,
}

/// The bucket and the object of an event.
#[derive(Debug, Deserialize)]
struct Entity {
    bucket: Bucket,
    object: Object,
}

#[derive(Debug, Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Object {
    key: String,
    #[serde(default)]
    sequencer: String,
}

impl IngestEvent {
    /// Reads an event of S3, directly or through `EventBridge`. Any other is [`IngestEvent::Run`].
    pub fn read(event: Value) -> Result<Self, FunctionError> {
        if event["Event"] == "s3:TestEvent" {
            return Ok(Self::Nothing);
        }
        if event["source"] == "aws.s3" {
            return Self::bridged(event);
        }
        let Some(records) = event["Records"].as_array().filter(|records| is_s3(records)) else {
            return Ok(Self::Run);
        };
        let mut objects = Vec::new();
        for record in records {
            let Notification { event_name, s3 } = entity(record.clone())?;
            // Some senders put "s3:" before the name.
            if event_name.trim_start_matches("s3:").starts_with("ObjectCreated") {
                let key = decoded(&s3.object.key).ok_or_else(|| {
                    FunctionError::event(format!("the key {:?} cannot be decoded", s3.object.key))
                })?;
                objects.push(ObjectEvent { key, ..s3.into() });
            }
        }
        Ok(Self::of(objects))
    }

    /// Reads an event of S3 that came through `EventBridge`, which does not encode keys.
    fn bridged(mut event: Value) -> Result<Self, FunctionError> {
        if event["detail-type"] != "Object Created" {
            return Ok(Self::Nothing);
        }
        let entity: Entity = entity(event["detail"].take())?;
        Ok(Self::of(vec![entity.into()]))
    }

    /// Returns the event of these objects, of which the newest event of each counts.
    fn of(objects: Vec<ObjectEvent>) -> Self {
        let mut newest: Vec<ObjectEvent> = Vec::new();
        // A folder that a console created is an empty object whose key ends with a slash.
        for object in objects.into_iter().filter(|object| !object.key.ends_with('/')) {
            let is_same = |known: &&mut ObjectEvent| {
                (&known.bucket, &known.key) == (&object.bucket, &object.key)
            };
            match newest.iter_mut().find(is_same) {
                Some(known) if object.is_newer_than(&known.sequencer) => *known = object,
                Some(_) => {}
                None => newest.push(object),
            }
        }
        if newest.is_empty() { Self::Nothing } else { Self::Objects(newest) }
    }
}

/// The text between the address of an object and its sequencer in the name of a run's feed.
const SEQUENCER: &str = "?sequencer=";

impl ObjectEvent {
    /// Returns the address of the object.
    pub fn address(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    /// Returns the name of the feed in the run log, which tells whether a later event is news.
    pub(crate) fn run_name(&self) -> String {
        match &*self.sequencer {
            "" => self.address(),
            sequencer => format!("{}{SEQUENCER}{sequencer}", self.address()),
        }
    }

    /// Returns whether `run_name` is of this event, or of a later one of the same object.
    pub(crate) fn is_covered_by(&self, run_name: &str) -> bool {
        let done = run_name.rsplit_once(SEQUENCER);
        !self.sequencer.is_empty()
            && done.is_some_and(|(address, sequencer)| {
                address == self.address() && !self.is_newer_than(sequencer)
            })
    }

    /// Returns whether this event is later than the one with `sequencer`, of the same object. Without a
    /// sequencer, it may be.
    fn is_newer_than(&self, sequencer: &str) -> bool {
        if self.sequencer.is_empty() || sequencer.is_empty() {
            return true;
        }
        // S3 says: pad the shorter one with zeros on the right, then compare as texts.
        let longest = self.sequencer.len().max(sequencer.len());
        let padded = |text: &str| format!("{:0<longest$}", text.to_ascii_uppercase());
        padded(&self.sequencer).cmp(&padded(sequencer)) == Ordering::Greater
    }
}

impl From<Entity> for ObjectEvent {
    fn from(Entity { bucket, object }: Entity) -> Self {
        Self { bucket: bucket.name, key: object.key, sequencer: object.sequencer }
    }
}

fn is_s3(records: &[Value]) -> bool {
    records.iter().any(|record| {
        // MinIO and others name themselves.
        record["eventSource"].as_str().is_some_and(|source| source.ends_with(":s3"))
    })
}

fn entity<T: DeserializeOwned>(value: Value) -> Result<T, FunctionError> {
    serde_json::from_value(value)
        .map_err(|error| FunctionError::event(format!("an event of S3 cannot be read: {error}")))
}

/// Decodes a key as S3 encodes it in notifications: `+` is a space, `%xx` a byte of UTF-8.
fn decoded(key: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                bytes.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
                rest = after;
            }
            (b'%', _) => return None,
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;
