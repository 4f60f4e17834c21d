//! A queue of changes in SQS.
