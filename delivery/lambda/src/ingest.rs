use crate::{FunctionError, IngestEvent, Invocation, ObjectEvent, Parts};
use akin_ports::{
    ChangeQueue, ErrorKind, FeedSource, MAX_RUNS, PortError, PortResult, RunCounts, RunHolder,
    RunLog, RunOutcome,
};
use akin_usecases::{
    BegunRun, IngestCatalogue, IngestToQueue, IngestToQueueError, RecordRun, RecordedRun,
    RequestedRun, RunError, RunSummary,
};
use akin_views::CountsView;
use async_trait::async_trait;
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::time::timeout_at;

/// Ingests feeds, and hands what changed to the queue of the workers.
///
/// An event of S3 ingests the objects that it names, unless a run already read them or newer ones.
/// If the feeds list the whole catalogue, it ingests the feeds of the settings instead, since one object
/// is not all of them. Any other event ingests the feeds of the settings.
///
/// Whatever keeps a run from being complete is an error of the invocation. AWS Lambda then invokes the
/// function twice more, and gives the event to the on-failure destination, so that none is lost. Products
/// that were stored stay, and a later run continues from there.
#[derive(Debug)]
pub struct IngestFunction {
    /// What a run needs.
    pub parts: Parts<IngestParts>,
    /// The time for which a run waits for another one.
    pub patience: Duration,
}

/// What a run needs.
#[derive(Clone)]
pub struct IngestParts {
    /// Reads feeds into the store.
    pub ingest: IngestCatalogue,
    /// Receives the changes.
    pub queue: Arc<dyn ChangeQueue>,
    /// Records the runs.
    pub runs: Arc<dyn RunLog>,
    /// Opens the feeds.
    pub feeds: Arc<dyn FeedOpener>,
}

/// Opens feeds by the settings, or by the events that name them.
#[async_trait]
pub trait FeedOpener: Send + Sync {
    /// Returns the feeds of the settings. The error says what is missing.
    async fn configured(&self) -> PortResult<Vec<Arc<dyn FeedSource>>>;

    /// Returns the feed in an object of S3, whether or not it exists.
    fn object(&self, bucket: &str, key: &str) -> PortResult<Arc<dyn FeedSource>>;
}

/// The answer to an event.
#[derive(Debug, Serialize)]
pub struct RunReport {
    /// `finished`, or `nothing` if the event named nothing to read.
    pub outcome: &'static str,
    /// The feeds that were read.
    pub feeds: Vec<String>,
    /// The counts of the run.
    #[serde(flatten)]
    pub counts: Option<CountsView>,
    /// Its duration.
    pub seconds: f64,
}

/// The feeds of one run.
#[derive(Debug)]
struct Request {
    sources: Vec<Arc<dyn FeedSource>>,
    /// Their names for the run log.
    names: Vec<String>,
    /// The events that led to it; empty for a run by schedule.
    objects: Vec<ObjectEvent>,
}

/// The time before the deadline at which a run is ended, so that its end can be recorded.
const MARGIN: Duration = Duration::from_secs(10);

impl IngestFunction {
    /// Answers an event.
    pub async fn handle(
        &self,
        event: Value,
        invocation: Invocation,
    ) -> Result<RunReport, FunctionError> {
        let began = Instant::now();
        let event = IngestEvent::read(event)?;
        if event == IngestEvent::Nothing {
            return Ok(RunReport::nothing(began));
        }
        let prepare = async {
            let parts = self.parts.get().await?;
            Ok::<_, FunctionError>((parts, parts.request(event).await?))
        };
        let prepared = timeout_at(invocation.stop_by(MARGIN).into(), prepare).await;
        let (parts, request) = prepared.unwrap_or_else(|_| Err(out_of_time()))?;
        let Some(request) = request else { return Ok(RunReport::nothing(began)) };
        let names = request.names.clone();
        let summary = self.run(parts, request, &invocation).await?;
        let counts = summary.counts();
        match summary.outcome() {
            RunOutcome::Finished => Ok(RunReport {
                outcome: "finished",
                feeds: names,
                counts: Some(counts.into()),
                seconds: akin_views::seconds(began.elapsed()),
            }),
            outcome => Err(failed(&outcome)),
        }
    }

    /// Performs and records one run, which ends before the function does.
    async fn run(
        &self,
        parts: &IngestParts,
        request: Request,
        invocation: &Invocation,
    ) -> Result<RunSummary, FunctionError> {
        let Request { sources, names, objects } = request;
        let stop_by = invocation.stop_by(MARGIN);
        let time_left = stop_by.saturating_duration_since(Instant::now());
        let prefix = format!("{} ", invocation.request_id);
        let run = RequestedRun {
            runs: parts.runs.clone(),
            holder: holder(&invocation.request_id),
            feeds: names,
            // Half of the time is left for the run itself.
            patience: self.patience.min(time_left / 2),
            // AWS Lambda invokes a function with an event again only after it has ended.
            is_gone: &|other: &RunHolder| other.key.starts_with(&prefix),
            observe: &|_| (),
        };
        let record = RecordRun::new(sleep, spawn);
        let work = async |begun: BegunRun| parts.perform(&sources, &objects, begun).await;
        let recorded = timeout_at(stop_by.into(), Box::pin(record.run(run, work, end))).await;
        let Ok(RecordedRun { result, recorded }) = recorded else {
            record.interrupt().await.unwrap_or_else(|error| not_recorded(&error));
            return Err(out_of_time());
        };
        recorded.unwrap_or_else(|error| not_recorded(&error));
        result.map_err(|error| match &error {
            IngestToQueueError::Run(RunError::Busy(_)) => {
                FunctionError { kind: "Busy", message: error.to_string() }
            }
            error => failed(&error.outcome()),
        })
    }
}

