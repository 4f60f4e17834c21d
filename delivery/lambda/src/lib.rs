//! Functions of AWS Lambda: events in, outcomes out.
//!
//! [`run`] takes events from the Runtime API and hands each to a handler. There are three:
//!
//! - [`HttpFunction`] answers the requests of an API Gateway HTTP API with a router, such as the
//!   search server's;
//! - [`EmbedFunction`] brings the indexes up to the changes in the messages of an SQS queue;
//! - [`IngestFunction`] ingests feeds when objects of S3 change, on a schedule, or when invoked.
//!
//! A handler opens its parts by a function that it is given, when they are first needed
//! ([`Parts`]): a server that is away while a function starts does not end the function.
//!
//! The events are read by types of this crate, which know only the few fields that matter and tolerate
//! all others.

mod embed;
mod error;
mod http_event;
mod http_function;
mod ingest;
mod invocation;
mod parts;
mod s3_event;
mod sqs_event;

pub use embed::{ChangeParser, EmbedFunction};
pub use error::{FunctionError, RuntimeError};
pub use http_event::HttpAnswer;
pub use http_function::HttpFunction;
pub use ingest::{FeedOpener, IngestFunction, IngestParts, RunReport};
pub use invocation::{Invocation, run};
pub use parts::{NotOpened, Parts};
pub use s3_event::{IngestEvent, ObjectEvent};
pub use sqs_event::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
