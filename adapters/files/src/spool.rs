use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// A stream that can be read again: what has been read is kept in an unnamed temporary file.
#[derive(Clone)]
pub(crate) struct Spool(Arc<Mutex<State>>);

struct State {
    stream: Box<dyn Read + Send>,
    copy: Box<dyn Copy>,
    /// The number of bytes in the copy, of which all have been written completely.
    length: u64,
    /// Bytes of the stream that follow, and could not be written yet. They are given to no reader before
    /// that: another one would miss them.
    unwritten: Vec<u8>,
}

/// A file for the copy.
trait Copy: Read + Write + Seek + Send {}

impl<T: Read + Write + Seek + Send> Copy for T {}

/// A reader of a spool, from its beginning.
pub(crate) struct SpoolReader {
    spool: Spool,
    position: u64,
}

/// The copy cannot be written.
#[derive(Debug, thiserror::Error)]
#[error(
    "it cannot be kept in a temporary file in {}: {cause}; free space there, or set TMPDIR to \
     another folder",
    folder.display()
)]
struct Unkept {
    folder: PathBuf,
    cause: io::Error,
}

impl Unkept {
    fn error(cause: io::Error) -> io::Error {
        io::Error::new(cause.kind(), Self { folder: std::env::temp_dir(), cause })
    }
}

impl Spool {
    pub(crate) fn new(stream: Box<dyn Read + Send>) -> io::Result<Self> {
        Ok(Self::with_copy(stream, Box::new(tempfile::tempfile().map_err(Unkept::error)?)))
    }

    fn with_copy(stream: Box<dyn Read + Send>, copy: Box<dyn Copy>) -> Self {
        Self(Arc::new(Mutex::new(State { stream, copy, length: 0, unwritten: Vec::new() })))
    }

    pub(crate) fn reader(&self) -> SpoolReader {
        SpoolReader { spool: self.clone(), position: 0 }
    }
}

impl State {
    /// Reads from the copy, and after its end from the stream.
    fn read_at(&mut self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if position < self.length {
            self.copy.seek(SeekFrom::Start(position))?;
            // Beyond the length may be a part of what could not be written.
            return (&mut self.copy).take(self.length - position).read(buffer);
        }
        if self.unwritten.is_empty() {
            let read = self.stream.read(buffer)?;
            self.unwritten.extend_from_slice(&buffer[..read]);
        }
        let read = self.unwritten.len().min(buffer.len());
        buffer[..read].copy_from_slice(&self.unwritten[..read]);
        self.keep().map_err(Unkept::error)?;
        Ok(read)
    }

    /// Writes the bytes that have not been written.
    fn keep(&mut self) -> io::Result<()> {
        self.copy.seek(SeekFrom::Start(self.length))?;
        self.copy.write_all(&self.unwritten)?;
        self.length += self.unwritten.len() as u64;
        self.unwritten.clear();
        Ok(())
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

    /// A disk with space for some bytes, of which more may become free.
    #[derive(Clone)]
    struct Disk {
        file: Arc<Mutex<io::Cursor<Vec<u8>>>>,
        space: Arc<Mutex<u64>>,
    }

    impl Disk {
        fn with_space(space: u64) -> Self {
            Self { file: Arc::default(), space: Arc::new(Mutex::new(space)) }
        }

        fn free(&self, bytes: u64) {
            *self.space.lock().unwrap() += bytes;
        }
    }

    impl Read for Disk {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.file.lock().unwrap().read(buffer)
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut file = self.file.lock().unwrap();
            let left = self.space.lock().unwrap().saturating_sub(file.position());
            match bytes.len().min(usize::try_from(left).unwrap()) {
                0 => Err(io::ErrorKind::StorageFull.into()),
                // A disk often takes a part of what it is given.
                count => file.write(&bytes[..count]),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Disk {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.file.lock().unwrap().seek(to)
        }
    }

    #[test]
    fn a_full_disk_loses_no_byte_and_joins_no_rows() {
        let rows: Vec<_> = (0..1_000).map(|number| format!("row {number:05}\n")).collect();
        let text = rows.concat();
        for space in [0, 1, 7, 500, 4_097] {
            let disk = Disk::with_space(space);
            let stream = Box::new(io::Cursor::new(text.clone()));
            let spool = Spool::with_copy(stream, Box::new(disk.clone()));
            let (mut one, mut other) = (spool.reader(), spool.reader());
            let mut read = Vec::new();
            let (mut buffer, mut failures) = ([0; 90], 0);
            loop {
                match one.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(count) => read.extend_from_slice(&buffer[..count]),
                    Err(error) => {
                        let message = error.to_string();
                        assert!(message.contains("set TMPDIR to another folder"), "{message}");
                        assert!(text.as_bytes().starts_with(&read), "what was read is whole");
                        failures += 1;
                        disk.free(100);
                    }
                }
            }
            assert!(failures > 10 && read == text.as_bytes(), "{failures} failures");
            let mut again = Vec::new();
            other.read_to_end(&mut again).unwrap();
            assert!(again == text.as_bytes(), "with space for {space}");
        }
    }

    #[test]
    fn another_reader_gets_what_could_not_be_written_for_the_first() {
        let disk = Disk::with_space(2);
        let spool = Spool::with_copy(Box::new(io::Cursor::new(b"abcdef")), Box::new(disk.clone()));
        let (mut one, mut other) = (spool.reader(), spool.reader());
        assert!(one.read(&mut [0; 4]).is_err());
        disk.free(100);
        let mut bytes = [0; 3];
        assert_eq!((other.read(&mut bytes).unwrap(), &bytes), (3, b"abc"));
        let mut rest = String::new();
        one.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "abcdef");
    }
}
