use std::io::{self, ErrorKind, Read};

/// How many bytes tell what a feed is.
const BEGINNING: usize = 1_024;

/// A source whose beginning is known, and is read again.
pub(crate) struct Begun<R> {
    /// The first bytes, all of them if they are few.
    pub(crate) beginning: Vec<u8>,
    at: usize,
    /// Why there are no more of them, where that is a failure.
    failure: Option<io::Error>,
    rest: R,
}

impl<R: Read> Begun<R> {
    pub(crate) fn of(mut rest: R) -> Self {
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
        Self { beginning, at: 0, failure, rest }
    }

    /// Passes over the first `count` bytes of the beginning.
    pub(crate) fn skip(mut self, count: usize) -> Self {
        self.beginning.drain(..count);
        self
    }
}

impl<R: Read> Read for Begun<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = &self.beginning[self.at..];
        if left.is_empty() {
            return match self.failure.take() {
                Some(failure) => Err(failure),
                None => self.rest.read(buffer),
            };
        }
        let count = left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&left[..count]);
        self.at += count;
        Ok(count)
    }
}
