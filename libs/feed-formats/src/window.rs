use crate::error::Error;
use crate::peeked::Bytes;
use std::io::ErrorKind;

/// The number of bytes that are read at a time.
const CHUNK: usize = 256 << 10;

/// A window that moves over the bytes of a text, and counts its lines.
pub(crate) struct Window {
    bytes: Bytes,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    released: u64,
    line: u64,
    after_return: bool,
    /// The error by which reading ahead ended, returned when those bytes have been used.
    failure: Option<Error>,
}

impl Window {
    /// Creates a window at the beginning of a text.
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self {
            bytes,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            released: 0,
            line: 1,
            after_return: false,
            failure: None,
        }
    }

    /// Returns the bytes that have been read and not yet released.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Returns the line on which the window begins, from 1. A lone carriage return ends a line too.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Returns the number of bytes of the text before the window.
    pub(crate) fn offset(&self) -> u64 {
        self.released
    }

    /// Releases the first `count` bytes.
    pub(crate) fn release(&mut self, count: usize) {
        let released = &self.buffer[self.start..self.start + count];
        self.line += memchr::memchr_iter(b'\n', released).count() as u64;
        if self.after_return && released.first().is_some_and(|&byte| byte != b'\n') {
            self.line += 1;
        }
        for at in memchr::memchr_iter(b'\r', released) {
            if released.get(at + 1).is_some_and(|&next| next != b'\n') {
                self.line += 1;
            }
        }
        self.after_return = released.last().map_or(self.after_return, |&byte| byte == b'\r');
        self.start += count;
        self.released += count as u64;
    }

    /// Releases line ends at the beginning. Returns whether anything follows.
    pub(crate) fn skip_line_ends(&mut self) -> Result<bool, Error> {
        loop {
            let ends = self.bytes().iter().take_while(|&&byte| is_line_end(byte)).count();
            self.release(ends);
            if !self.bytes().is_empty() {
                // A lone carriage return ended a line.
                self.line += u64::from(std::mem::take(&mut self.after_return));
                return Ok(true);
            }
            if !self.read_more()? {
                return Ok(false);
            }
        }
    }

    /// Releases the first `count` bytes and the rest of the line on which they end.
    pub(crate) fn skip_line(&mut self, count: usize) -> Result<(), Error> {
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

    /// Reads until the window has `length` bytes, and returns whether those are all the rest. An error is
    /// returned by the next reading.
    pub(crate) fn read_ahead(&mut self, length: usize) -> bool {
        while self.bytes().len() < length {
            match self.read_more() {
                Ok(true) => {}
                Ok(false) => return true,
                Err(error) => {
                    self.failure = Some(error);
                    return false;
                }
            }
        }
        false
    }

    /// Reads more bytes; returns `false` at the end. The window grows unless some were released.
    pub(crate) fn read_more(&mut self) -> Result<bool, Error> {
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
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
                    let at = self.released + self.bytes().len() as u64;
                    return Err(Error::read(at, cause));
                }
            }
        }
    }
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}
