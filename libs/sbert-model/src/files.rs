//! Reads the files of a folder.

use crate::FolderError;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io;
use std::path::Path;

/// The maximum size of settings and tokenizer files, which bounds the memory.
const MAX_TEXT_SIZE: u64 = 1 << 28;

/// Opens a file and returns its size. Pipes and devices, which could block or never end, are rejected.
fn open(path: &Path) -> io::Result<(File, u64)> {
    let kind = std::fs::metadata(path)?;
    if !kind.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok((File::open(path)?, kind.len()))
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> FolderError {
    move |source| FolderError::Unreadable { path: path.to_owned(), source }
}

/// Maps the file.
pub(crate) fn map(path: &Path) -> Result<Bytes, FolderError> {
    let (file, _) = open(path).map_err(unreadable(path))?;
    mapped_bytes::map(&file).map_err(unreadable(path))
}

/// Reads the file's text.
pub(crate) fn text(path: &Path) -> Result<String, FolderError> {
    let (file, size) = open(path).map_err(unreadable(path))?;
    if size > MAX_TEXT_SIZE {
        return Err(FolderError::malformed(path, format!("it is too large: {size} bytes")));
    }
    io::read_to_string(file).map_err(unreadable(path))
}

/// Reads the file's JSON.
pub(crate) fn json<T: DeserializeOwned>(path: &Path) -> Result<T, FolderError> {
    serde_json::from_str(&text(path)?)
        .map_err(|error| FolderError::malformed(path, error.to_string()))
}

/// Reads the file's JSON, or returns the default if the file does not exist.
pub(crate) fn json_if_any<T: DeserializeOwned + Default>(path: &Path) -> Result<T, FolderError> {
    if path.exists() { json(path) } else { Ok(T::default()) }
}
