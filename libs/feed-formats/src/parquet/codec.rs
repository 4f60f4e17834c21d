use flate2::read::MultiGzDecoder;
use parquet::basic::Compression;
use parquet::errors::{ParquetError, Result};
use std::io::{Cursor, Read};

/// The beginning of an LZ4 frame.
const LZ4_FRAME: &[u8] = b"\x04\x22\x4d\x18";

/// The compression of the pages of a column chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Uncompressed,
    Snappy,
    Gzip,
    Zstd,
    /// Blocks.
    Lz4Raw,
    /// Blocks as Hadoop frames them, LZ4 frames, or blocks: the format does not tell.
    Lz4,
}

impl Codec {
    pub(super) fn new(compression: Compression) -> Result<Self> {
        Ok(match compression {
            Compression::UNCOMPRESSED => Self::Uncompressed,
            Compression::SNAPPY => Self::Snappy,
            Compression::GZIP(_) => Self::Gzip,
            Compression::ZSTD(_) => Self::Zstd,
            Compression::LZ4_RAW => Self::Lz4Raw,
            Compression::LZ4 => Self::Lz4,
            other => {
                let message = format!("its pages are compressed by {other}: write it with zstd");
                return Err(ParquetError::NYI(message));
            }
        })
    }

    /// Returns the most bytes that can come of `packed` bytes.
    pub(super) fn max_unpacked(self, packed: usize) -> usize {
        let ratio = match self {
            Self::Uncompressed => return packed,
            // A copy of 64 bytes takes 3.
            Self::Snappy => 22,
            // Each byte of a length adds 255.
            Self::Lz4 | Self::Lz4Raw => 255,
            // A copy of 258 bytes takes 2 bits.
            Self::Gzip => 1_032,
            // A block of 128 KiB takes 4 bytes.
            Self::Zstd => 32 << 10,
        };
        packed.saturating_mul(ratio).saturating_add(64)
    }

    /// Decompresses a page, whose first `prefix` bytes are not compressed, to `unpacked` bytes.
    pub(super) fn unpack(self, page: &[u8], prefix: usize, unpacked: usize) -> Result<Vec<u8>> {
        let damaged = || ParquetError::General("a page is damaged".to_owned());
        let (plain, packed) = page.split_at_checked(prefix).ok_or_else(damaged)?;
        let wanted = unpacked.checked_sub(prefix).ok_or_else(damaged)?;
        let mut output = reserve(unpacked)?;
        output.extend_from_slice(plain);
        // A page of nulls has no bytes at all.
        if wanted > 0 {
            self.append(packed, wanted, &mut output).ok_or_else(damaged)?;
        }
        if output.len() == unpacked { Ok(output) } else { Err(damaged()) }
    }

    /// Decompresses to `wanted` bytes behind those in `output`. Few more are written if there are more.
    fn append(self, packed: &[u8], wanted: usize, output: &mut Vec<u8>) -> Option<()> {
        let start = output.len();
        match self {
            Self::Uncompressed => output.extend_from_slice(packed.get(..wanted)?),
            Self::Gzip => append_all(MultiGzDecoder::new(packed), wanted, output)?,
            Self::Zstd => {
                let mut decoder = zstd::bulk::Decompressor::new().ok()?;
                let mut cursor = Cursor::new(output);
                cursor.set_position(start as u64);
                decoder.decompress_to_buffer(packed, &mut cursor).ok()?;
            }
            Self::Snappy => {
                output.resize(start + wanted, 0);
                let mut decoder = snap::raw::Decoder::new();
                let count = decoder.decompress(packed, &mut output[start..]).ok()?;
                output.truncate(start + count);
            }
            Self::Lz4Raw => append_blocks(packed, wanted, output)?,
            Self::Lz4 => {
                output.resize(start + wanted, 0);
                if unpack_hadoop(packed, &mut output[start..]).is_none() {
                    output.truncate(start);
                    if packed.starts_with(LZ4_FRAME) {
                        append_all(lz4_flex::frame::FrameDecoder::new(packed), wanted, output)?;
                    } else {
                        append_blocks(packed, wanted, output)?;
                    }
                }
            }
        }
        Some(())
    }
}

/// Creates an empty buffer. Memory that is not there is an error.
pub(super) fn reserve(bytes: usize) -> Result<Vec<u8>> {
    let mut buffer = Vec::new();
    buffer
        .try_reserve_exact(bytes)
        .map_err(|_| ParquetError::General(format!("there is no memory for {bytes} bytes")))?;
    Ok(buffer)
}

fn append_all(bytes: impl Read, wanted: usize, output: &mut Vec<u8>) -> Option<()> {
    // One more, so that too many are noticed.
    bytes.take(wanted as u64 + 1).read_to_end(output).ok().map(drop)
}

fn append_blocks(packed: &[u8], wanted: usize, output: &mut Vec<u8>) -> Option<()> {
    let start = output.len();
    output.resize(start + wanted, 0);
    let count = lz4_flex::block::decompress_into(packed, &mut output[start..]).ok()?;
    output.truncate(start + count);
    Some(())
}

/// Decompresses blocks, each behind the number of its bytes before and after compression.
fn unpack_hadoop(mut packed: &[u8], mut output: &mut [u8]) -> Option<()> {
    while !packed.is_empty() {
        let (sizes, rest) = packed.split_first_chunk::<8>()?;
        let [unpacked, length] = [&sizes[..4], &sizes[4..]]
            .map(|size| size.iter().fold(0, |size, &byte| size << 8 | usize::from(byte)));
        let (block, rest) = rest.split_at_checked(length)?;
        let (into, left) = output.split_at_mut_checked(unpacked)?;
        if lz4_flex::block::decompress_into(block, into).ok()? != unpacked {
            return None;
        }
        (packed, output) = (rest, left);
    }
    output.is_empty().then_some(())
}
