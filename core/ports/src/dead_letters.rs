use crate::{ErrorKind, PortError, PortResult};
use akin_entities::{Change, Timestamp};
use async_trait::async_trait;
use std::fmt::Debug;

/// Keeps the messages that a [`ChangeQueue`](crate::ChangeQueue) no longer delivers.
///
/// A queue without [`lists_dead_letters`](crate::QueueCapabilities::lists_dead_letters) documents there
/// how it differs.
#[async_trait]
pub trait DeadLetters: Debug + Send + Sync {
    /// Lists at most `limit` dead letters, the oldest first, from the beginning or after the page
    /// whose cursor is `after`. A cursor that is not one of this queue is refused.
    async fn list(
        &self,
        after: Option<&DeadLetterCursor>,
        limit: usize,
    ) -> PortResult<DeadLetterPage>;

    /// Returns at most `limit` dead letters to the queue, the oldest first, with all their attempts,
    /// and returns their number. Those that died without an outcome are still delivered alone.
    async fn redrive(&self, limit: usize) -> PortResult<u64>;
}

/// A page of dead letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadLetterPage {
    /// The letters.
    pub letters: Vec<DeadLetter>,
    /// The cursor of the next page, which may be empty; `None` if there are no more letters.
    pub next: Option<DeadLetterCursor>,
}

/// A place in a listing of dead letters; opaque to everyone but the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetterCursor(pub String);

/// A message that is no longer delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The change that was not embedded.
    pub change: Change,
    /// The number of attempts.
    pub attempts: u32,
    /// The reason of the last failure; `None` if the queue keeps none.
    pub reason: Option<String>,
    /// The time at which the message became a dead letter; `None` if the queue keeps none.
    pub died: Option<Timestamp>,
}

impl DeadLetterCursor {
    /// Returns the cursor behind the message `sequence` of a queue that numbers its messages.
    pub fn numbered(sequence: u64) -> Self {
        Self(sequence.to_string())
    }

    /// Returns the number of a cursor that [`DeadLetterCursor::numbered`] made, and refuses any other
    /// in the name of `system`.
    pub fn number(&self, system: &'static str) -> PortResult<u64> {
        self.0.parse().map_err(|_| {
            let what = format!("{:?} is not a cursor of this queue", self.0);
            PortError::new(system, ErrorKind::Refused, what)
        })
    }
}

impl DeadLetterPage {
    /// Returns the page of `letters`, each with its number, of a queue that was asked for `limit`.
    pub fn numbered(letters: Vec<(u64, DeadLetter)>, limit: usize) -> Self {
        let last = letters.last().filter(|_| letters.len() >= limit);
        let next = last.map(|(sequence, _)| DeadLetterCursor::numbered(*sequence));
        Self { letters: letters.into_iter().map(|(_, letter)| letter).collect(), next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_returns_its_number_and_any_other_text_is_refused() {
        assert_eq!(DeadLetterCursor::numbered(u64::MAX).number("queue").unwrap(), u64::MAX);
        for text in ["", "-1", "7-8", "seven"] {
            let error = DeadLetterCursor(text.to_owned()).number("queue").unwrap_err();
            assert_eq!(error.kind, ErrorKind::Refused, "{text:?}");
        }
    }
}
