use crate::{Invocation, Parts, SqsBatchResponse, SqsEvent, SqsMessage};
use akin_entities::Change;
use akin_ports::{Delivery, Receipt};
use akin_usecases::{MessageOutcome, ProcessChanges, ProcessControl, ProcessedChanges};
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout_at;

/// Brings the indexes up to the changes in the messages of an SQS queue.
///
/// The response names the messages that are not done: SQS delivers them again, and moves them to the
/// dead letters after as many attempts as the queue allows. One message's failure, a panic included, is
/// that message's alone; after an outage all of them are named, so that none is lost.
pub struct EmbedFunction {
    /// Processes the changes.
    pub process: Parts<ProcessChanges>,
    /// Reads the bodies of messages.
    pub parse: ChangeParser,
}

/// Reads the change in the body of a message. The error says what is wrong with it.
pub type ChangeParser = Arc<dyn Fn(&str) -> Result<Change, String> + Send + Sync>;

/// The time before the deadline at which no further work is begun.
const STOP_MARGIN: Duration = Duration::from_secs(8);

/// The time before the deadline at which the response is given, whatever is still at work.
const ANSWER_MARGIN: Duration = Duration::from_secs(2);

/// The messages of a batch.
#[derive(Debug, Default)]
struct Batch {
    deliveries: Vec<Delivery>,
    /// The ids of messages that hold no change.
    unreadable: HashSet<String>,
}

impl EmbedFunction {
    /// Processes a batch of messages, and returns those that SQS must deliver again.
    pub async fn handle(&self, event: SqsEvent, invocation: Invocation) -> SqsBatchResponse {
        let (began, received) = (Instant::now(), event.records.len());
        let Batch { deliveries, unreadable } = self.read(&event.records);
        let mut again = unreadable;
        if !deliveries.is_empty() {
            again.extend(self.work(&deliveries, &invocation).await);
        }
        let ids = event.records.into_iter().map(|message| message.message_id);
        let response = SqsBatchResponse::failures(ids.filter(|id| again.contains(id)));
        tracing::info!(
            received,
            again = response.batch_item_failures.len(),
            ms = akin_views::milliseconds(began.elapsed()),
            "processed a batch"
        );
        response
    }

    fn read(&self, messages: &[SqsMessage]) -> Batch {
        let mut batch = Batch::default();
        for message in messages {
            let (id, attempts) = (message.message_id.clone(), message.attempts());
            match (self.parse)(&message.body) {
                Ok(change) => {
                    batch.deliveries.push(Delivery { receipt: Receipt(id), change, attempts });
                }
                Err(error) => {
                    tracing::warn!(message_id = id, attempts, error, "a message holds no change");
                    batch.unreadable.insert(id);
                }
            }
        }
        batch
    }

    /// Returns the ids of the messages that are not done.
    async fn work(&self, deliveries: &[Delivery], invocation: &Invocation) -> Vec<String> {
        let all = || deliveries.iter().map(|delivery| delivery.receipt.0.clone()).collect();
        let stop_by = invocation.stop_by(STOP_MARGIN);
        let control =
            ProcessControl { is_stopping: &|| Instant::now() >= stop_by, observe: &|_| () };
        let work = async {
            let process = self.process.get().await?;
            Ok(process.run(deliveries, &control).await)
        };
        match timeout_at(invocation.stop_by(ANSWER_MARGIN).into(), work).await {
            Ok(Ok(processed)) => undone(processed, deliveries),
            Ok(Err(error)) => {
                let error: crate::FunctionError = error;
                tracing::error!(%error, "no message could be processed");
                all()
            }
            Err(_) => {
                tracing::error!("the time was too short: the whole batch is delivered again");
                all()
            }
        }
    }
}

/// Returns the ids of the messages that are not done, and logs why.
fn undone(processed: ProcessedChanges, deliveries: &[Delivery]) -> Vec<String> {
    let ProcessedChanges { outcomes, embedding, error } = processed;
    if let Some(error) = error {
        tracing::error!(error = error.report(), "the work ended early");
    }
    tracing::info!(
        embedded = embedding.embedded,
        updated_fields = embedding.updated_fields,
        removed = embedding.removed,
        truncated = embedding.truncated,
        "brought the indexes up to the changes"
    );
    let mut undone = Vec::new();
    for ((receipt, outcome), delivery) in outcomes.into_iter().zip(deliveries) {
        match outcome {
            MessageOutcome::Done => continue,
            MessageOutcome::Released => {}
            MessageOutcome::Failed(reason) => {
                let (product, attempts) = (delivery.change.id.as_str(), delivery.attempts);
                tracing::warn!(product, attempts, reason, "a product was not embedded");
            }
        }
        undone.push(receipt.0);
    }
    undone
}

impl fmt::Debug for EmbedFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbedFunction").field("process", &self.process).finish_non_exhaustive()
    }
}
