//! The counts of a server as Prometheus metrics.

use crate::Server;
use crate::scheduler::{SchedulerCounts, TextResult};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The content type of the Prometheus text format.
const FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// The upper bounds of the histogram's buckets, in seconds.
const BOUNDS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// What was counted since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: Mutex<BTreeMap<(String, u16), u64>>,
    durations: Histogram,
    texts: AtomicU64,
    failed: AtomicU64,
    tokens: AtomicU64,
    truncated: AtomicU64,
}

#[derive(Debug, Default)]
struct Histogram {
    /// One more than the bounds, for what exceeds them.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Metrics {
    /// Counts the texts of a request that were embedded.
    pub(crate) fn count(&self, results: &[TextResult], tokens: usize, truncated: usize) {
        let failed = results.iter().filter(|result| result.is_err()).count();
        let add = |counter: &AtomicU64, count: usize| {
            counter.fetch_add(count as u64, Ordering::Relaxed);
        };
        add(&self.texts, results.len() - failed);
        add(&self.failed, failed);
        add(&self.tokens, tokens);
        add(&self.truncated, truncated);
    }

    fn observe(&self, route: String, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((route, status)).or_default() += 1;
        drop(requests);
        let seconds = took.as_secs_f64();
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        self.durations.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.durations.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

/// Middleware that counts each request of a known route.
pub(crate) async fn observe(
    State(server): State<Arc<Server>>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let began = Instant::now();
    let response = next.run(request).await;
    let route = route.unwrap_or_else(|| "none".to_owned());
    server.metrics.observe(route, response.status().as_u16(), began.elapsed());
    response
}

/// `GET /metrics`.
pub(crate) async fn scrape(
    State(server): State<Arc<Server>>,
) -> ([(HeaderName, HeaderValue); 1], String) {
    let mut text = String::new();
    if write_all(&server, &mut text).is_err() {
        // Writing to a text does not fail.
        text.clear();
    }
    ([(header::CONTENT_TYPE, FORMAT)], text)
}

fn write_all(server: &Server, text: &mut String) -> fmt::Result {
    let metrics = &server.metrics;
    write_requests(metrics, text)?;
    let counter = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let SchedulerCounts { waiting_texts, waiting_tokens, batches } = server.scheduler.counts();
    for (name, help, value) in [
        ("texts", "Texts that were embedded.", counter(&metrics.texts)),
        ("failed_texts", "Texts on which the model failed.", counter(&metrics.failed)),
        ("tokens", "Tokens that were embedded.", counter(&metrics.tokens)),
        (
            "truncated_texts",
            "Texts that were longer than the model reads.",
            counter(&metrics.truncated),
        ),
        ("batches", "Batches of texts.", batches),
    ] {
        let name = format!("akin_embedding_{name}_total");
        write_metric(text, &name, help, "counter", "", value)?;
    }
    for (name, help, value) in [
        ("waiting_texts", "Texts that wait.", waiting_texts),
        ("waiting_tokens", "Tokens of the texts that wait.", waiting_tokens),
        ("memory_bytes", "Memory charged to requests and their answers.", server.memory.used()),
    ] {
        write_metric(text, &format!("akin_embedding_{name}"), help, "gauge", "", value)?;
    }
    let model = escape(&server.model.embedder.fingerprint().to_string());
    let labels = format!("{{model=\"{model}\"}}");
    write_metric(text, "akin_embedding_model_info", "The model.", "gauge", &labels, 1)
}

fn write_requests(metrics: &Metrics, text: &mut String) -> fmt::Result {
    let name = "akin_embedding_requests_total";
    writeln!(text, "# HELP {name} Requests, by route and status.\n# TYPE {name} counter")?;
    let requests = metrics.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for ((route, status), count) in requests {
        writeln!(text, "{name}{{route=\"{}\",status=\"{status}\"}} {count}", escape(&route))?;
    }
    let name = "akin_embedding_request_duration_seconds";
    writeln!(text, "# HELP {name} Time from head to answer.\n# TYPE {name} histogram")?;
    let mut count = 0;
    for (place, bucket) in metrics.durations.buckets.iter().enumerate() {
        count += bucket.load(Ordering::Relaxed);
        let bound = BOUNDS.get(place).map_or_else(|| "+Inf".to_owned(), f64::to_string);
        writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {count}")?;
    }
    let sum = Duration::from_micros(metrics.durations.micros.load(Ordering::Relaxed));
    writeln!(text, "{name}_sum {}\n{name}_count {count}", sum.as_secs_f64())
}

fn write_metric(
    text: &mut String,
    name: &str,
    help: &str,
    kind: &str,
    labels: &str,
    value: impl Display,
) -> fmt::Result {
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name}{labels} {value}")
}

/// Escapes the value of a label.
fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
