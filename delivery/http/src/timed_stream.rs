use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// A connection that fails when a request's head takes too long to arrive, or when the client does not
/// read its response.
#[derive(Debug)]
pub(crate) struct TimedStream {
    stream: TcpStream,
    phase: Phase,
    head: Timer,
    write: Timer,
    /// True while the client has not read what was written.
    is_blocked: bool,
}

/// The phase of a connection, shared with the service, which knows when a head is complete.
#[derive(Clone, Debug)]
pub(crate) struct Phase(Arc<AtomicU8>);

/// No part of the next request has arrived.
const IDLE: u8 = 0;
/// The head of a request is arriving.
const HEAD: u8 = 1;
/// A request is being answered.
const ANSWER: u8 = 2;

impl Phase {
    /// Returns the phase of a new connection, whose first head is awaited.
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU8::new(HEAD)))
    }

    /// Records that the head of a request is complete.
    pub(crate) fn begin_answer(&self) {
        self.set(ANSWER);
    }

    fn set(&self, phase: u8) {
        self.0.store(phase, Ordering::Relaxed);
    }

    fn is(&self, phase: u8) -> bool {
        self.0.load(Ordering::Relaxed) == phase
    }
}

impl TimedStream {
    pub(crate) fn new(stream: TcpStream, phase: Phase, head: Duration, write: Duration) -> Self {
        let (head, write) = (Timer::new(head), Timer::new(write));
        Self { stream, phase, head, write, is_blocked: false }
    }

    /// Observes the result of a write or flush.
    fn observe_write<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.is_blocked = false;
            if self.phase.is(ANSWER) {
                self.phase.set(IDLE);
            }
            return written;
        }
        if !self.is_blocked {
            self.is_blocked = true;
            self.write.start();
        }
        ready!(self.write.poll(context));
        Poll::Ready(Err(timed_out("the client does not read the response")))
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.phase.is(IDLE) && buffer.filled().len() > before {
            self.phase.set(HEAD);
            self.head.start();
        }
        // Checked after every read as well, so that a head of single bytes ends too.
        if self.phase.is(HEAD) && (read.is_pending() || self.head.is_over()) {
            ready!(self.head.poll(context));
            return Poll::Ready(Err(timed_out("the head of the request took too long")));
        }
        read
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.observe_write(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.observe_write(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A time limit whose clock runs from [`Timer::start`]. It registers with the runtime only when it is
/// polled, which a fast request never needs.
#[derive(Debug)]
struct Timer {
    limit: Duration,
    deadline: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    fn new(limit: Duration) -> Self {
        Self { limit, deadline: Instant::now() + limit, sleep: None }
    }

    fn start(&mut self) {
        self.deadline = Instant::now() + self.limit;
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.deadline
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(context)
    }
}

fn timed_out(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}
