//! Bodies of requests to the embedding server, in each format.
#![no_main]

#[path = "../../delivery/embeddings-http/tests/it/support.rs"]
#[allow(dead_code, reason = "the target needs a part of it")]
mod support;

use akin_fuzz::wait;
use axum::Router;
use axum::http::StatusCode;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ROUTER: LazyLock<Router> = LazyLock::new(|| wait(support::server()));

const ROUTES: [&str; 4] = ["/v1/embeddings", "/embed", "/invocations", "/tokenize"];

fuzz_target!(|bytes: &[u8]| {
    let Some((route, body)) = bytes.split_first() else { return };
    let route = ROUTES[usize::from(*route) % ROUTES.len()];
    let answer = wait(support::post(&ROUTER, route, body.to_vec()));
    assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    answer.json();
});
