use crate::limits;
use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The limits of what compressed data may become: a few kilobytes can hold terabytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnpackLimits {
    /// The maximum ratio of the bytes after and before decompression, beyond the first
    /// [`limits::FREELY_UNPACKED`] bytes.
    pub max_ratio: u64,
    /// The maximum number of bytes after decompression.
    pub max_bytes: u64,
}

/// A limit of [`UnpackLimits`] that an input exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnpackLimit {
    /// The ratio of the bytes after and before decompression.
    Ratio(u64),
    /// The number of bytes after decompression.
    Bytes(u64),
}

/// The input unpacks to more than a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unpacks to more than {0}")]
pub(crate) struct TooLarge(pub(crate) UnpackLimit);

/// The account of an input that is being unpacked.
#[derive(Debug)]
pub(crate) struct Unpacked {
    limits: UnpackLimits,
    bytes: u64,
}

/// A decompressed stream that ends with an error beyond its limits.
pub(crate) struct LimitedReader<R> {
    decoder: R,
    unpacked: Unpacked,
    packed: PackedBytes,
}

/// The number of bytes that a [`CountedReader`] has read.
#[derive(Clone, Debug, Default)]
pub(crate) struct PackedBytes(Arc<AtomicU64>);

/// A reader that counts its bytes.
pub(crate) struct CountedReader<R> {
    reader: R,
    bytes: PackedBytes,
}

impl Default for UnpackLimits {
    fn default() -> Self {
        Self { max_ratio: limits::UNPACKED_RATIO, max_bytes: limits::UNPACKED_BYTES }
    }
}

impl fmt::Display for UnpackLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(ratio) => write!(f, "{ratio} times its size"),
            Self::Bytes(bytes) => write!(f, "{bytes} bytes"),
        }
    }
}

impl TooLarge {
    /// Finds it in an error of a reader above a [`LimitedReader`].
    pub(crate) fn find(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref::<Self>().copied()
    }
}

impl Unpacked {
    pub(crate) fn new(limits: UnpackLimits) -> Self {
        Self { limits, bytes: 0 }
    }

    /// Adds bytes that have come, or are about to come, of the first `packed` bytes of the input.
    pub(crate) fn add(&mut self, bytes: u64, packed: u64) -> Result<(), TooLarge> {
        self.bytes = self.bytes.saturating_add(bytes);
        let UnpackLimits { max_ratio, max_bytes } = self.limits;
        if self.bytes > max_bytes {
            return Err(TooLarge(UnpackLimit::Bytes(max_bytes)));
        }
        if self.bytes > packed.saturating_mul(max_ratio).max(limits::FREELY_UNPACKED) {
            return Err(TooLarge(UnpackLimit::Ratio(max_ratio)));
        }
        Ok(())
    }
}

impl<R> LimitedReader<R> {
    /// Creates a reader of what `decoder` makes of the bytes that are counted in `packed`.
    pub(crate) fn new(decoder: R, packed: PackedBytes, limits: UnpackLimits) -> Self {
        Self { decoder, unpacked: Unpacked::new(limits), packed }
    }
}

impl<R: Read> Read for LimitedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(buffer)?;
        let packed = self.packed.0.load(Ordering::Relaxed);
        match self.unpacked.add(count as u64, packed) {
            Ok(()) => Ok(count),
            Err(too_large) => Err(io::Error::new(ErrorKind::InvalidData, too_large)),
        }
    }
}

impl<R> CountedReader<R> {
    /// Creates a reader, and the count of what it has read.
    pub(crate) fn new(reader: R) -> (Self, PackedBytes) {
        let bytes = PackedBytes::default();
        (Self { reader, bytes: bytes.clone() }, bytes)
    }
}

impl<R: Read> Read for CountedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.bytes.0.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
