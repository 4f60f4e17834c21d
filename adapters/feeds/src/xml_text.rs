use crate::record::RECORD_LIMIT;
use crate::source::Bytes;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};

/// How many bytes are asked for at a time.
const CHUNK: usize = 256 << 10;

/// The bytes of an XML document, counted, and no more of them at a time than a part of it may
/// have: a parser holds a tag or a text as a whole.
pub(crate) struct XmlText {
    bytes: BufReader<Bytes>,
    line: u64,
    passed: u64,
    left: usize,
    failure: Option<io::Error>,
}

impl XmlText {
    pub(crate) fn new(bytes: Bytes) -> Self {
        let bytes = BufReader::with_capacity(CHUNK, bytes);
        Self { bytes, line: 1, passed: 0, left: RECORD_LIMIT, failure: None }
    }

    /// The next part begins: where its beginning stands.
    pub(crate) fn begin(&mut self) -> u64 {
        self.left = RECORD_LIMIT;
        self.line
    }

    /// Whether the present part has as many bytes as a part may have.
    pub(crate) fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// How many bytes were passed.
    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }

    /// Why the bytes could not be read, if that is so.
    pub(crate) fn failure(&mut self) -> Option<io::Error> {
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
                // The parser knows only its kind later.
                let kind = cause.kind();
                self.failure = Some(cause);
                Err(io::Error::from(kind))
            }
        }
    }

    fn consume(&mut self, count: usize) {
        let gone = &self.bytes.buffer()[..count];
        self.line += memchr::memchr_iter(b'\n', gone).count() as u64;
        self.passed += count as u64;
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
