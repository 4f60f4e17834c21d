//! Read-only bytes from a memory-mapped file or from memory, aligned so that numbers can be borrowed from
//! them.
//!
//! Both kinds are [`Bytes`]: cheap to clone, and a slice keeps the whole mapping alive.
//!
//! ```
//! use std::fs::{self, File};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("numbers");
//! fs::write(&path, [1.0_f32.to_ne_bytes(), 2.0_f32.to_ne_bytes()].concat())?;
//! let mapped = mapped_bytes::map(&File::open(&path)?)?;
//! assert_eq!(bytemuck::cast_slice::<u8, f32>(&mapped), [1.0, 2.0]);
//! assert_eq!(mapped_bytes::copy(&mapped), mapped);
//! # Ok::<(), std::io::Error>(())
//! ```
#![allow(unsafe_code, reason = "memory maps cannot be created without it")]

use bytes::Bytes;
use memmap2::Mmap;
use std::fs::File;
use std::io;

/// The copied bytes in words of eight, and how many of the bytes count.
struct AlignedBytes {
    words: Vec<u64>,
    length: usize,
}

impl AsRef<[u8]> for AlignedBytes {
    fn as_ref(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.length]
    }
}

/// Maps `file` into memory, aligned to a page.
///
/// The file must not change while it is mapped: replace it by writing another file and renaming that.
/// Shortening it in place ends the process with SIGBUS; deleting it is safe.
pub fn map(file: &File) -> io::Result<Bytes> {
    // SAFETY: the map is only read, and callers replace files instead of writing to them.
    unsafe { Mmap::map(file) }.map(Bytes::from_owner)
}

/// Copies `bytes`, aligned to eight bytes.
pub fn copy(bytes: &[u8]) -> Bytes {
    let mut words = vec![0_u64; bytes.len().div_ceil(8)];
    bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
    Bytes::from_owner(AlignedBytes { words, length: bytes.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_any_length_has_the_same_bytes_and_is_aligned() {
        for length in 0..20 {
            let bytes: Vec<u8> = (0..length).collect();
            let copied = copy(&bytes);
            assert_eq!(copied, bytes);
            assert!(copied.as_ptr().addr().is_multiple_of(8));
        }
    }

    #[test]
    fn a_deleted_or_empty_file_stays_mapped() {
        let folder = tempfile::tempdir().expect("a folder");
        for content in [&b"content"[..], b""] {
            let path = folder.path().join("file");
            std::fs::write(&path, content).expect("written");
            let mapped = map(&File::open(&path).expect("opened")).expect("mapped");
            std::fs::remove_file(&path).expect("removed");
            assert_eq!(mapped, content);
        }
    }
}
