//! A queue of changes in Amazon SQS, and its dead letters.
//!
//! Standard queues, any number of workers. A message's body is a [`MessageFormat`]; a function that
//! SQS invokes parses bodies with it too. What SQS cannot do is declared by the queue's
//! [`capabilities`](akin_ports::ChangeQueue::capabilities): it delivers at least once, in any order,
//! counts approximately, and every delivery counts as an attempt.
//!
//! A dead letter is moved by the queue's redrive policy, which should have a `maxReceiveCount` of
//! [`MAX_ATTEMPTS`](akin_ports::MAX_ATTEMPTS).

mod batch;
mod dead_letters;
mod error;
mod listings;
mod message;
mod outcomes;
mod queue;
mod raw_queue;
mod settings;

pub use message::{MalformedMessage, MessageFormat};
pub use queue::SqsQueue;
pub use settings::Settings;
