//! The use cases, tested with doubles of their ports.

#![expect(clippy::unwrap_used, reason = "what serves the tests here may panic as they may")]

mod attributes;
mod backups;
mod changed_feeds;
mod compare;
mod copy;
mod embed_changes;
mod embed_queue;
mod embed_targets;
mod evaluate;
mod feed_columns;
mod ids;
mod ingest_catalogue;
mod ingest_feed;
mod interruptions;
mod miscounting_embedder;
mod phrases;
mod pricing;
mod process_changes;
mod quarantine;
mod query_embeddings;
mod record_run;
mod register_indexes;
mod relevance;
mod renew_analysis;
mod run_summary;
mod run_worker;
mod search;
mod search_answers;
mod shop;
mod similar;
mod status;
mod suggest;
mod work_interruptions;
mod work_queue;
mod workplace;
