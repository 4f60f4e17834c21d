use crate::compression::Compression;
use crate::encoding::{self, TextEncoding};
use crate::error::Error;
use crate::foreign::{self, Foreign};
use crate::format::Format;
use crate::peeked::{Bytes, Peeked};
use crate::unpack::UnpackLimits;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, Write};

/// The bytes to read.
pub struct Input(Source);

enum Source {
    /// A file that can be read at any position, which Parquet needs.
    File(File),
    Stream(Bytes),
}

/// The decompressed content of an input. Texts are UTF-8 without a byte order mark, unless damaged.
pub(crate) enum Content {
    Csv(Bytes),
    JsonLines(Bytes),
    Xml(Bytes),
    Parquet(File),
}

/// The number of bytes that are copied at a time.
const CHUNK: usize = 64 << 10;

impl Input {
    /// Reads a stream. Parquet from a stream is copied to a temporary file.
    pub fn stream(bytes: impl Read + Send + 'static) -> Self {
        Self(Source::Stream(Box::new(bytes)))
    }

    /// Reads a regular file from its beginning.
    pub fn file(file: File) -> Self {
        Self(Source::File(file))
    }

    /// Returns the number of bytes to read, as [`Batch::bytes_read`](crate::Batch::bytes_read) counts
    /// them, if it is known: that of a file that is not compressed.
    pub fn length(&mut self) -> io::Result<Option<u64>> {
        let Source::File(file) = &mut self.0 else { return Ok(None) };
        let is_compressed = Compression::detect(&Peeked::new(&*file).beginning).is_some();
        file.rewind()?;
        Ok(if is_compressed { None } else { Some(file.metadata()?.len()) })
    }

    /// Decompresses and decodes the bytes, and detects their format unless it is given.
    pub(crate) fn unpack(
        self,
        format: Option<Format>,
        encoding: Option<TextEncoding>,
        limits: UnpackLimits,
    ) -> Result<Content, Error> {
        let unread = |cause| Error::read(0, cause);
        let (bytes, file): (Bytes, _) = match self.0 {
            Source::Stream(bytes) => (bytes, None),
            Source::File(file) => (Box::new(file.try_clone().map_err(unread)?), Some(file)),
        };
        let packed = Peeked::new(bytes);
        let (content, file) = match Compression::detect(&packed.beginning) {
            None => (packed, file),
            Some(compression) => {
                (Peeked::new(compression.decompress(packed, limits).map_err(unread)?), None)
            }
        };
        if format.unwrap_or(Format::detect(&content.beginning)) == Format::Parquet {
            return seekable(content, file).map(Content::Parquet);
        }
        decode(content, format, encoding)
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::File(_) => "Input(file)",
            Source::Stream(_) => "Input(stream)",
        })
    }
}

/// Returns the file, or a temporary one with the bytes.
fn seekable(mut bytes: Peeked<Bytes>, file: Option<File>) -> Result<File, Error> {
    if let Some(file) = file {
        return Ok(file);
    }
    let mut file = tempfile::tempfile().map_err(Error::Spool)?;
    let (mut buffer, mut at) = (vec![0; CHUNK], 0);
    loop {
        let count = match bytes.read(&mut buffer) {
            Ok(0) => return Ok(file),
            Ok(count) => count,
            Err(cause) if cause.kind() == ErrorKind::Interrupted => continue,
            Err(cause) => return Err(Error::read(at, cause)),
        };
        file.write_all(&buffer[..count]).map_err(Error::Spool)?;
        at += count as u64;
    }
}

fn decode(
    bytes: Peeked<Bytes>,
    format: Option<Format>,
    encoding: Option<TextEncoding>,
) -> Result<Content, Error> {
    let is_given = format.is_some() || encoding.is_some();
    if let Some(Foreign { what, remedy }) = foreign::recognize(&bytes.beginning, is_given) {
        return Err(Error::Unsupported { what, remedy });
    }
    let (text, is_decoded) = match encoding {
        Some(encoding) => (encoding::decode_as(bytes, encoding), true),
        None => encoding::decode_by_mark(bytes),
    };
    let format = format.unwrap_or_else(|| detect(&text.beginning));
    let is_declared = format == Format::Xml && !text.beginning.contains(&0);
    let text = if is_decoded || is_declared { text } else { encoding::decode_by_content(text) };
    Ok(match format {
        Format::JsonLines => Content::JsonLines(Box::new(text)),
        Format::Xml if is_declared && !is_decoded => {
            Content::Xml(encoding::decode_by_declaration(text).map_err(Error::Encoding)?)
        }
        Format::Xml => Content::Xml(Box::new(text)),
        Format::Csv | Format::Parquet => Content::Csv(Box::new(text)),
    })
}

/// Detects the format of a text, which may be in UTF-16.
fn detect(beginning: &[u8]) -> Format {
    let letters: Vec<_> = beginning.iter().copied().filter(|&byte| byte != 0).collect();
    Format::detect(&letters)
}
