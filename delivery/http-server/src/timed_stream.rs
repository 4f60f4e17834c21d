use crate::connections::ConnectionLimits;
use crate::head_splitter::HeadSplitter;
use crate::phase::{HEAD, Phase};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// A connection that fails when a request's head takes too long to arrive, or when the client reads its
/// response too slowly.
#[derive(Debug)]
pub(crate) struct TimedStream {
    stream: TcpStream,
    phase: Phase,
    head: Timer,
    splitter: HeadSplitter,
    pace: ReadingPace,
}

impl TimedStream {
    pub(crate) fn new(stream: TcpStream, phase: Phase, limits: &ConnectionLimits) -> Self {
        Self {
            stream,
            phase,
            head: Timer::new(limits.head),
            splitter: HeadSplitter::default(),
            pace: ReadingPace::new(limits.write, limits.bytes_per_second),
        }
    }

    /// Observes the result of a write.
    fn observe_write(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            if self.phase.end_answer() {
                self.pace.begin();
            }
            if let Poll::Ready(Ok(count)) = written {
                self.pace.advance(count);
            }
            return written;
        }
        ready!(self.pace.poll(context));
        Poll::Ready(Err(timed_out("the client reads the response too slowly")))
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let mut read = Poll::Ready(Ok(()));
        if !this.splitter.take(buffer) {
            read = Pin::new(&mut this.stream).poll_read(context, buffer);
            this.splitter.keep_rest(buffer, before);
        }
        this.phase.count(buffer.filled().len() - before, this.splitter.is_empty_line);
        if this.phase.begin_head() {
            this.head.start();
        }
        // Checked after every read as well, so that a head of single bytes ends too.
        if this.phase.is(HEAD) && (read.is_pending() || this.head.is_over()) {
            ready!(this.head.poll(context));
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

/// The time that a client has taken to read a response, compared with the time that it should take.
#[derive(Debug)]
struct ReadingPace {
    timer: Timer,
    bytes_per_second: f64,
    /// The time by which the client is behind the required rate.
    behind: Duration,
    /// The moment from which the client has not read what was written.
    blocked: Option<Instant>,
}

impl ReadingPace {
    /// Creates a pace that ends a client which is `limit` behind the rate.
    fn new(limit: Duration, bytes_per_second: u32) -> Self {
        let bytes_per_second = f64::from(bytes_per_second.max(1));
        Self { timer: Timer::new(limit), bytes_per_second, behind: Duration::ZERO, blocked: None }
    }

    /// Begins a response.
    fn begin(&mut self) {
        self.behind = Duration::ZERO;
    }

    /// Records that the client has made room for `bytes`.
    fn advance(&mut self, bytes: usize) {
        let waited = self.blocked.take().map_or(Duration::ZERO, |since| since.elapsed());
        let bytes = f64::from(u32::try_from(bytes).unwrap_or(u32::MAX));
        let allowed = Duration::from_secs_f64(bytes / self.bytes_per_second);
        self.behind = (self.behind + waited).saturating_sub(allowed);
    }

    /// Waits until the client is too far behind.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.blocked.is_none() {
            self.blocked = Some(Instant::now());
            self.timer.start_at(self.behind);
        }
        self.timer.poll(context)
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
        self.start_at(Duration::ZERO);
    }

    /// Starts as if `elapsed` had passed already.
    fn start_at(&mut self, elapsed: Duration) {
        self.deadline = Instant::now() + self.limit.saturating_sub(elapsed);
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
