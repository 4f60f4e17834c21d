use std::io::{self, ErrorKind, Read};

/// Bytes that may be read on another thread.
pub(crate) type Bytes = Box<dyn Read + Send>;

/// The number of bytes from which format, compression, and encoding are detected.
const BEGINNING: usize = 1_024;

/// A reader whose beginning has been looked at, and is read again.
pub(crate) struct Peeked<R> {
    /// The first bytes, all of them if they are few.
    pub(crate) beginning: Vec<u8>,
    position: usize,
    /// The error that ended the beginning, returned when the beginning has been read.
    failure: Option<io::Error>,
    rest: R,
}

impl<R: Read> Peeked<R> {
    pub(crate) fn new(mut rest: R) -> Self {
        let mut beginning = vec![0; BEGINNING];
        let (mut length, mut failure) = (0, None);
        while length < BEGINNING {
            match rest.read(&mut beginning[length..]) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
                Err(cause) => {
                    failure = Some(cause);
                    break;
                }
            }
        }
        beginning.truncate(length);
        Self { beginning, position: 0, failure, rest }
    }

    /// Drops the first `count` bytes of the beginning.
    pub(crate) fn skip(mut self, count: usize) -> Self {
        self.beginning.drain(..count);
        self
    }
}

impl<R: Read> Read for Peeked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = &self.beginning[self.position..];
        if left.is_empty() {
            return match self.failure.take() {
                Some(failure) => Err(failure),
                None => self.rest.read(buffer),
            };
        }
        let count = left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&left[..count]);
        self.position += count;
        Ok(count)
    }
}
