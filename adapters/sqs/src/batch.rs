//! Batch requests: at most ten entries of at most 256 KiB, of which each may fail by itself.

use async_trait::async_trait;
use aws_client::{Failure, FailureKind};
use aws_sdk_sqs::types::BatchResultErrorEntry;
use futures::StreamExt;
use futures::stream;
use std::time::Duration;

/// The number of entries of a request.
const MAX_ENTRIES: usize = 10;

/// The number of bytes of a request's bodies. SQS allows 1 MiB by now, but not every queue does.
const MAX_BYTES: usize = 256 * 1024;

/// The number of requests under way at a time.
const CONCURRENT: usize = 4;

/// The wait before the second attempt of failed entries; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// A batch request of one kind.
#[async_trait]
pub(crate) trait BatchRequest: Sync {
    /// An entry of the request.
    type Entry: Clone + Send + Sync;

    /// Sends one request, whose entries are named by their positions, and returns those that failed.
    async fn send(&self, entries: &[Self::Entry]) -> Result<Vec<BatchResultErrorEntry>, Failure>;

    /// Returns the number of bytes that count.
    fn size(_entry: &Self::Entry) -> usize {
        0
    }
}

/// An entry that was not accepted.
#[derive(Debug)]
pub(crate) struct Rejected<E> {
    pub(crate) entry: E,
    pub(crate) failure: Failure,
}

/// Sends all `entries` in as few requests as possible, and those that failed on the server's account
/// again, `attempts` times in all. A request that is refused as a whole is halved until the entries at
/// fault are found. The error is about all entries: SQS is unavailable or misconfigured.
pub(crate) async fn send_all<R: BatchRequest>(
    request: &R,
    entries: Vec<R::Entry>,
    attempts: u32,
) -> Result<Vec<Rejected<R::Entry>>, Failure> {
    let batches = into_batches(entries, R::size);
    let sent = batches.into_iter().map(|batch| send_batch(request, batch, attempts));
    let mut sent = stream::iter(sent).buffer_unordered(CONCURRENT);
    let (mut rejected, mut error) = (Vec::new(), None);
    // All are sent even if one fails, so that an error repeats as little as possible later.
    while let Some(batch) = sent.next().await {
        match batch {
            Ok(batch) => rejected.extend(batch),
            Err(failure) => error = Some(failure),
        }
    }
    match error {
        Some(failure) => Err(failure),
        None => Ok(rejected),
    }
}

fn into_batches<E>(entries: Vec<E>, size: impl Fn(&E) -> usize) -> Vec<Vec<E>> {
    let mut batches = Vec::<Vec<E>>::new();
    let mut bytes = 0;
    for entry in entries {
        let size = size(&entry);
        match batches.last_mut() {
            Some(batch) if batch.len() < MAX_ENTRIES && bytes + size <= MAX_BYTES => {
                batch.push(entry);
                bytes += size;
            }
            _ => {
                batches.push(vec![entry]);
                bytes = size;
            }
        }
    }
    batches
}

async fn send_batch<R: BatchRequest>(
    request: &R,
    batch: Vec<R::Entry>,
    attempts: u32,
) -> Result<Vec<Rejected<R::Entry>>, Failure> {
    let mut parts = vec![batch];
    let mut rejected = Vec::new();
    while let Some(mut part) = parts.pop() {
        match send_part(request, &part, attempts).await {
            Ok(refused) => rejected.extend(refused),
            Err(failure) if failure.kind != FailureKind::Refused => return Err(failure),
            Err(_) if part.len() > 1 => {
                parts.push(part.split_off(part.len() / 2));
                parts.push(part);
            }
            Err(failure) => {
                let refused = part.into_iter();
                rejected.extend(refused.map(|entry| Rejected { entry, failure: failure.clone() }));
            }
        }
    }
    Ok(rejected)
}

/// Sends the entries of one request, and those that failed on the server's account again.
async fn send_part<R: BatchRequest>(
    request: &R,
    entries: &[R::Entry],
    attempts: u32,
) -> Result<Vec<Rejected<R::Entry>>, Failure> {
    let mut waiting = entries.to_vec();
    let mut rejected = Vec::new();
    for attempt in 1.. {
        let mut again = Vec::new();
        for failed in request.send(&waiting).await? {
            let Some(entry) = failed.id().parse().ok().and_then(|at: usize| waiting.get(at)) else {
                return Err(Failure::new(FailureKind::Corrupt, "an answer names no entry"));
            };
            let (status, code) = (if failed.sender_fault() { 400 } else { 503 }, failed.code());
            let failure = Failure::by_code(status, Some(code), failed.message());
            if failure.kind == FailureKind::Unavailable && attempt < attempts {
                again.push(entry.clone());
            } else {
                rejected.push(Rejected { entry: entry.clone(), failure });
            }
        }
        if again.is_empty() {
            break;
        }
        waiting = again;
        tokio::time::sleep(FIRST_PAUSE * 2_u32.saturating_pow(attempt - 1).min(64)).await;
    }
    Ok(rejected)
}

#[cfg(test)]
mod tests;
