//! What `/api/status` says, as Prometheus reads it.

use crate::Api;
use crate::error::ApiError;
use akin_ports::{Run, RunCounts, RunOutcome};
use akin_usecases::{IndexStatus, Status};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::routing::get;
use std::fmt::{self, Display};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// The text format of Prometheus, and its version.
const FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// For how long what was counted is said again: however many ask, the store counts no more often.
const HELD: Duration = Duration::from_secs(5);

/// What is measured, and what was said last.
#[derive(Debug)]
struct Metrics {
    api: Arc<Api>,
    said: Mutex<Option<(Instant, String)>>,
}

/// The route of the metrics.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(api: Arc<Api>) -> Router<S> {
    let metrics = Metrics { api, said: Mutex::default() };
    Router::new().route("/metrics", get(scrape)).with_state(Arc::new(metrics))
}

/// `GET /metrics`: the status as gauges.
async fn scrape(
    State(metrics): State<Arc<Metrics>>,
) -> Result<([(HeaderName, HeaderValue); 1], String), ApiError> {
    // Who comes while it is counted waits for it, and counts nothing.
    let mut said = metrics.said.lock().await;
    let text = match &*said {
        Some((at, text)) if at.elapsed() < HELD => text.clone(),
        _ => {
            let gauges = metrics.gauges().await?;
            let text: String = gauges.iter().map(Gauge::to_string).collect();
            *said = Some((Instant::now(), text.clone()));
            text
        }
    };
    Ok(([(header::CONTENT_TYPE, FORMAT)], text))
}

impl Metrics {
    async fn gauges(&self) -> Result<Vec<Gauge>, ApiError> {
        let status = self.api.status.run(akin_views::LAST_RUNS).await?;
        let mut gauges = of_catalogue(&status);
        gauges.extend(self.of_engines().await);
        gauges.extend(of_last_run(&status.runs));
        Ok(gauges)
    }

    /// One that does not answer is down, and keeps no other from being told.
    async fn of_engines(&self) -> [Gauge; 3] {
        let mut up = Gauge::new("akin_engine_up", "Whether the engine's index answers.");
        let mut indexed = Gauge::new("akin_indexed", "Products that the engine finds.");
        let mut model = Gauge::new("akin_model_info", "The model that made the embeddings.");
        for engine in self.api.engines.iter() {
            let labels = [("engine", &*engine.name)];
            let status = IndexStatus::of(&*engine.search.index).await;
            up = up.sample(&labels, u8::from(status.is_ok()));
            match status {
                Ok(IndexStatus { indexed: products, fingerprint }) => {
                    indexed = indexed.sample(&labels, products);
                    if let Some(fingerprint) = fingerprint.map(|is| is.to_string()) {
                        model = model.sample(&[labels[0], ("model", &fingerprint)], 1);
                    }
                }
                Err(error) => {
                    tracing::warn!(engine = engine.name, error = error.report(), "an index fails");
                }
            }
        }
        [up, indexed, model]
    }
}

fn of_catalogue(status: &Status) -> Vec<Gauge> {
    let gauges = [
        ("akin_products", "Products of the catalogue.", status.store.products),
        ("akin_waiting", "Changes that wait to be embedded.", status.waiting()),
        ("akin_in_flight", "Changes that workers have taken.", status.queue.in_flight),
        ("akin_dead", "Dead letters: changes that are tried no more.", status.queue.dead),
        ("akin_quarantined", "Rows of feeds that were refused.", status.store.quarantined),
    ];
    gauges.map(|(name, help, value)| Gauge::new(name, help).sample(&[], value)).into()
}

/// Of the last ingestion that has ended.
fn of_last_run(runs: &[Run]) -> Vec<Gauge> {
    let ended = runs.iter().find_map(|run| Some((run.began, run.end.as_ref()?)));
    let Some((began, end)) = ended else { return Vec::new() };
    let at = Duration::from_micros(began.0.max(0).cast_unsigned()) + end.took;
    let is_ok = u8::from(end.outcome == RunOutcome::Finished);
    let gauge = |name, help| Gauge::new(name, help);
    let mut rows = gauge("akin_last_run_rows", "What the last ingestion did, counted.");
    for (name, value) in end.counts.iter().flat_map(counted) {
        rows = rows.sample(&[("outcome", name)], value);
    }
    vec![
        gauge("akin_last_run_ok", "Whether the last ingestion did all of it.").sample(&[], is_ok),
        gauge("akin_last_run_timestamp_seconds", "When the last ingestion ended.")
            .sample(&[], at.as_secs_f64()),
        gauge("akin_last_run_duration_seconds", "How long the last ingestion took.")
            .sample(&[], end.took.as_secs_f64()),
        rows,
    ]
}

fn counted(counts: &RunCounts) -> impl Iterator<Item = (&'static str, u64)> {
    RunCounts::NAMES.into_iter().zip(counts.values())
}

/// A gauge: its name, what it says, and its samples with their labels.
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

    /// The same with one more sample.
    fn sample(mut self, labels: &[(&str, &str)], value: impl Display) -> Self {
        let labels: Vec<_> =
            labels.iter().map(|(name, is)| format!("{name}=\"{}\"", escape(is))).collect();
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

/// The value of a label, as the format quotes it.
fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_may_hold_anything() {
        let gauge = Gauge::new("akin_one", "One.").sample(&[("a", "\"\\\n"), ("b", "é")], 1.5);
        let expected = "# HELP akin_one One.\n# TYPE akin_one gauge\nakin_one{a=\"\\\"\\\\\\n\",b=\"é\"} 1.5\n";
        assert_eq!(gauge.to_string(), expected);
    }

    #[test]
    fn a_gauge_without_a_sample_says_nothing() {
        assert_eq!(Gauge::new("akin_none", "None.").to_string(), "");
    }
}
