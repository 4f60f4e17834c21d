mod legacy;

use crate::peeked::{Bytes, Peeked};
use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use legacy::LegacyText;
use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::str::FromStr;

/// The encoding of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TextEncoding(&'static Encoding);

/// The text is not the name of an encoding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown encoding {0:?}: use a name such as utf-8, windows-1252 or big5")]
pub struct UnknownEncoding(String);

/// The number of bytes that are decoded at a time.
const CHUNK: usize = 64 << 10;

/// Parses a name of the WHATWG Encoding Standard, in any case.
impl FromStr for TextEncoding {
    type Err = UnknownEncoding;

    fn from_str(name: &str) -> Result<Self, UnknownEncoding> {
        let encoding = Encoding::for_label(name.as_bytes());
        encoding.map(Self).ok_or_else(|| UnknownEncoding(name.to_owned()))
    }
}

impl fmt::Display for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name().to_ascii_lowercase())
    }
}

impl fmt::Debug for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// Decodes a text to UTF-8 whose encoding is known; a byte order mark is removed.
pub(crate) fn decode_as(
    text: Peeked<Bytes>,
    TextEncoding(encoding): TextEncoding,
) -> Peeked<Bytes> {
    let mark = Encoding::for_bom(&text.beginning).filter(|(marked, _)| *marked == encoding);
    let text = text.skip(mark.map_or(0, |(_, length)| length));
    if encoding == UTF_8 { text } else { Peeked::new(decoded(text, encoding)) }
}

/// Returns the encoding of a text in UTF-16 that does not say so: every second byte of most of it is zero.
pub(crate) fn unmarked_utf_16(beginning: &[u8]) -> Option<TextEncoding> {
    let zeros =
        |parity| beginning.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let is_likely = even.min(odd) == 0 && even.max(odd) * 4 > beginning.len();
    is_likely.then_some(TextEncoding(if even > odd { UTF_16BE } else { UTF_16LE }))
}

/// Decodes a text to UTF-8 that says nothing of its encoding.
pub(crate) fn decode_by_content(text: Peeked<Bytes>) -> Peeked<Bytes> {
    match unmarked_utf_16(&text.beginning) {
        Some(encoding) => decode_as(text, encoding),
        None => Peeked::new(Box::new(LegacyText::new(Box::new(text)))),
    }
}

/// Removes the byte order mark, and decodes the text to UTF-8 by it. Also returns whether there was a
/// mark.
pub(crate) fn decode_by_mark(text: Peeked<Bytes>) -> (Peeked<Bytes>, bool) {
    let Some((encoding, length)) = Encoding::for_bom(&text.beginning) else {
        return (text, false);
    };
    let text = text.skip(length);
    if encoding == UTF_8 { (text, true) } else { (Peeked::new(decoded(text, encoding)), true) }
}

/// Decodes an XML document to UTF-8 by the encoding that it declares, or by its content. The error is the
/// unknown name of an encoding.
pub(crate) fn decode_by_declaration(document: Peeked<Bytes>) -> Result<Bytes, String> {
    let Some(label) = declared_label(&document.beginning) else {
        return Ok(Box::new(decode_by_content(document)));
    };
    match Encoding::for_label(label) {
        // The declaration was read byte by byte, so the document is not in UTF-16.
        Some(encoding) if encoding.output_encoding() != encoding => Ok(Box::new(document)),
        Some(encoding) if encoding == UTF_8 => Ok(Box::new(document)),
        Some(encoding) => Ok(decoded(document, encoding)),
        None => Err(String::from_utf8_lossy(label).into_owned()),
    }
}

/// Finds the name of the encoding in the declaration `<?xml version="1.0" encoding="...">`.
fn declared_label(beginning: &[u8]) -> Option<&[u8]> {
    let start = beginning.trim_ascii_start().strip_prefix(b"<?xml")?;
    let declaration = &start[..memchr::memchr(b'>', start)?];
    let at = memchr::memmem::find(declaration, b"encoding")?;
    let value = declaration[at + b"encoding".len()..].trim_ascii_start();
    let value = value.strip_prefix(b"=")?.trim_ascii_start();
    let (&quote, value) = value.split_first()?;
    Some(&value[..memchr::memchr(quote, value)?])
}

fn decoded(bytes: impl Read + Send + 'static, encoding: &'static Encoding) -> Bytes {
    Box::new(Decoded {
        bytes,
        decoder: encoding.new_decoder_without_bom_handling(),
        input: vec![0; CHUNK],
        unread: 0..0,
        output: vec![0; 3 * CHUNK],
        ready: 0..0,
        bytes_read: 0,
        failure: None,
        is_at_end: false,
    })
}

/// Text of another encoding, as UTF-8.
struct Decoded<R> {
    bytes: R,
    decoder: encoding_rs::Decoder,
    input: Vec<u8>,
    unread: std::ops::Range<usize>,
    output: Vec<u8>,
    ready: std::ops::Range<usize>,
    bytes_read: u64,
    /// An error that is returned once the text before it has been read.
    failure: Option<io::Error>,
    is_at_end: bool,
}

impl<R: Read> Decoded<R> {
    /// Decodes the unread input, or reads more.
    fn decode(&mut self) -> io::Result<()> {
        if self.unread.is_empty() {
            let count = self.bytes.read(&mut self.input)?;
            (self.unread, self.is_at_end) = (0..count, count == 0);
        }
        let input = &self.input[self.unread.clone()];
        let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(
            input,
            &mut self.output,
            self.is_at_end,
        );
        self.unread.start += read;
        self.bytes_read += read as u64;
        self.ready = 0..written;
        if let DecoderResult::Malformed(..) = result {
            let (name, at) = (self.decoder.encoding().name(), self.bytes_read);
            let message = format!("not {name} at byte {at}; save the file as UTF-8");
            self.failure = Some(io::Error::new(ErrorKind::InvalidData, message));
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() && !self.is_at_end {
            match self.failure.take() {
                Some(failure) => return Err(failure),
                None => self.decode()?,
            }
        }
        let ready = &self.output[self.ready.clone()];
        let count = ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ready[..count]);
        self.ready.start += count;
        Ok(count)
    }
}
