//! The bytes of a segment: mapped from its file, or held in memory. They begin at a multiple of eight, so
//! that numbers in them can be borrowed.
#![allow(unsafe_code, reason = "a memory map cannot be made without")]

use bytes::Bytes;
use memmap2::Mmap;
use std::fs::File;
use std::io;
use std::path::Path;

/// Bytes in words of eight; the number says how many of the bytes count.
struct Held(Vec<u64>, usize);

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.0)[..self.1]
    }
}

/// The bytes of the file.
pub(crate) fn map(path: &Path) -> io::Result<Bytes> {
    let file = File::open(path)?;
    // SAFETY: the map is only read. A base is written aside and renamed, so that no file which is
    // mapped is ever written to; somebody who shortens one by hand stops this process with a signal.
    // Texts that are lent were found to be UTF-8 once, and rely on this, too.
    unsafe { Mmap::map(&file) }.map(Bytes::from_owner)
}

/// A copy of `bytes`.
pub(crate) fn hold(bytes: &[u8]) -> Bytes {
    let mut words = vec![0_u64; bytes.len().div_ceil(8)];
    bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
    Bytes::from_owner(Held(words, bytes.len()))
}
