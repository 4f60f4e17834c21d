use crate::error::FeedError;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Where a feed's bytes come from.
pub(crate) struct Source {
    /// Its name in messages.
    pub(crate) name: String,
    /// How many bytes it has, where that is known.
    pub(crate) total: Option<u64>,
    pub(crate) bytes: Box<dyn Read + Send>,
}

/// How files begin that are no UTF-8 text, what they are, and what to do with them.
const FOREIGN: &[(&[u8], &str, &str)] = &[
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
    (b"\x1f\x8b", "compressed by gzip", "unpack it first (gunzip)"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "unpack it first (zstd -d)"),
    (b"PK\x03\x04", "a zip archive or a spreadsheet", "unpack it, or save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet", "save it as CSV"),
    (b"PAR1", "a Parquet file", "export it as CSV"),
];

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Source {
    /// The file at `path`, or the standard input for `-`.
    pub(crate) fn open(path: &Path) -> Result<Self, FeedError> {
        if path.as_os_str() == "-" {
            let name = "standard input".to_owned();
            return Ok(Self { name, total: None, bytes: Box::new(io::stdin()) });
        }
        let name = path.display().to_string();
        let opened = File::open(path).and_then(|file| file.metadata().map(|about| (file, about)));
        let (file, about) =
            opened.map_err(|cause| FeedError::Open { name: name.clone(), cause })?;
        if about.is_dir() {
            return Err(FeedError::Folder(name));
        }
        // A pipe has a length of 0, which says nothing.
        let total = about.is_file().then_some(about.len());
        Ok(Self { name, total, bytes: Box::new(file) })
    }
}

/// How many bytes to skip where text begins with `beginning`: its byte order mark. An error names
/// what the file is if it is no UTF-8 text.
pub(crate) fn byte_order_mark(name: &str, beginning: &[u8]) -> Result<usize, FeedError> {
    if let Some(&(_, what, remedy)) = FOREIGN.iter().find(|(mark, ..)| beginning.starts_with(mark))
    {
        return Err(FeedError::NotText { name: name.to_owned(), what, remedy });
    }
    Ok(if beginning.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 })
}
