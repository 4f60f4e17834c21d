use crate::connections::{ConnectionLimits, Connections};
use axum::Router;
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

/// The pause after a connection could not be accepted, for example because too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves requests on `listener` until `stop` completes, then finishes the running requests.
///
/// A connection beyond the limit is answered with 503 and the JSON document `refusal`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    refusal: &[u8],
    stop: impl Future<Output = ()> + Send,
) {
    let connections = Connections::new(router, limits, refusal);
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            stream = accept(&listener) => connections.open(stream),
        }
    }
    drop(listener);
    if timeout(limits.grace, connections.close()).await.is_err() {
        let seconds = limits.grace.as_secs();
        tracing::warn!("some requests did not finish within {seconds} s and were dropped");
    }
}

/// Accepts the next connection, however long that takes.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // The client was gone before its connection was accepted.
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted at the moment");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
