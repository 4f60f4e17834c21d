//! The functions of AWS Lambda, from a feed in S3 to an answer, between real servers and an emulated AWS.
//!
//! `make e2e-aws` runs it alone and prints its list. `AKIN_E2E_FEED` names another feed than the sample
//! catalogue.
#![allow(clippy::print_stderr, reason = "prints a list of what was shown, with counts")]

mod faults;
mod feed;
mod function;
mod gateway;
mod http;
mod pipeline;
mod runtime_api;
mod scenarios;
mod services;

use faults::FaultInjector;
use pipeline::Pipeline;
use scenarios::Scenarios;

#[test]
#[ignore = "needs the model, AWS's emulation, Postgres and OpenSearch: make e2e-aws"]
fn a_feed_in_s3_reaches_both_indexes_and_is_found_whatever_happens() {
    let mut scenarios = Scenarios::new(Pipeline::new(&[]));
    scenarios.a_feed_reaches_both_indexes();
    scenarios.queries_are_answered_as_by_the_server();
    scenarios.an_identical_object_sends_nothing();
    scenarios.a_late_event_does_nothing();
    scenarios.changed_products_are_updated();
    scenarios.a_removed_product_leaves_both_indexes();
    scenarios.messages_arrive_twice_and_out_of_order();
    scenarios.superseded_and_fresh_messages_share_a_batch();
    scenarios.a_function_is_killed_in_mid_batch();
    scenarios.poison_becomes_a_dead_letter_and_alone();
    scenarios.dead_letters_are_redriven();
    scenarios.postgres_is_away();
    scenarios.a_secret_is_rotated();
    scenarios.settings_that_are_missing_or_ignored_are_named();
    scenarios.secrets_are_in_no_log();
    scenarios.report();
}

#[test]
#[ignore = "needs the model, AWS's emulation, Postgres, OpenSearch and an endpoint: make e2e-aws"]
fn the_functions_embed_through_an_endpoint() {
    let engines = "postgres+sagemaker,opensearch+sagemaker";
    let variables = [("AKIN_ENGINES", engines), ("AWS_SAGEMAKER_ENDPOINT_NAME", "akin-minilm")];
    let mut scenarios = Scenarios::new(Pipeline::new(&variables));
    scenarios.a_feed_reaches_both_indexes();
    scenarios.queries_are_answered_as_by_the_server();
    scenarios.changed_products_are_updated();
    scenarios.an_endpoint_is_away();
    scenarios.report();
}

#[tokio::test]
#[ignore = "needs the model, AWS's emulation, Postgres and OpenSearch: make e2e-aws"]
async fn no_product_is_lost_stale_or_duplicated_by_the_functions() {
    FaultInjector::new().run().await;
}
