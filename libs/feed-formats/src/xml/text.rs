use crate::limits;
use crate::peeked::Bytes;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};

/// The number of bytes that are read at a time.
const CHUNK: usize = 256 << 10;

/// The bytes of an XML document, counted. A part (a tag or a text), which the parser holds in memory,
/// is limited in length.
pub(super) struct XmlText {
    bytes: BufReader<Bytes>,
    line: u64,
    bytes_read: u64,
    left: usize,
    failure: Option<io::Error>,
}

impl XmlText {
    pub(super) fn new(bytes: Bytes) -> Self {
        let bytes = BufReader::with_capacity(CHUNK, bytes);
        Self { bytes, line: 1, bytes_read: 0, left: limits::RECORD, failure: None }
    }

    /// Begins the next part; returns its line.
    pub(super) fn begin_part(&mut self) -> u64 {
        self.left = limits::RECORD;
        self.line
    }

    /// Returns whether the current part has reached the limit.
    pub(super) fn is_exhausted(&self) -> bool {
        self.left == 0
    }

    /// Returns the number of bytes read.
    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// Takes the error by which reading failed, if it did.
    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }
}

impl BufRead for XmlText {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::Error::from(ErrorKind::FileTooLarge));
        }
        match self.bytes.fill_buf() {
            Ok(bytes) => Ok(&bytes[..bytes.len().min(self.left)]),
            Err(cause) if cause.kind() == ErrorKind::Interrupted => Err(cause),
            Err(cause) => {
                // The parser passes on only the kind.
                let kind = cause.kind();
                self.failure = Some(cause);
                Err(io::Error::from(kind))
            }
        }
    }

    fn consume(&mut self, count: usize) {
        let consumed = &self.bytes.buffer()[..count];
        self.line += memchr::memchr_iter(b'\n', consumed).count() as u64;
        self.bytes_read += count as u64;
        self.left -= count;
        self.bytes.consume(count);
    }
}

impl Read for XmlText {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        self.consume(count);
        Ok(count)
    }
}
