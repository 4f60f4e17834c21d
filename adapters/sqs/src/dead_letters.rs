use crate::SqsQueue;
use crate::error::{SYSTEM, misconfigured, port_error};
use crate::listings::Listing;
use crate::raw_queue::{Incoming, RawQueue, Receive};
use akin_ports::{
    DeadLetter, DeadLetterCursor, DeadLetterPage, DeadLetters, ErrorKind, MAX_ATTEMPTS, PortError,
    PortResult,
};
use async_trait::async_trait;
use aws_client::Failure;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;

/// The dead-letter queue of a queue.
#[derive(Clone, Debug)]
pub(crate) struct DeadLetterQueue {
    pub(crate) messages: RawQueue,
    /// The number of receives after which a message is moved here.
    max_receives: u32,
}

/// The number of dead letters that are redriven at a time, which bounds the memory.
const REDRIVEN: usize = 100;

impl SqsQueue {
    /// Returns the dead-letter queue of the settings or else of the redrive policy, if there is one.
    pub(crate) async fn dead_letter_queue(&self) -> PortResult<Option<&DeadLetterQueue>> {
        let queue = self.dead_letters.get_or_try_init(|| self.find_dead_letter_queue()).await;
        queue.map(Option::as_ref)
    }

    async fn find_dead_letter_queue(&self) -> PortResult<Option<DeadLetterQueue>> {
        if let Some(url) = &self.dead_letters_url {
            let messages = RawQueue { url: url.clone(), ..self.messages.clone() };
            return Ok(Some(DeadLetterQueue { messages, max_receives: MAX_ATTEMPTS }));
        }
        let name = QueueAttributeName::RedrivePolicy;
        let attributes = self.messages.attributes(std::slice::from_ref(&name)).await;
        let attributes = attributes.map_err(port_error)?;
        let Some(policy) = attributes.get(&name).filter(|policy| !policy.is_empty()) else {
            tracing::warn!("{NO_POLICY}");
            return Ok(None);
        };
        let policy = RedrivePolicy::parse(policy).ok_or_else(|| {
            let what = format!("the queue's redrive policy cannot be parsed: {policy}");
            PortError::new(SYSTEM, ErrorKind::Corrupt, what)
        })?;
        let request = self.messages.client.get_queue_url().queue_name(policy.name);
        let answer = request.queue_owner_aws_account_id(policy.account).send().await;
        let answer = answer.map_err(|error| port_error(Failure::of(&error)))?;
        let url = answer.queue_url.unwrap_or_default();
        let messages = RawQueue { url, ..self.messages.clone() };
        Ok(Some(DeadLetterQueue { messages, max_receives: policy.max_receives }))
    }

    async fn existing_dead_letter_queue(&self) -> PortResult<&DeadLetterQueue> {
        self.dead_letter_queue().await?.ok_or_else(|| misconfigured(NO_POLICY))
    }

    /// Receives the next letters of a listing, and returns whether there are no more.
    async fn list_page(
        &self,
        dead: &DeadLetterQueue,
        listing: Listing,
        limit: usize,
    ) -> PortResult<(Vec<Incoming>, bool)> {
        if listing.left(self.lease).is_zero() {
            return Ok((Vec::new(), true));
        }
        // The last wait ends before the first letter is visible again.
        let time = listing.left(self.lease).saturating_sub(self.wait);
        let (lease, wait) = (self.lease, self.wait);
        let receive = Receive { limit, lease, wait, finds_all: true, time };
        let received = dead.messages.receive(receive).await.map_err(port_error)?;
        let handles = received.iter().map(|letter| letter.handle.clone()).collect();
        self.listings.hide(listing, handles, self.lease);
        let is_last = received.len() < limit;
        if is_last {
            if listing.left(self.lease) <= self.wait && !received.is_empty() {
                tracing::warn!("listing took as long as a lease: some dead letters may be missing");
            }
            let shown = self.listings.end(listing).into_iter();
            let shown = shown.map(|handle| (handle, Duration::ZERO)).collect();
            // If this fails, they are visible again when their leases end.
            drop(dead.messages.hide(shown).await);
        }
        Ok((received, is_last))
    }

