use crate::phase::Phase;
use crate::timed_stream::TimedStream;
use axum::Router;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tower::Service;

/// The limits of a server's connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// The maximum number of open connections. Further ones are answered with 503 and closed.
    pub connections: usize,
    /// The time for the head of a request to arrive, from its first byte; of the first request, from
    /// the opening of the connection.
    pub head: Duration,
    /// The time after which a connection without a request is closed. It should be longer than the
    /// idle timeout of a proxy before the server, which would otherwise use a closed connection.
    pub idle: Duration,
    /// The time by which a client may fall behind [`Self::bytes_per_second`] in reading a response.
    pub write: Duration,
    /// The rate at which a client must read a response that does not fit into its socket.
    pub bytes_per_second: u32,
    /// The time that running requests have to finish once the server was asked to stop.
    pub grace: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 512,
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            write: Duration::from_secs(30),
            bytes_per_second: 16 * 1024,
            grace: Duration::from_secs(10),
        }
    }
}

/// The size of the system's buffer for a response, in bytes.
const SEND_BUFFER: usize = 256 * 1024;

/// The number of connections that are turned away at the same time. Further ones are closed at once.
const REFUSALS: usize = 64;

/// The time to turn a connection away.
const REFUSAL_TIME: Duration = Duration::from_secs(2);

/// The number of bytes of a refused request that are read, so that its client sees the answer.
const REFUSED_BYTES: u64 = 64 * 1024;

/// Open connections.
#[derive(Debug)]
pub(crate) struct Connections {
    router: Router,
    limits: ConnectionLimits,
    free: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    /// Each connection has a receiver: a value asks it to end, and none is left when all have ended.
    stop: watch::Sender<()>,
    refusal: Arc<[u8]>,
}

impl Connections {
    pub(crate) fn new(router: Router, limits: ConnectionLimits, refusal: &[u8]) -> Self {
        Self {
            router,
            limits,
            free: Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS))),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            stop: watch::Sender::new(()),
            refusal: answer(refusal).into(),
        }
    }

    /// Serves `stream`, or turns it away if too many connections are open.
    pub(crate) fn open(&self, stream: TcpStream) {
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            let connection = serve(stream, self.router.clone(), self.limits, self.stop.subscribe());
            tokio::spawn(hold(permit, connection));
        } else if let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() {
            tracing::debug!("a connection was refused: {} are open", self.limits.connections);
            tokio::spawn(hold(permit, refuse(stream, Arc::clone(&self.refusal))));
        }
    }

    /// Lets each connection finish its request, and returns when all are closed.
    pub(crate) async fn close(self) {
        self.stop.send_replace(());
        self.stop.closed().await;
    }
}

/// Keeps `permit` until `work` is done.
async fn hold(permit: OwnedSemaphorePermit, work: impl Future<Output = ()>) {
    work.await;
    drop(permit);
}

async fn serve(
    stream: TcpStream,
    router: Router,
    limits: ConnectionLimits,
    mut stop: watch::Receiver<()>,
) {
    // With Nagle's algorithm the last part of a response would wait for the client to acknowledge
    // the others.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    // The system would let a single response grow to megabytes.
    if let Err(error) = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER) {
        tracing::debug!(%error, "SO_SNDBUF could not be set");
    }
    let phase = Phase::new();
    let stream = TimedStream::new(stream, phase.clone(), &limits);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        phase.begin_answer(request.body().size_hint().exact());
        router.clone().call(request)
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            // hyper counts from the end of the last response, so this bounds idle connections too.
            .header_read_timeout(limits.idle.max(limits.head))
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = %error, cause = ?std::error::Error::source(&error), "a connection ended");
    }
}

/// Answers every request with 503.
async fn refuse(mut stream: TcpStream, answer: Arc<[u8]>) {
    let exchange = async {
        stream.write_all(&answer).await?;
        stream.shutdown().await?;
        // Closing with unread bytes would reset the connection, and the response might be lost.
        let mut request = (&mut stream).take(REFUSED_BYTES);
        tokio::io::copy(&mut request, &mut tokio::io::sink()).await
    };
    // A busy server does not wait for a slow client, and ignores one that has gone.
    drop::<Result<io::Result<u64>, _>>(timeout(REFUSAL_TIME, exchange).await);
}

/// Returns the response to a refused connection, with a JSON document as its body.
fn answer(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         retry-after: 1\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
