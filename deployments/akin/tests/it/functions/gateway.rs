//! A gateway in front of the emulated AWS that throttles calls, as AWS does.

use super::http::{Request, Response, serve};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use ureq::Agent;

/// The gateway. The calls of S3, SQS and Secrets Manager pass it.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    /// The number of calls to throttle.
    throttled: Arc<AtomicU64>,
}

impl Gateway {
    /// Starts a gateway to the server at `endpoint`.
    pub(crate) fn to(endpoint: String) -> Self {
        let agent: Agent =
            Agent::config_builder().proxy(None).http_status_as_error(false).build().into();
        let throttled = Arc::<AtomicU64>::default();
        let left = Arc::clone(&throttled);
        let address = serve(move |request| {
            let take = |left: u64| left.checked_sub(1);
            if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
                return Some(throttle(&request));
            }
            forward(&agent, &endpoint, request)
        });
        Self { address, throttled }
    }

    /// Throttles the next `calls` calls.
    pub(crate) fn throttle(&self, calls: u64) {
        self.throttled.store(calls, Ordering::SeqCst);
    }
}

/// Returns the answer of a service that is called too often.
fn throttle(request: &Request) -> Response {
    if request.headers.iter().any(|(name, _)| name == "x-amz-target") {
        let body = "{\"__type\": \"ThrottlingException\", \"message\": \"Rate exceeded\"}";
        return Response::new(400, body);
    }
    Response::new(503, "<Error><Code>SlowDown</Code><Message>Reduce your rate</Message></Error>")
}

fn forward(agent: &Agent, endpoint: &str, request: Request) -> Option<Response> {
    let Request { method, path, headers, body } = request;
    let has_body = method != "HEAD";
    let mut forwarded =
        ureq::http::Request::builder().method(&*method).uri(format!("{endpoint}{path}"));
    for (name, value) in headers {
        if !["connection", "content-length", "transfer-encoding"].contains(&&*name) {
            forwarded = forwarded.header(name, value);
        }
    }
    let answer = agent.run(forwarded.body(body).ok()?).ok()?;
    let (head, mut body) = answer.into_parts();
    let is_skipped = |name: &str| match name {
        "connection" | "transfer-encoding" => true,
        "content-length" => has_body,
        _ => false,
    };
    let headers = head.headers.iter().filter(|(name, _)| !is_skipped(name.as_str()));
    let headers = headers.map(|(name, value)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let headers = headers.collect();
    Some(Response { status: head.status.as_u16(), headers, body: body.read_to_vec().ok()? })
}
