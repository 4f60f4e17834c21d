use crate::begun::Begun;
use crate::source::Bytes;
use encoding_rs::{DecoderResult, Encoding, UTF_8};
use std::io::{self, ErrorKind, Read};

/// How many bytes are decoded at a time.
const CHUNK: usize = 64 << 10;

/// The text behind its byte order mark, in UTF-8 if the mark says what it is; whether it had one.
pub(crate) fn unmarked(begun: Begun<Bytes>) -> (Begun<Bytes>, bool) {
    let Some((encoding, length)) = Encoding::for_bom(&begun.beginning) else {
        return (begun, false);
    };
    let begun = begun.skip(length);
    if encoding == UTF_8 { (begun, true) } else { (Begun::of(decoded(begun, encoding)), true) }
}

/// The text of an XML document, in UTF-8 whatever encoding it declares. An error is a name that no
/// encoding has.
pub(crate) fn declared(begun: Begun<Bytes>) -> Result<Bytes, String> {
    let Some(label) = label(&begun.beginning) else { return Ok(Box::new(begun)) };
    match Encoding::for_label(label) {
        // A text that says so in single bytes is no UTF-16, whatever it says.
        Some(encoding) if encoding.output_encoding() != encoding => Ok(Box::new(begun)),
        Some(encoding) if encoding == UTF_8 => Ok(Box::new(begun)),
        Some(encoding) => Ok(decoded(begun, encoding)),
        None => Err(String::from_utf8_lossy(label).into_owned()),
    }
}

/// The encoding's name in the declaration `<?xml version="1.0" encoding="...">`.
fn label(beginning: &[u8]) -> Option<&[u8]> {
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
        passed: 0,
        failure: None,
        is_at_end: false,
    })
}

/// Reads text of another encoding as UTF-8.
struct Decoded<R> {
    bytes: R,
    decoder: encoding_rs::Decoder,
    input: Vec<u8>,
    unread: std::ops::Range<usize>,
    output: Vec<u8>,
    ready: std::ops::Range<usize>,
    passed: u64,
    /// What is told once that is read which stands before it.
    failure: Option<io::Error>,
    is_at_end: bool,
}

impl<R: Read> Decoded<R> {
    /// Decodes what was read; reads on where nothing is left.
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
        self.passed += read as u64;
        self.ready = 0..written;
        if let DecoderResult::Malformed(..) = result {
            let (name, at) = (self.decoder.encoding().name(), self.passed);
            let what = format!("it is no {name} up to byte {at}; save it as UTF-8");
            self.failure = Some(io::Error::new(ErrorKind::InvalidData, what));
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
