//! Texts that may be in Windows-1252, the encoding of older programs in the west.

use super::decoded;
use crate::peeked::Bytes;
use encoding_rs::WINDOWS_1252;
use std::io::{self, Cursor, ErrorKind, Read};

/// The number of bytes from the first one that is not ASCII on, by which the encoding is told.
const SAMPLE: usize = 64 << 10;

/// The number of bytes before it that tell how many letters stand there.
const CONTEXT: usize = 16;

/// Text in UTF-8, decoded from Windows-1252 if that is what it is in. Both write ASCII alike, so that the first
/// other characters decide.
pub(super) struct LegacyText {
    bytes: Option<Bytes>,
    /// The rest, once the encoding is known.
    decided: Option<Bytes>,
    /// Bytes of ASCII that have been read.
    ready: Vec<u8>,
    position: usize,
}

impl LegacyText {
    pub(super) fn new(bytes: Bytes) -> Self {
        Self { bytes: Some(bytes), decided: None, ready: Vec::new(), position: 0 }
    }

    /// Reads more bytes, and decides if they are not ASCII.
    fn read_more(&mut self) -> io::Result<()> {
        let Some(bytes) = &mut self.bytes else { return Ok(()) };
        self.ready.resize(SAMPLE, 0);
        self.position = 0;
        let count = match bytes.read(&mut self.ready) {
            Ok(count) => count,
            Err(cause) => {
                self.ready.clear();
                return Err(cause);
            }
        };
        self.ready.truncate(count);
        if count == 0 {
            self.bytes = None;
        } else if let Some(first) = self.ready.iter().position(|byte| !byte.is_ascii()) {
            let rest = self.ready.split_off(first);
            let before = &self.ready[first.saturating_sub(CONTEXT)..];
            let letters = before.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
            self.decided = self.bytes.take().map(|bytes| decide(rest, letters, bytes));
        }
        Ok(())
    }
}

impl Read for LegacyText {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position == self.ready.len() && self.decided.is_none() {
            self.read_more()?;
        }
        let ready = &self.ready[self.position..];
        if ready.is_empty() {
            return self.decided.as_mut().map_or(Ok(0), |decided| decided.read(buffer));
        }
        let count = ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ready[..count]);
        self.position += count;
        Ok(count)
    }
}

/// Returns a text whose first bytes have been read, behind so many letters, in UTF-8.
fn decide(mut sample: Vec<u8>, letters: usize, mut bytes: Bytes) -> Bytes {
    let mut failure = None;
    while sample.len() < SAMPLE && failure.is_none() {
        let start = sample.len();
        sample.resize(SAMPLE, 0);
        let count = match bytes.read(&mut sample[start..]) {
            Ok(count) => count,
            Err(cause) if cause.kind() == ErrorKind::Interrupted => {
                sample.truncate(start);
                continue;
            }
            Err(cause) => {
                failure = Some(cause);
                0
            }
        };
        sample.truncate(start + count);
        if count == 0 {
            break;
        }
    }
    let is_legacy = is_windows_1252(&sample, letters);
    let whole = Cursor::new(sample).chain(Failing(failure)).chain(bytes);
    if is_legacy { decoded(whole, WINDOWS_1252) } else { Box::new(whole) }
}

/// The error that ended a sample, if one did.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Returns whether a text is more likely in Windows-1252 than damaged UTF-8 or of another encoding. In it
/// letters with marks stand among others, and some bytes are no characters or hardly ever used.
fn is_windows_1252(sample: &[u8], letters_before: usize) -> bool {
    const UNUSED: [u8; 13] =
        [0x81, 0x83, 0x86, 0x87, 0x88, 0x89, 0x8b, 0x8d, 0x8f, 0x90, 0x98, 0x9b, 0x9d];
    let (mut valid, mut invalid) = (0, 0);
    for chunk in sample.utf8_chunks() {
        valid += chunk.valid().chars().filter(|character| !character.is_ascii()).count();
        invalid += usize::from(!chunk.invalid().is_empty());
    }
    let others = sample.iter().filter(|byte| !byte.is_ascii()).count();
    let letters = sample.iter().filter(|byte| byte.is_ascii_alphabetic()).count() + letters_before;
    invalid > valid && others <= letters && !sample.iter().any(|byte| UNUSED.contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &'static [u8]) -> Vec<u8> {
        let mut text = Vec::new();
        LegacyText::new(Box::new(bytes)).read_to_end(&mut text).unwrap();
        text
    }

    #[test]
    fn windows_1252_is_told_from_utf_8_and_from_other_encodings() {
        assert_eq!(read(b"T\xfcrgriff 5 \x80"), "Türgriff 5 €".as_bytes());
        for text in [
            "Türgriff".as_bytes(),
            b"",
            b"Lamp",
            // Damaged UTF-8, Russian in Windows-1251, Japanese in Shift JIS.
            b"T\xc3\xbcr\xc3\xbcr caf\xe9",
            b"\xcb\xe0\xec\xef\xe0 \xed\xe0\xf1\xf2\xee\xeb\xfc\xed\xe0\xff",
            b"\x83\x89\x83\x93\x83v lamp",
        ] {
            assert_eq!(read(text), text, "{text:?}");
        }
    }

    #[test]
    fn an_error_is_returned_behind_the_text_before_it() {
        let broken = Failing(Some(io::Error::other("the cable was pulled")));
        let mut text = Vec::new();
        let bytes = Cursor::new(b"caf\xe9").chain(broken);
        let error = LegacyText::new(Box::new(bytes)).read_to_end(&mut text).unwrap_err();
        assert_eq!((error.to_string(), text), ("the cable was pulled".into(), "café".into()));
    }
}
