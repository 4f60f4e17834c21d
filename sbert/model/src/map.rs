//! Maps a file into memory: the one place of this crate that needs `unsafe`.
#![allow(unsafe_code, reason = "a memory map cannot be made without")]

use crate::ModelError;
use memmap2::Mmap;
use std::fs::File;
use std::path::Path;

/// The bytes of the file, mapped.
pub(crate) fn map(path: &Path) -> Result<Mmap, ModelError> {
    let unreadable = |source| ModelError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    // SAFETY: the map is only read, as bytes. Somebody who shortens a model's file while it is
    // being read stops this process with a signal; nobody does that to a file of weights.
    unsafe { Mmap::map(&file) }.map_err(unreadable)
}