impl IngestParts {
    /// Returns what to read for an event; `None` if all of it was read before.
    async fn request(&self, event: IngestEvent) -> Result<Option<Request>, FunctionError> {
        let objects = match event {
            IngestEvent::Objects(objects) => self.news(objects).await?,
            IngestEvent::Run => return self.configured(Vec::new()).await.map(Some),
            IngestEvent::Nothing => Vec::new(),
        };
        if objects.is_empty() {
            return Ok(None);
        }
        if self.ingest.is_complete {
            return self.configured(objects).await.map(Some);
        }
        let mut sources = Vec::new();
        for ObjectEvent { bucket, key, .. } in &objects {
            sources.push(self.feeds.object(bucket, key).map_err(|error| unopened(&error))?);
        }
        let names = objects.iter().map(ObjectEvent::run_name).collect();
        Ok(Some(Request { sources, names, objects }))
    }

    async fn configured(&self, objects: Vec<ObjectEvent>) -> Result<Request, FunctionError> {
        let sources = self.feeds.configured().await.map_err(|error| unopened(&error))?;
        let events = objects.iter().map(ObjectEvent::run_name);
        let names = sources.iter().map(|feed| feed.name().to_owned()).chain(events).collect();
        Ok(Request { sources, names, objects })
    }

    /// Returns the objects that no finished run has read since their events.
    async fn news(&self, objects: Vec<ObjectEvent>) -> Result<Vec<ObjectEvent>, FunctionError> {
        let runs = self.runs.last(MAX_RUNS).await.map_err(|error| FunctionError {
            kind: "Failed",
            message: format!("the run log cannot be read: {}", error.report()),
        })?;
        let is_finished = |run: &&akin_ports::Run| {
            run.end.as_ref().is_some_and(|end| end.outcome == RunOutcome::Finished)
        };
        let done: Vec<_> = runs.iter().filter(is_finished).flat_map(|run| &run.feeds).collect();
        let is_news = |object: &ObjectEvent| !done.iter().any(|feed| object.is_covered_by(feed));
        Ok(objects.into_iter().filter(is_news).collect())
    }

    async fn perform(
        &self,
        sources: &[Arc<dyn FeedSource>],
        objects: &[ObjectEvent],
        begun: BegunRun,
    ) -> Result<RunSummary, IngestToQueueError> {
        // Another invocation may have read them while this one waited for it.
        let is_old = !objects.is_empty()
            && self.news(objects.to_vec()).await.is_ok_and(|news| news.is_empty());
        if is_old {
            return Ok(RunSummary::default());
        }
        let run = IngestToQueue { ingest: self.ingest.clone(), queue: self.queue.clone() };
        run.run(sources, begun.version, &|_| ()).await
    }
}

impl RunReport {
    fn nothing(began: Instant) -> Self {
        let seconds = akin_views::seconds(began.elapsed());
        Self { outcome: "nothing", feeds: Vec::new(), counts: None, seconds }
    }
}

/// Returns the invocation as the holder of a new run.
fn holder(request_id: &str) -> RunHolder {
    // The invocations of one event have the same id.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let key = format!("{request_id} {:x} {:x}", since.as_nanos(), std::process::id());
    RunHolder { name: format!("the invocation {request_id}"), key }
}

/// Returns the outcome and the counts for the run log.
fn end(result: &Result<RunSummary, IngestToQueueError>) -> (RunOutcome, Option<RunCounts>) {
    match result {
        Ok(summary) => (summary.outcome(), Some(summary.counts())),
        Err(error) => (error.outcome(), None),
    }
}

/// Returns the error of a run that is not finished.
fn failed(outcome: &RunOutcome) -> FunctionError {
    let kind = match outcome {
        RunOutcome::Refused(_) => "Refused",
        RunOutcome::Partly(_) => "Partly",
        _ => "Failed",
    };
    let (name, reason) = outcome.parts();
    FunctionError { kind, message: reason.unwrap_or(name).to_owned() }
}

/// Returns the error of feeds that could not be opened.
fn unopened(error: &PortError) -> FunctionError {
    let kind = if error.kind == ErrorKind::Unavailable { "Failed" } else { "Misconfigured" };
    FunctionError { kind, message: error.report() }
}

fn out_of_time() -> FunctionError {
    let message = "the time of the function is over; what was stored stays, and the next run \
                   continues from there: give the function more time or memory";
    FunctionError { kind: "OutOfTime", message: message.to_owned() }
}

fn not_recorded(error: &str) {
    tracing::warn!(error, "the end of this run is not recorded");
}

fn sleep(time: Duration) -> BoxFuture<'static, ()> {
    Box::pin(tokio::time::sleep(time))
}

fn spawn(task: BoxFuture<'static, ()>) {
    drop(tokio::spawn(task));
}

impl fmt::Debug for IngestParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ingest, queue, runs, .. } = self;
        let mut parts = f.debug_struct("IngestParts");
        parts.field("ingest", ingest).field("queue", queue).field("runs", runs);
        parts.finish_non_exhaustive()
    }
}
