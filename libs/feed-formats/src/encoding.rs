use crate::peeked::{Bytes, Peeked};
use encoding_rs::{DecoderResult, Encoding, UTF_8};
use std::io::{self, ErrorKind, Read};

/// The number of bytes that are decoded at a time.
const CHUNK: usize = 64 << 10;

/// Removes the byte order mark, and decodes the text to UTF-8 by it. Also returns whether there was a
/// mark.
pub(crate) fn decode_by_mark(text: Peeked<Bytes>) -> (Peeked<Bytes>, bool) {
    let Some((encoding, length)) = Encoding::for_bom(&text.beginning) else {
        return (text, false);
    };
    let text = text.skip(length);
    if encoding == UTF_8 { (text, true) } else { (Peeked::new(decoded(text, encoding)), true) }
}

/// Decodes an XML document to UTF-8 by the encoding that it declares. The error is the unknown name
/// of an encoding.
pub(crate) fn decode_by_declaration(document: Peeked<Bytes>) -> Result<Bytes, String> {
    let Some(label) = declared_label(&document.beginning) else { return Ok(Box::new(document)) };
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
