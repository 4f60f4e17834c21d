use crate::error::FeedError;
use crate::source::Bytes;
use std::io::ErrorKind;

/// How many bytes are asked for at a time.
const CHUNK: usize = 256 << 10;

/// The bytes of a source from a moving beginning on, and the line on which that stands.
pub(crate) struct Window {
    name: String,
    bytes: Bytes,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    released: u64,
    line: u64,
    after_return: bool,
}

impl Window {
    /// A window at the beginning of a text.
    pub(crate) fn new(name: String, bytes: Bytes) -> Self {
        Self {
            name,
            bytes,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            released: 0,
            line: 1,
            after_return: false,
        }
    }

    /// The name of the source.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The bytes that were read and not yet released.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// The line on which the window begins, from 1. A lone carriage return ends a line too.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// How many bytes of the source stand before the window.
    pub(crate) fn offset(&self) -> u64 {
        self.released
    }

    /// How many bytes of the source were read.
    pub(crate) fn read(&self) -> u64 {
        self.released + (self.end - self.start) as u64
    }

    /// Lets go of the first `count` bytes.
    pub(crate) fn release(&mut self, count: usize) {
        let gone = &self.buffer[self.start..self.start + count];
        self.line += memchr::memchr_iter(b'\n', gone).count() as u64;
        if self.after_return && gone.first().is_some_and(|&byte| byte != b'\n') {
            self.line += 1;
        }
        for at in memchr::memchr_iter(b'\r', gone) {
            if gone.get(at + 1).is_some_and(|&next| next != b'\n') {
                self.line += 1;
            }
        }
        self.after_return = gone.last().map_or(self.after_return, |&byte| byte == b'\r');
        self.start += count;
        self.released += count as u64;
    }

    /// Lets go of line ends at the beginning; says whether anything follows.
    pub(crate) fn skip_line_ends(&mut self) -> Result<bool, FeedError> {
        loop {
            let ends = self.bytes().iter().take_while(|&&byte| is_line_end(byte)).count();
            self.release(ends);
            if !self.bytes().is_empty() {
                // A carriage return that no newline follows ended a line of its own.
                self.line += u64::from(std::mem::take(&mut self.after_return));
                return Ok(true);
            }
            if !self.read_more()? {
                return Ok(false);
            }
        }
    }

    /// Lets go of the first `count` bytes, and of the line on which they end.
    pub(crate) fn skip_line(&mut self, count: usize) -> Result<(), FeedError> {
        self.release(count);
        loop {
            if let Some(at) = memchr::memchr2(b'\n', b'\r', self.bytes()) {
                self.release(at);
                return Ok(());
            }
            self.release(self.bytes().len());
            if !self.read_more()? {
                return Ok(());
            }
        }
    }

    /// Reads on; `false` at the end. The window grows unless something was released.
    pub(crate) fn read_more(&mut self) -> Result<bool, FeedError> {
        if self.end == self.buffer.len() && self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.end * 2, 0);
        }
        loop {
            match self.bytes.read(&mut self.buffer[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count > 0);
                }
                Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
                Err(cause) => {
                    return Err(FeedError::read(&self.name, self.read(), cause));
                }
            }
        }
    }
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}
