//! The contents of `/api/status` as Prometheus metrics.

use crate::Api;
use crate::error::ApiError;
use crate::openapi::Failures;
use akin_ports::{Run, RunCounts, RunOutcome};
use akin_usecases::{IndexStatus, Status};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use std::fmt::{self, Display};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The content type of the Prometheus text format.
const FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// The time for which metrics are cached, which bounds the load on the store.
const CACHED_FOR: Duration = Duration::from_secs(5);

/// The source of the metrics, and their cached text.
#[derive(Debug)]
struct Metrics {
    api: Arc<Api>,
    cached: Mutex<Option<(Instant, String)>>,
}

/// Builds the route of the metrics.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(api: Arc<Api>) -> OpenApiRouter<S> {
    let metrics = Metrics { api, cached: Mutex::default() };
    OpenApiRouter::new().routes(routes!(scrape)).with_state(Arc::new(metrics))
}

/// Report the state as gauges for Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "operation", operation_id = "metrics",
    responses((status = 200, description = "Text format 0.0.4.", body = String, content_type = "text/plain"), Failures)
)]
async fn scrape(
    State(metrics): State<Arc<Metrics>>,
) -> Result<([(HeaderName, HeaderValue); 1], String), ApiError> {
    // Concurrent requests wait for the lock and share one count.
    let mut cached = metrics.cached.lock().await;
    let text = match &*cached {
        Some((at, text)) if at.elapsed() < CACHED_FOR => text.clone(),
        _ => {
            let gauges = metrics.gauges().await?;
            let text: String = gauges.iter().map(Gauge::to_string).collect();
            *cached = Some((Instant::now(), text.clone()));
            text
        }
    };
    Ok(([(header::CONTENT_TYPE, FORMAT)], text))
}

impl Metrics {
    async fn gauges(&self) -> Result<Vec<Gauge>, ApiError> {
        let status = self.api.status.run(akin_views::LAST_RUNS).await?;
        let mut gauges = catalogue_gauges(&status);
        gauges.extend(self.engine_gauges().await);
        gauges.extend(last_run_gauges(&status.runs));
        Ok(gauges)
    }

    /// Collects the metrics of the engines. An engine that is not reachable is reported as down.
    async fn engine_gauges(&self) -> [Gauge; 3] {
        let mut up = Gauge::new("akin_engine_up", "1 if the index of the engine is reachable.");
        let mut indexed = Gauge::new("akin_indexed", "Products in the index of the engine.");
        let mut model = Gauge::new("akin_model_info", "The model that computed the embeddings.");
        for engine in self.api.engines.iter() {
            let labels = [("engine", &*engine.name)];
            let status = IndexStatus::of(&*engine.search.index).await;
            up = up.sample(&labels, u8::from(status.is_ok()));
            match status {
                Ok(IndexStatus { indexed: products, fingerprint }) => {
                    indexed = indexed.sample(&labels, products);
                    if let Some(fingerprint) = fingerprint.map(|model| model.to_string()) {
                        model = model.sample(&[labels[0], ("model", &fingerprint)], 1);
                    }
                }
                Err(error) => {
                    tracing::warn!(
                        engine = engine.name,
                        error = error.report(),
                        "the index of an engine is not reachable"
                    );
                }
            }
        }
        [up, indexed, model]
    }
}

fn catalogue_gauges(status: &Status) -> Vec<Gauge> {
    let gauges = [
        ("akin_products", "Products in the catalogue.", status.store.products),
        ("akin_waiting", "Changes waiting to be embedded.", status.waiting()),
        ("akin_in_flight", "Changes leased by workers.", status.queue.in_flight),
        ("akin_dead", "Dead letters: changes that failed too often.", status.queue.dead),
        ("akin_quarantined", "Feed rows in quarantine.", status.store.quarantined),
        (
            "akin_blanked",
            "Values that could not be read, in rows that were kept.",
            status.store.blanked,
        ),
    ];
    gauges.map(|(name, help, value)| Gauge::new(name, help).sample(&[], value)).into()
}

/// Returns the metrics of the last ingestion that has ended.
fn last_run_gauges(runs: &[Run]) -> Vec<Gauge> {
    let ended = runs.iter().find_map(|run| Some((run.began, run.end.as_ref()?)));
    let Some((began, end)) = ended else { return Vec::new() };
    let ended_at = Duration::from_micros(began.0.max(0).cast_unsigned()) + end.took;
    let is_ok = u8::from(end.outcome == RunOutcome::Finished);
    let gauge = |name, help| Gauge::new(name, help);
    let mut rows = gauge("akin_last_run_rows", "Rows of the last ingestion, by outcome.");
    for (name, value) in end.counts.iter().flat_map(named_counts) {
        rows = rows.sample(&[("outcome", name)], value);
    }
    vec![
        gauge("akin_last_run_ok", "1 if the last ingestion completed all its work.")
            .sample(&[], is_ok),
        gauge(
            "akin_last_run_timestamp_seconds",
            "End of the last ingestion, in seconds since 1970.",
        )
        .sample(&[], ended_at.as_secs_f64()),
        gauge("akin_last_run_duration_seconds", "Duration of the last ingestion.")
            .sample(&[], end.took.as_secs_f64()),
        rows,
    ]
}

fn named_counts(counts: &RunCounts) -> impl Iterator<Item = (&'static str, u64)> {
    RunCounts::NAMES.into_iter().zip(counts.values())
}

/// A gauge with its help text and its labeled samples.
#[derive(Debug)]
struct Gauge {
    name: &'static str,
    help: &'static str,
    samples: Vec<(String, String)>,
}

impl Gauge {
    fn new(name: &'static str, help: &'static str) -> Self {
        Self { name, help, samples: Vec::new() }
    }

    /// Adds a sample.
    fn sample(mut self, labels: &[(&str, &str)], value: impl Display) -> Self {
        let labels: Vec<_> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
        let labels = labels.join(",");
        let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
        self.samples.push((labels, value.to_string()));
        self
    }
}

impl Display for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, help, samples } = self;
        if samples.is_empty() {
            return Ok(());
        }
        writeln!(f, "# HELP {name} {help}\n# TYPE {name} gauge")?;
        samples.iter().try_for_each(|(labels, value)| writeln!(f, "{name}{labels} {value}"))
    }
}

/// Escapes the value of a label.
fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_label_value_is_escaped() {
        let gauge = Gauge::new("akin_one", "One.").sample(&[("a", "\"\\\n"), ("b", "é")], 1.5);
        let expected = "# HELP akin_one One.\n# TYPE akin_one gauge\nakin_one{a=\"\\\"\\\\\\n\",b=\"é\"} 1.5\n";
        assert_eq!(gauge.to_string(), expected);
    }

    #[test]
    fn a_gauge_without_samples_is_omitted() {
        assert_eq!(Gauge::new("akin_none", "None.").to_string(), "");
    }
}
