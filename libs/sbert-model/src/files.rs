//! Reads a folder's files.

use crate::FolderError;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io;
use std::path::Path;

/// No file of settings or of a tokenizer is larger; one that is would only take memory.
const LARGEST_TEXT: u64 = 1 << 28;

/// The file, opened, and its size. What would block or never end (a pipe, a device) is refused.
fn open(path: &Path) -> io::Result<(File, u64)> {
    let kind = std::fs::metadata(path)?;
    if !kind.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    Ok((File::open(path)?, kind.len()))
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> FolderError {
    move |source| FolderError::Unreadable { path: path.to_owned(), source }
}

/// The bytes of the file, mapped.
pub(crate) fn map(path: &Path) -> Result<Bytes, FolderError> {
    let (file, _) = open(path).map_err(unreadable(path))?;
    mapped_bytes::map(&file).map_err(unreadable(path))
}

/// The file's text.
pub(crate) fn text(path: &Path) -> Result<String, FolderError> {
    let (file, size) = open(path).map_err(unreadable(path))?;
    if size > LARGEST_TEXT {
        return Err(FolderError::malformed(path, format!("it has {size} bytes: too many")));
    }
    io::read_to_string(file).map_err(unreadable(path))
}

/// The file's JSON, as `T`.
pub(crate) fn json<T: DeserializeOwned>(path: &Path) -> Result<T, FolderError> {
    serde_json::from_str(&text(path)?)
        .map_err(|error| FolderError::malformed(path, error.to_string()))
}

/// The file's JSON, as `T`; the default where there is no file.
pub(crate) fn json_if_any<T: DeserializeOwned + Default>(path: &Path) -> Result<T, FolderError> {
    if path.exists() { json(path) } else { Ok(T::default()) }
}
