//! Recognizes content that is of none of the formats, so that a message can name it.

use std::fmt::Write;

/// A format that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// Its name, as in "the file is NAME".
    pub(crate) what: String,
    /// What to do instead.
    pub(crate) remedy: &'static str,
}

const OTHER: &str = "expected CSV, JSON Lines, Google Merchant XML or Parquet";
const SHEET: &str = "save it as CSV";

/// The mark of bzip2, which a digit follows.
const BZIP2: &[u8] = b"BZh";

/// The beginnings of files, what they are, and what to do.
const SIGNATURES: &[(&[u8], &str, &str)] = &[
    (b"PK\x03\x04", "a zip archive or a spreadsheet", "unpack it, or save it as CSV"),
    (b"PK\x05\x06", "an empty zip archive", OTHER),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet", SHEET),
    (BZIP2, "compressed by bzip2", "decompress it first (bunzip2)"),
    (b"\xfd7zXZ", "compressed by xz", "decompress it first (unxz)"),
    (b"\x1f\x8b", "compressed twice", "decompress it once (gunzip)"),
    (b"\x28\xb5\x2f\xfd", "compressed twice", "decompress it once (unzstd)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it first"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture", OTHER),
    (b"\xff\xd8\xff", "a JPEG picture", OTHER),
    (b"GIF8", "a GIF picture", OTHER),
    (b"RIFF", "a WebP picture, a sound or a film", OTHER),
    (b"%PDF-", "a PDF document", OTHER),
    (b"%!PS", "a PostScript document", OTHER),
    (b"{\\rtf", "an RTF document", OTHER),
    (b"SQLite format 3\0", "an SQLite database", OTHER),
    (b"\x7fELF", "a program", OTHER),
    (b"Obj\x01", "an Avro file", OTHER),
    (b"ORC", "an ORC file", OTHER),
    (b"ARROW1\0", "an Arrow file", OTHER),
];

/// The position and the text of the mark of a tar archive.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// What to do when a server has answered with a page.
const PAGE: &str =
    "check where it comes from: a server may have answered with an error or a login page";

/// Recognizes a format that is not read by the beginning of its decompressed content. Content whose
/// format is `given` is only refused if it carries the mark of another one.
pub(crate) fn recognize(beginning: &[u8], given: bool) -> Option<Foreign> {
    let is_of =
        |(mark, ..): &&(&[u8], _, _)| beginning.starts_with(mark) && !is_column(mark, beginning);
    if let Some((_, what, remedy)) = SIGNATURES.iter().find(is_of) {
        return Some(Foreign { what: (*what).to_owned(), remedy });
    }
    if beginning.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1)) {
        return Some(Foreign { what: "a tar archive".to_owned(), remedy: "unpack it first" });
    }
    if is_html(beginning) {
        return Some(Foreign { what: "an HTML page".to_owned(), remedy: PAGE });
    }
    if given || encoding_rs::Encoding::for_bom(beginning).is_some() {
        return None;
    }
    if crate::encoding::unmarked_utf_16(beginning).is_some() {
        return None;
    }
    is_binary(beginning).then(|| Foreign {
        what: format!("binary data that begins with {}", hexadecimal(beginning)),
        remedy: OTHER,
    })
}

/// Returns whether a mark of letters alone begins a text, such as a column `ORCHID`.
fn is_column(mark: &[u8], beginning: &[u8]) -> bool {
    let is_bzip2 = mark == BZIP2 && beginning.get(mark.len()).is_some_and(u8::is_ascii_digit);
    mark.iter().all(u8::is_ascii_alphanumeric)
        && is_utf8(beginning)
        && controls(beginning) == 0
        && !is_bzip2
}

fn is_html(beginning: &[u8]) -> bool {
    let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning).trim_ascii_start();
    let is_tag = |tag: &[u8]| {
        let (start, rest) = text.split_at(tag.len().min(text.len()));
        start.eq_ignore_ascii_case(tag)
            && rest.first().is_none_or(|next| !next.is_ascii_alphanumeric())
    };
    is_tag(b"<!doctype html") || is_tag(b"<html")
}

/// Returns whether it is no text: not in UTF-8, and more than one in sixteen bytes is a control character.
fn is_binary(beginning: &[u8]) -> bool {
    !is_utf8(beginning) && controls(beginning) * 16 > beginning.len()
}

/// Returns whether it is in UTF-8, except that the last character may be cut off.
fn is_utf8(beginning: &[u8]) -> bool {
    std::str::from_utf8(beginning).map_or_else(|error| error.error_len().is_none(), |_| true)
}

fn controls(beginning: &[u8]) -> usize {
    let is_control = |byte: &&u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    beginning.iter().filter(is_control).count()
}

/// The number of bytes of a binary file that a message shows.
const SHOWN: usize = 8;

fn hexadecimal(beginning: &[u8]) -> String {
    let mut text = String::new();
    for (position, byte) in beginning.iter().take(SHOWN).enumerate() {
        let separator = if position == 0 { "" } else { " " };
        // A text takes everything.
        write!(text, "{separator}{byte:02x}").ok();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(beginning: &[u8]) -> Option<String> {
        recognize(beginning, false).map(|foreign| foreign.what)
    }

    #[test]
    fn files_of_other_formats_are_named() {
        let tar = [b"feed.csv".as_slice(), &[0; 249], b"ustar\0"].concat();
        for (beginning, expected) in [
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), "a PNG picture"),
            (b"PK\x03\x04\x14\0", "a zip archive or a spreadsheet"),
            (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
            (b"\n <!DOCTYPE html>\n<html>", "an HTML page"),
            (b"\xef\xbb\xbf<HTML lang=\"en\">", "an HTML page"),
            (b"\x1f\x8b\x08\0", "compressed twice"),
            (b"ORC\x0a\x03\0", "an ORC file"),
            (b"RIFF\x24\0\0\0WEBP", "a WebP picture, a sound or a film"),
            (&tar, "a tar archive"),
            (b"BZh91AY&SY\xe1\x8b", "compressed by bzip2"),
            (
                b"\x5a\x1e\x00\xf3a\0\0\0\x01b",
                "binary data that begins with 5a 1e 00 f3 61 00 00 00",
            ),
        ] {
            assert_eq!(what(beginning).as_deref(), Some(expected), "{beginning:?}");
        }
    }

    #[test]
    fn texts_are_not_mistaken_for_other_formats() {
        for beginning in [
            b"".as_slice(),
            b"name,price\n\x01Tripod with a stray control character,3\n",
            b"ORCHID,RIFF\n",
            b"BZh,price\n",
            b"GIF87 of a lamp;price\r\n",
            b"<?xml version=\"1.0\"?><rss>",
            b"<htmlfeed/>",
            b"\xff\xfen\0a\0m\0e\0",
            b"n\0a\0m\0e\0,\0p\0r\0\xe9\0",
            "名前,価格\n".as_bytes(),
            b"pr\xe9nom,prix\n",
        ] {
            assert_eq!(what(beginning), None, "{beginning:?}");
        }
    }

    #[test]
    fn whoever_names_the_format_has_binary_data_read() {
        assert_eq!(recognize(b"name\n\xff\0\x01\x02", true), None);
        assert!(recognize(b"%PDF-1.7\n", true).is_some());
    }
}
