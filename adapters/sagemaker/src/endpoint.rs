use crate::error::{invocation, refused};
use akin_ports::{PortError, PortResult};
use aws_client::SdkConfig;
use aws_sdk_sagemakerruntime::Client;
use aws_sdk_sagemakerruntime::primitives::Blob;
use backoff::Backoff;
use std::time::Duration;

/// An endpoint, and how long it is tried again.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    client: Client,
    name: String,
    retry: Duration,
}

/// The largest body that every kind of endpoint takes, in bytes.
pub(crate) const MAX_BODY: usize = 4_000_000;

/// The first wait after the model was overloaded.
const FIRST_WAIT: Duration = Duration::from_millis(200);

impl Endpoint {
    pub(crate) fn new(config: &SdkConfig, name: &str, retry: Duration) -> Self {
        Self { client: Client::new(config), name: name.to_owned(), retry }
    }

    /// Invokes the model, and again while it is overloaded. AWS's client tries again by itself after
    /// throttling and lost connections, and not after an error of the container.
    pub(crate) async fn invoke(&self, body: Vec<u8>) -> PortResult<Vec<u8>> {
        if body.len() > MAX_BODY {
            let size = body.len();
            return Err(refused(format!(
                "a text takes {size} bytes, more than an endpoint accepts"
            )));
        }
        let body = Blob::new(body);
        let mut backoff = Backoff::new(self.retry).with_first_wait(FIRST_WAIT);
        loop {
            match self.invoke_once(body.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    if !error.is_retryable() || !backoff.wait(None).await {
                        return Err(error);
                    }
                }
            }
        }
    }

    async fn invoke_once(&self, body: Blob) -> Result<Vec<u8>, PortError> {
        let request = self.client.invoke_endpoint().endpoint_name(&self.name);
        let request = request.content_type("application/json").accept("application/json");
        let answer = request.body(body).send().await;
        let answer = answer.map_err(|error| invocation(&self.name, &error))?;
        Ok(answer.body.map(Blob::into_inner).unwrap_or_default())
    }
}
