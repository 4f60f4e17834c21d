use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// The phase of a connection, shared with the service, which knows when a head is complete.
///
/// The parser reads ahead, so the next head may arrive before the response to the last request is
/// written. Every read stops at an empty line, which ends a head. The bytes that are read after the head
/// of a request are therefore its body, as far as its length, and then the next head.
#[derive(Clone, Debug)]
pub(crate) struct Phase(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    phase: AtomicU8,
    /// The length of the body of the request that is being answered, or [`UNKNOWN`].
    body: AtomicU64,
    /// The number of bytes that were read after the head of that request.
    read: AtomicU64,
    /// The same, of the bytes that follow the last empty line.
    after_empty_line: AtomicU64,
}

/// No part of the next request has arrived.
const IDLE: u8 = 0;
/// The head of a request is arriving.
pub(crate) const HEAD: u8 = 1;
/// A request is being answered.
const ANSWER: u8 = 2;

/// The length of a body that is sent in chunks. It ends with an empty line.
const UNKNOWN: u64 = u64::MAX;

impl Phase {
    /// Returns the phase of a new connection, whose first head is awaited.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            phase: AtomicU8::new(HEAD),
            body: AtomicU64::new(0),
            read: AtomicU64::new(0),
            after_empty_line: AtomicU64::new(0),
        }))
    }

    /// Records that the head of a request is complete; `body` is the length of its body, if known.
    pub(crate) fn begin_answer(&self, body: Option<u64>) {
        self.0.body.store(body.unwrap_or(UNKNOWN), Ordering::Relaxed);
        self.0.read.store(0, Ordering::Relaxed);
        self.0.after_empty_line.store(0, Ordering::Relaxed);
        self.0.phase.store(ANSWER, Ordering::Relaxed);
    }

    /// Records that the response has begun; returns whether it had not before.
    pub(crate) fn end_answer(&self) -> bool {
        self.change(ANSWER, IDLE)
    }

    /// Records that `count` bytes were handed to the parser; `is_empty_line` if they end with one.
    pub(crate) fn count(&self, count: usize, is_empty_line: bool) {
        self.0.read.fetch_add(count as u64, Ordering::Relaxed);
        if is_empty_line {
            self.0.after_empty_line.store(0, Ordering::Relaxed);
        } else {
            self.0.after_empty_line.fetch_add(count as u64, Ordering::Relaxed);
        }
    }

    /// Records that a head has begun to arrive, if it has since the last response began; returns whether
    /// this is news.
    pub(crate) fn begin_head(&self) -> bool {
        let has_more = match self.0.body.load(Ordering::Relaxed) {
            UNKNOWN => self.0.after_empty_line.load(Ordering::Relaxed) > 0,
            body => self.0.read.load(Ordering::Relaxed) > body,
        };
        has_more && self.change(IDLE, HEAD)
    }

    pub(crate) fn is(&self, phase: u8) -> bool {
        self.0.phase.load(Ordering::Relaxed) == phase
    }

    fn change(&self, from: u8, to: u8) -> bool {
        let phase = &self.0.phase;
        phase.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}
