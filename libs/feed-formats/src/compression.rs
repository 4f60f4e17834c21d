use crate::peeked::Bytes;
use crate::unpack::{CountedReader, LimitedReader, UnpackLimits};
use flate2::read::MultiGzDecoder;
use std::io::{self, BufReader, ErrorKind, Read};

/// A compression format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Zstd,
}

/// The largest window of a zstd frame, as a power of two: the default of `zstd -d`. It is held in
/// memory.
const WINDOW_LOG: u32 = 27;

impl Compression {
    /// Detects the compression of data by its beginning.
    pub(crate) fn detect(beginning: &[u8]) -> Option<Self> {
        if beginning.starts_with(b"\x1f\x8b") {
            Some(Self::Gzip)
        } else if beginning.starts_with(b"\x28\xb5\x2f\xfd") {
            Some(Self::Zstd)
        } else {
            None
        }
    }

    /// Decompresses a stream, all members of it, as `cat a.gz b.gz` makes.
    pub(crate) fn decompress(
        self,
        packed: impl Read + Send + 'static,
        limits: UnpackLimits,
    ) -> io::Result<Bytes> {
        let (packed, count) = CountedReader::new(packed);
        Ok(match self {
            Self::Gzip => {
                let decoder = Decompressed(MultiGzDecoder::new(packed), "gzip");
                Box::new(LimitedReader::new(decoder, count, limits))
            }
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(BufReader::new(packed))?;
                decoder.window_log_max(WINDOW_LOG)?;
                Box::new(LimitedReader::new(Decompressed(decoder, "zstd"), count, limits))
            }
        })
    }
}

/// A decoder, and the name of its format for the errors.
struct Decompressed<R>(R, &'static str);

impl<R: Read> Read for Decompressed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|cause| {
            let Self(_, format) = self;
            let message = match cause.kind() {
                ErrorKind::UnexpectedEof => {
                    format!("the {format} data is cut off; was the file written completely?")
                }
                ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::Other => {
                    format!("the {format} data is damaged ({cause}); fetch the file again")
                }
                _ => return cause,
            };
            io::Error::new(ErrorKind::InvalidData, message)
        })
    }
}
