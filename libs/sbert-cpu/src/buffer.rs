//! The bytes of a packed model: mapped from its file, or held in memory.
#![allow(unsafe_code, reason = "a memory map cannot be made without")]

use memmap2::Mmap;
use std::fs::File;
use std::io;
use std::path::Path;

/// Bytes that begin at a multiple of eight, so that numbers in them can be borrowed.
#[derive(Debug)]
pub(crate) enum Buffer {
    /// Of a file.
    Mapped(Mmap),
    /// Of this process; the number says how many of the bytes count.
    Held(Vec<u64>, usize),
}

impl Buffer {
    /// The bytes of the file.
    pub(crate) fn map(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: the map is only read. Packed models are written aside and renamed, so that no
        // file which is mapped is ever written to; somebody who shortens one by hand stops this
        // process with a signal.
        unsafe { Mmap::map(&file) }.map(Self::Mapped)
    }

    /// A copy of `bytes`.
    pub(crate) fn hold(bytes: &[u8]) -> Self {
        let mut words = vec![0_u64; bytes.len().div_ceil(8)];
        bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
        Self::Held(words, bytes.len())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Held(words, length) => &bytemuck::cast_slice(words)[..*length],
        }
    }
}
