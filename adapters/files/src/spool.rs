use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// A stream that can be read again: what has been read is kept in an unnamed temporary file.
#[derive(Clone)]
pub(crate) struct Spool(Arc<Mutex<State>>);

struct State {
    stream: Box<dyn Read + Send>,
    copy: File,
    /// The number of bytes in the copy.
    length: u64,
}

/// A reader of a spool, from its beginning.
pub(crate) struct SpoolReader {
    spool: Spool,
    position: u64,
}

impl Spool {
    pub(crate) fn new(stream: Box<dyn Read + Send>) -> io::Result<Self> {
        let copy = tempfile::tempfile()?;
        Ok(Self(Arc::new(Mutex::new(State { stream, copy, length: 0 }))))
    }

    pub(crate) fn reader(&self) -> SpoolReader {
        SpoolReader { spool: self.clone(), position: 0 }
    }
}

impl State {
    /// Reads from the copy, and after its end from the stream.
    fn read_at(&mut self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.copy.seek(SeekFrom::Start(position))?;
        if position < self.length {
            return self.copy.read(buffer);
        }
        let read = self.stream.read(buffer)?;
        self.copy.write_all(&buffer[..read])?;
        self.length += read as u64;
        Ok(read)
    }
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.spool.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = state.read_at(self.position, buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_again_from_its_beginning_however_far_it_was_read() {
        let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        for first in [0, 1, 70_000, text.len()] {
            let spool = Spool::new(Box::new(io::Cursor::new(text.clone()))).unwrap();
            let mut beginning = vec![0; first];
            spool.reader().read_exact(&mut beginning).unwrap();
            assert_eq!(beginning, text[..first]);
            for _ in 0..2 {
                let mut again = Vec::new();
                spool.reader().read_to_end(&mut again).unwrap();
                assert_eq!(again, text);
            }
        }
    }

    #[test]
    fn two_readers_share_a_stream() {
        let spool = Spool::new(Box::new(io::Cursor::new(b"abcdef"))).unwrap();
        let (mut one, mut other) = (spool.reader(), spool.reader());
        let read = |reader: &mut SpoolReader, count: usize| {
            let mut bytes = vec![0; count];
            reader.read_exact(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(read(&mut one, 2), b"ab");
        assert_eq!(read(&mut other, 4), b"abcd");
        assert_eq!(read(&mut one, 4), b"cdef");
        assert_eq!(read(&mut other, 2), b"ef");
    }

    #[test]
    fn a_failed_read_can_be_retried() {
        struct Broken(bool);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                if std::mem::take(&mut self.0) {
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                buffer[0] = b'x';
                Ok(1)
            }
        }
        let spool = Spool::new(Box::new(Broken(true))).unwrap();
        let mut reader = spool.reader();
        assert!(reader.read(&mut [0; 4]).is_err());
        assert_eq!(reader.read(&mut [0; 4]).unwrap(), 1);
    }
}