    /// Sends dead letters to the queue and then deletes them here, so that none is lost in between.
    async fn revive(&self, dead: &DeadLetterQueue, letters: Vec<Incoming>) -> PortResult<u64> {
        let mut handles: HashMap<usize, String> = HashMap::new();
        let mut messages = Vec::new();
        for (at, letter) in letters.into_iter().enumerate() {
            handles.insert(at, letter.handle);
            messages.push((at, letter.message));
        }
        let rejected = self.messages.send(messages).await.map_err(port_error)?;
        let mut failure = None;
        let mut refused = Vec::new();
        for rejected in rejected {
            refused
                .extend(handles.remove(&rejected.entry.0).map(|handle| (handle, Duration::ZERO)));
            failure = Some(rejected.failure);
        }
        let revived = handles.len() as u64;
        dead.messages.delete(handles.into_values().collect()).await.map_err(port_error)?;
        match failure {
            Some(failure) => {
                // They can be redriven at once; if this fails too, once their leases end.
                drop(dead.messages.hide(refused).await);
                Err(port_error(failure))
            }
            None => Ok(revived),
        }
    }
}

const NO_POLICY: &str = "the SQS queue has no redrive policy, so messages that always fail are \
                         received for ever: give it one with a maxReceiveCount of 5, or set \
                         AWS_SQS_DEAD_LETTER_QUEUE_URL";

/// A listing hides its letters until it ends, or else for a lease; after a page that is not full, they
/// are listed and redriven again at once.
#[async_trait]
impl DeadLetters for SqsQueue {
    async fn list(
        &self,
        after: Option<&DeadLetterCursor>,
        limit: usize,
    ) -> PortResult<DeadLetterPage> {
        let listing = Listing::at(after)?;
        if limit == 0 {
            return Ok(DeadLetterPage::default());
        }
        let dead = self.existing_dead_letter_queue().await?;
        let (received, is_last) = self.list_page(dead, listing, limit).await?;
        let next = (!is_last).then(|| listing.cursor());
        let mut letters = Vec::new();
        for Incoming { id, attempts, message, .. } in received {
            match self.format.parse(&message.body) {
                Ok(change) => letters.push(DeadLetter {
                    change,
                    attempts: attempts.max(dead.max_receives),
                    reason: None,
                    died: None,
                }),
                Err(error) => {
                    tracing::warn!(message_id = id, %error, "a dead letter is not a change");
                }
            }
        }
        Ok(DeadLetterPage { letters, next })
    }

    async fn redrive(&self, limit: usize) -> PortResult<u64> {
        let mut redriven = 0;
        while redriven < limit {
            let dead = self.existing_dead_letter_queue().await?;
            let receive = self.receive_soon((limit - redriven).min(REDRIVEN));
            let letters = dead.messages.receive(receive).await.map_err(port_error)?;
            if letters.is_empty() {
                break;
            }
            redriven += usize::try_from(self.revive(dead, letters).await?).unwrap_or(usize::MAX);
        }
        Ok(redriven as u64)
    }
}

/// A queue's redrive policy.
#[derive(Debug, PartialEq, Eq)]
struct RedrivePolicy {
    account: String,
    name: String,
    max_receives: u32,
}

impl RedrivePolicy {
    /// Parses `{"deadLetterTargetArn": "arn:aws:sqs:REGION:ACCOUNT:NAME", "maxReceiveCount": 5}`; the
    /// number may be a text.
    fn parse(text: &str) -> Option<Self> {
        let policy: Value = serde_json::from_str(text).ok()?;
        let mut arn = policy["deadLetterTargetArn"].as_str()?.split(':').skip(4);
        let (account, name) = (arn.next()?.to_owned(), arn.next()?.to_owned());
        let max_receives = match &policy["maxReceiveCount"] {
            Value::Number(number) => u32::try_from(number.as_u64()?).ok()?,
            Value::String(number) => number.parse().ok()?,
            _ => return None,
        };
        Some(Self { account, name, max_receives })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redrive_policy_names_the_queue_and_the_attempts() {
        let arn = r#""deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:dead""#;
        let expected = RedrivePolicy {
            account: "123456789012".to_owned(),
            name: "dead".to_owned(),
            max_receives: 5,
        };
        for count in ["5", "\"5\""] {
            let policy = format!("{{{arn},\"maxReceiveCount\":{count}}}");
            assert_eq!(RedrivePolicy::parse(&policy).as_ref(), Some(&expected));
        }
        let counts = ["-1", "null", "\"x\"", "1.5"]
            .map(|count| format!("{{{arn},\"maxReceiveCount\":{count}}}"));
        for policy in ["", "{}", r#"{"deadLetterTargetArn":"arn:aws","maxReceiveCount":5}"#] {
            assert_eq!(RedrivePolicy::parse(policy), None, "{policy}");
        }
        for policy in counts {
            assert_eq!(RedrivePolicy::parse(&policy), None, "{policy}");
        }
    }
}
