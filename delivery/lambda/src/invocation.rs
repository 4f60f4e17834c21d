use crate::{FunctionError, RuntimeError};
use lambda_runtime::{Context, LambdaEvent};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::env;
use std::time::{Duration, Instant, SystemTime};

/// One call of a function.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Identifies the call in the log.
    pub request_id: String,
    /// The moment at which AWS Lambda ends the function.
    pub deadline: Instant,
}

/// The variables without which a function cannot run.
const VARIABLES: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
];

impl Invocation {
    /// Returns the moment at which to have answered: some time before the deadline, but never more than
    /// a fifth of the time that is left.
    pub fn stop_by(&self, margin: Duration) -> Instant {
        let left = self.deadline.saturating_duration_since(Instant::now());
        self.deadline.checked_sub(margin.min(left / 5)).unwrap_or(self.deadline)
    }
}

impl From<Context> for Invocation {
    fn from(context: Context) -> Self {
        // The clock of the calendar is asked once; it may be set while the function runs.
        let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        Self { request_id: context.request_id, deadline: Instant::now() + left }
    }
}

/// Hands every event to `handle`, until AWS Lambda ends the process. An event that does not have
/// the shape of `E` is an error of its invocation; so is a panic.
///
/// Returns only if the Runtime API cannot be used.
pub async fn run<E, A>(
    handle: impl AsyncFn(E, Invocation) -> Result<A, FunctionError>,
) -> Result<(), RuntimeError>
where
    E: DeserializeOwned,
    A: Serialize,
{
    let missing: Vec<_> =
        VARIABLES.into_iter().filter(|name| env::var_os(name).is_none()).collect();
    if !missing.is_empty() {
        return Err(RuntimeError::NotLambda(missing));
    }
    let handle = &handle;
    let service = lambda_runtime::service_fn(move |event: LambdaEvent<E>| async move {
        handle(event.payload, event.context.into()).await
    });
    lambda_runtime::run(service).await.map_err(RuntimeError::Runtime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_stops_before_its_deadline_and_still_works_when_there_is_little_time() {
        let margin = |left: u64| {
            let deadline = Instant::now() + Duration::from_millis(left);
            let invocation = Invocation { request_id: String::new(), deadline };
            let margin = deadline - invocation.stop_by(Duration::from_secs(5));
            margin.as_millis()
        };
        assert_eq!(margin(300_000), 5_000);
        assert!((1_900..=2_000).contains(&margin(10_000)), "{}", margin(10_000));
        assert_eq!(margin(0), 0);
    }
}
