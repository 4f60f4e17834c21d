use crate::source::Bytes;
use flate2::read::MultiGzDecoder;
use std::io::{self, BufReader, ErrorKind, Read};

/// How a feed is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Gzip,
    Zstd,
}

/// How many bytes a zstd frame may look back on, as a power of two: as `zstd -d` allows. All of
/// them are held in memory.
const WINDOW_LOG: u32 = 27;

/// How what begins with `beginning` is compressed; `None`: it is not.
pub(crate) fn of(beginning: &[u8]) -> Option<Packing> {
    if beginning.starts_with(b"\x1f\x8b") {
        Some(Packing::Gzip)
    } else if beginning.starts_with(b"\x28\xb5\x2f\xfd") {
        Some(Packing::Zstd)
    } else {
        None
    }
}

impl Packing {
    /// What `packed` holds, unpacked as it is read. All members of it, as `cat a.gz b.gz` makes.
    pub(crate) fn unpack(self, packed: impl Read + Send + 'static) -> io::Result<Bytes> {
        Ok(match self {
            Self::Gzip => Box::new(Told(MultiGzDecoder::new(packed), "gzip")),
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(BufReader::new(packed))?;
                decoder.window_log_max(WINDOW_LOG)?;
                Box::new(Told(decoder, "zstd"))
            }
        })
    }
}

/// Says of damage that it is damage of compressed data.
struct Told<R>(R, &'static str);

impl<R: Read> Read for Told<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|cause| {
            let Self(_, packing) = self;
            let what = match cause.kind() {
                ErrorKind::UnexpectedEof => {
                    format!(
                        "its {packing} data ends in the middle; was the file written completely?"
                    )
                }
                ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::Other => {
                    format!("its {packing} data is damaged ({cause}); fetch the file again")
                }
                _ => return cause,
            };
            io::Error::new(ErrorKind::InvalidData, what)
        })
    }
}
